"""The view of one market that a strategy quotes from, and the record of what was decided on it."""

from collections.abc import Sequence

from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.ids import PairId
from strategies.trading.model.odds import Ladder
from strategies.trading.model.position import Exposure
from strategies.trading.ports.journal import Decision, Denial
from strategies.trading.ports.strategy import PairView, Quote, View
from strategies.trading.wagers.wager import Wagers

# The fair probability of the first line of each pair of a market, None without a price.
Fairs = Sequence[float | None]


def market_view(
    market: MarketState, fairs: Fairs, exposure: Exposure, ladder: Ladder, now_ns: int
) -> View:
    """Return what the strategy sees of a market and its game."""
    event = market.event
    return View(
        now_ns=now_ns,
        event=event.event,
        event_status=event.status,
        score=event.score,
        market=market.market,
        market_status=market.status,
        pairs=tuple(
            PairView(book, fair, exposure.position(book.pair))
            for book, fair in zip(market.books, fairs, strict=True)
        ),
        positions=exposure.positions_of(event.event.event_id),
        ladder=ladder,
    )


def decision_on(
    market: MarketState, fairs: Fairs, quotes: tuple[Quote, ...], silence: str
) -> Decision:
    """Return the record of a decision, without the pairs that have no price."""
    priced: list[tuple[PairId, float]] = [
        (book.pair.pair_id, fair)
        for book, fair in zip(market.books, fairs, strict=True)
        if fair is not None
    ]
    return Decision(market.key, tuple(priced), quotes, silence)


def silence_reason(
    market: MarketState,
    fairs: Fairs,
    targets: tuple[Quote, ...],
    denials: Sequence[Denial],
    wagers: Wagers,
    halt_reason: str | None,
) -> str:
    """Return why nothing of ours is offered in a market after a decision, empty if something is."""
    if market.block_reason is not None:
        return market.block_reason if halt_reason is None else f"halted: {halt_reason}"
    if not targets:
        unpriced = all(fair is None for fair in fairs)
        return "no fair price" if unpriced else "the strategy quotes nothing"
    if not denials or any(True for line in market.line_ids for _ in wagers.live_on(line)):
        return ""
    return f"{denials[0].control}: {denials[0].reason}"
