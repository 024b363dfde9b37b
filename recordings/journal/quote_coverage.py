"""How long each market was quoted on both sides, how wide and with which stake.

Exchanges measure designated makers by this. It follows from what a journal holds: the wagers that
were placed, and the updates on them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from recordings.journal.entries import Payload
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import MarketKey, PairId, WagerRef
from strategies.trading.model.market import Pair
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND

_ENDED = WagerCancelled | WagerInvalid | WagerRejected | WagerWiped


class MarketCoverage(NamedTuple):
    """The quotes of one market over a time.

    It was quoted on both sides for `two_sided_ns` of `observed_ns`: some pair of it had an open
    wager on each line. `width` is the mean distance between the two prices in probability, weighted
    by time; `size_cents` is the mean of the smaller of the two open stakes.
    """

    market_key: MarketKey
    two_sided_ns: int
    observed_ns: int
    width: float
    size_cents: int

    def text(self) -> str:
        """Return the figures in words."""
        share = 100 * self.two_sided_ns / self.observed_ns if self.observed_ns else 0.0
        minutes = self.two_sided_ns / (60 * NS_PER_SECOND)
        dollars = self.size_cents / 100
        return (
            f"two-sided {share:.1f} % ({minutes:.1f} min), width {self.width:.4f}, "
            f"size ${dollars:,.2f}"
        )


@dataclass(slots=True)
class _OpenWager:
    """A wager of ours, and what of it may be matched."""

    request: PlaceWager
    pair: Pair
    open_cents: int = 0


class _Quoted(NamedTuple):
    """The two sides of a pair at a moment: distance in probability, and the smaller stake."""

    width: float
    size_cents: int


@dataclass(slots=True)
class _Sum:
    """The time of a market with quotes on both sides, and what was quoted times its duration."""

    since_ns: int
    now: _Quoted | None = None
    two_sided_ns: int = 0
    width_ns: float = 0.0
    cents_ns: int = 0

    def advance(self, now_ns: int) -> None:
        """Count the present quotes up to a time."""
        if self.now is not None:
            lasted_ns = now_ns - self.since_ns
            self.two_sided_ns += lasted_ns
            self.width_ns += self.now.width * lasted_ns
            self.cents_ns += self.now.size_cents * lasted_ns
        self.since_ns = now_ns


class QuoteCoverage:
    """Measures the quotes of one run from its journal entries, in order, as they are written.

    A market of several points counts as two-sided while one of them is, with its narrowest.
    """

    def __init__(self, catalogue: Catalogue, began_ns: int) -> None:
        """Observe from a time on; `catalogue` has the lines, and may gain some."""
        self._catalogue = catalogue
        self._began_ns = began_ns
        self._wagers: dict[WagerRef, _OpenWager] = {}
        self._open: dict[PairId, dict[WagerRef, _OpenWager]] = {}
        self._quoted: dict[MarketKey, dict[PairId, _Quoted]] = {}
        self._sums: dict[MarketKey, _Sum] = {}

    def note(self, now_ns: int, payload: Payload) -> None:
        """Apply an entry; those that do not concern a wager of this run are ignored."""
        match payload:
            case PlaceWager(ref=ref, line_id=line_id):
                self._wagers[ref] = _OpenWager(payload, self._catalogue.pair_of(line_id))
            case WagerOpened(ref=ref):
                self._change(now_ns, ref, lambda wager: wager.request.stake_cents)
            case WagerMatched(ref=ref, stake_cents=cents, total_cents=total_cents):
                self._change(now_ns, ref, lambda wager: max(0, wager.open_cents - cents))
                wager = self._wagers.get(ref)
                if wager is not None and total_cents >= wager.request.stake_cents:
                    self._end(now_ns, ref)
            case _ if isinstance(payload, _ENDED):
                self._end(now_ns, payload.ref)

    def markets(self, now_ns: int) -> Iterator[MarketCoverage]:
        """Yield the figures up to a time of every market that ever had a quote, in that order."""
        for key, total in self._sums.items():
            total.advance(now_ns)
            lasted_ns = max(1, total.two_sided_ns)
            yield MarketCoverage(
                key,
                total.two_sided_ns,
                now_ns - self._began_ns,
                total.width_ns / lasted_ns,
                total.cents_ns // lasted_ns,
            )

    def _end(self, now_ns: int, ref: WagerRef) -> None:
        """Drop a wager of which nothing more is open; what arrives of it later is ignored."""
        self._change(now_ns, ref, lambda _: 0)
        self._wagers.pop(ref, None)

    def _change(self, now_ns: int, ref: WagerRef, open_cents: Callable[[_OpenWager], int]) -> None:
        wager = self._wagers.get(ref)
        if wager is None:
            return
        wager.open_cents = open_cents(wager)
        pair = wager.pair
        key = pair.market_key
        total = self._sums.setdefault(key, _Sum(now_ns))
        total.advance(now_ns)
        of_pair = self._open.setdefault(pair.pair_id, {})
        if wager.open_cents:
            of_pair[ref] = wager
        else:
            of_pair.pop(ref, None)
        of_market = self._quoted.setdefault(key, {})
        quoted = _both_sides(pair, list(of_pair.values()))
        if quoted is None:
            of_market.pop(pair.pair_id, None)
        else:
            of_market[pair.pair_id] = quoted
        total.now = min(of_market.values(), default=None)


def _both_sides(pair: Pair, wagers: list[_OpenWager]) -> _Quoted | None:
    """Return what is quoted of a pair, None unless both of its lines have an open wager."""
    first = [wager for wager in wagers if wager.request.line_id == pair.first.line_id]
    second = [wager for wager in wagers if wager.request.line_id == pair.second.line_id]
    if not (first and second):
        return None
    # The wager with the shortest odds is the one that a taker sees first.
    width = 1 - sum(
        max(implied_probability(wager.request.odds) for wager in side) for side in (first, second)
    )
    return _Quoted(width, min(sum(wager.open_cents for wager in side) for side in (first, second)))
