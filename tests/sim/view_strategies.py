"""Strategies that read everything a view has, for tests of what they then see."""

import hashlib
from collections.abc import Iterator

from msgspec.structs import replace

from strategies.simple_market_maker import SimpleMarketMaker
from strategies.trading import PairView, Quote, View

# Notes have numbers only: this stands for a value that is not there.
ABSENT = -1.0


def readings(view: View, pair: PairView) -> Iterator[tuple[str, float]]:
    """Yield what a view has besides what it carries, by name."""
    present = {
        "clock_ns": view.clock_ns,
        "live_since_ns": view.live_since_ns,
        "scheduled_ns": view.scheduled_ns,
        "first_age_ns": pair.first_age_ns,
        "second_age_ns": pair.second_age_ns,
        "reference": None if pair.reference is None else pair.reference.probability,
        "trades": len(pair.trades),
        "traded_cents": sum(trade.stake_cents for trade in pair.trades),
        "trade_age_ns": view.now_ns - pair.trades[-1].at_ns if pair.trades else None,
        "own_wagers": len(pair.own_wagers),
        "own_resting": sum(wager.resting for wager in pair.own_wagers),
        "own_unmatched_cents": sum(wager.unmatched_cents for wager in pair.own_wagers),
        "first_headroom_cents": pair.first_headroom_cents,
        "second_headroom_cents": pair.second_headroom_cents,
    }
    for name, value in present.items():
        yield name, ABSENT if value is None else float(value)
    for number, other in enumerate(view.other_markets):
        for each in other.pairs:
            fair = ABSENT if each.fair is None else each.fair
            yield f"other_{number}_{other.market.type.value}_{each.pair.first.point:g}", fair


class Reader(SimpleMarketMaker):
    """Quotes as its base, and reads everything."""

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Quote as if nothing had been read."""
        for pair in view.pairs:
            list(readings(view, pair))
        return super().quote(view)


class Noter(SimpleMarketMaker):
    """Quotes as its base, and notes everything."""

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Note what is read, and quote as if nothing had been."""
        for pair in view.pairs:
            pair.note(**dict(readings(view, pair)))
        return super().quote(view)


class Listener(SimpleMarketMaker):
    """Stakes an amount that depends on everything that a view has."""

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Quote as its base, with stakes of $20 to $59 that follow from all that is read."""
        read = repr([list(readings(view, pair)) for pair in view.pairs]).encode()
        stake_cents = 100 * (20 + hashlib.sha256(read).digest()[0] % 40)
        return tuple(replace(quote, stake_cents=stake_cents) for quote in super().quote(view))


class Filler(SimpleMarketMaker):
    """Stakes on the first line of a market's first pair all that the limits leave, and more."""

    more_cents = 0

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Quote one line."""
        pair = view.pairs[0]
        most_cents = pair.first_headroom_cents
        pair.note(most_cents=most_cents)
        if pair.fair is None or not most_cents:
            return ()
        quote = self.quote_line(pair.pair.first.line_id, pair.fair, pair.first_touch, view.ladder)
        return () if quote is None else (replace(quote, stake_cents=most_cents + self.more_cents),)


class Overfiller(Filler):
    """Stakes a dollar more than the limits leave."""

    more_cents = 100


class Opinionated(SimpleMarketMaker):
    """Quotes as its base, and has a fair price of its own, two points above the market's."""

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Note the own fair price of each pair."""
        for pair in view.pairs:
            if pair.fair is not None:
                pair.note(fair=pair.fair + 0.02)
        view.note(pairs=len(view.pairs))
        return super().quote(view)
