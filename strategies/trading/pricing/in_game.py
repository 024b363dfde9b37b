"""Fair prices in an NBA game, from the prices before it, the score and the time left.

The final margin is normal: the probit fit to 6,581 games with closing lines, written out, has mean
`line + residual (1 - 0.27 left) / (1 + 0.55 left)` and s.d. `17.7 sqrt(left) / (1 + 0.55 left)`,
where `left` is the share of 48 minutes that is left, `line` the margin expected at tip-off, and
`residual` what the lead exceeds `line (1 - left)` by. At tip-off home wins with probability
Phi(line / 11.4), which gives the line. The total is normal around the points scored and what is
left of the total expected at tip-off, with a s.d. of `17.4 sqrt(left)`, and with an overtime
besides as far as regulation may end level.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import assert_never

from strategies.trading.model.book import Book
from strategies.trading.model.event_state import EventState
from strategies.trading.model.game_clock import OVERTIME_SHARE, next_estimate_ns, share_left
from strategies.trading.model.market import EventStatus, Market, SportEvent
from strategies.trading.model.market_types import MarketType
from strategies.trading.pricing.overround import middle_of_touch
from strategies.trading.pricing.touch import MaxOverround, Pricing

TOURNAMENT = "NBA"
MARGIN_SIGMA = 17.7
MARGIN_REVERSION = 0.27
MARGIN_EXTRA = 0.55
LINE_SIGMA = MARGIN_SIGMA / (1.0 + MARGIN_EXTRA)
# The s.d. of 10,255 totals around their closing line.
TOTAL_SIGMA = 17.4
# Each step leaves about a twentieth of the error, and these less than one part in a million.
_STEPS_TO_TOTAL = 4

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class InGame(Pricing):
    """The middle of the touch before the game; once play has started, score and time left.

    A pair without a score or a price from before the game has no fair price: a moneyline or
    spread needs the price of the moneyline, a total its own and a known clock. The fit is
    to whole games of the NBA; periods, team totals, and games of any other tournament have no fair
    price in play. Nor has a book whose overround is negative or above `max_overround` before it.
    """

    max_overround: MaxOverround

    def fair(self, book: Book, event: EventState, now_ns: int) -> float | None:
        """Return the fair probability of the pair's first line, None without a price.

        When the game is over it is 1 or 0, and a half for a line that pushes.
        """
        if event.status is EventStatus.NOT_STARTED:
            return middle_of_touch(book, self.max_overround)
        market = book.pair.market
        if not _is_fitted(market, event.event):
            return None
        match market.type:
            case MarketType.MONEYLINE | MarketType.SPREAD:
                return _cover(event, book, now_ns)
            case MarketType.TOTAL:
                return _over(event, book, now_ns)
            case MarketType.TEAM_TOTAL:
                return None
            case _:
                assert_never(market.type)

    def next_move_ns(self, event: EventState, after_ns: int) -> int | None:
        """Return the next second of a game whose clock is estimated from the time of day."""
        live = event.status is EventStatus.LIVE and event.event.tournament == TOURNAMENT
        return next_estimate_ns(event, after_ns) if live else None

    def missing_for(
        self,
        market: Market,
        event: SportEvent,
        *,
        outside_prices: bool,  # noqa: ARG002 - the score is all it needs
    ) -> str | None:
        """Return that a fit is missing, None if there is one."""
        if _is_fitted(market, event):
            return None
        return f"a fit for play of {event.tournament}, {market.label(event)}"


def _is_fitted(market: Market, event: SportEvent) -> bool:
    whole = not market.period.is_part and market.type is not MarketType.TEAM_TOTAL
    return whole and event.tournament == TOURNAMENT


def _cover(event: EventState, book: Book, now_ns: int) -> float | None:
    """Return the probability that home wins by more than minus its point."""
    if event.score is None:
        return None
    left = share_left(event, now_ns)
    point, lead = book.pair.first.point, event.score[0] - event.score[1]
    if left == 0.0:
        return _decided(lead + point)
    if event.pre_game_home is None:
        return None
    mean, sigma = _margin(left, _line(event.pre_game_home), lead)
    return _NORMAL.cdf((mean + point) / sigma)


def _over(event: EventState, book: Book, now_ns: int) -> float | None:
    """Return the probability of more points than the point, None while the clock is unreported.

    The clock that is estimated may well be four minutes out, which are sixteen points of a total;
    a lead is worth much the same then.
    """
    if event.score is None:
        return None
    left, score = share_left(event, now_ns), event.score
    point, scored = book.pair.first.point, sum(score)
    if left == 0.0:
        return _decided(scored - point)
    before = event.pre_game_fairs.get(book.pair.pair_id)
    if before is None or not event.clock_ns:
        return None
    # Without a price of the moneyline neither side is favoured; that matters for overtimes only.
    line = 0.0 if event.pre_game_home is None else _line(event.pre_game_home)
    total = _total(before, point, _level(1.0, line, 0))
    return _exceeds(total, point - scored, left, _level(left, line, score[0] - score[1]))


def _decided(excess: float) -> float:
    """Return the value of a line after the end of the game."""
    if excess == 0.0:
        return 0.5
    return 1.0 if excess > 0.0 else 0.0


def _line(home: float) -> float:
    """Return the margin expected of home where its winning had this probability."""
    return LINE_SIGMA * _NORMAL.inv_cdf(home)


def _margin(left: float, line: float, lead: int) -> tuple[float, float]:
    """Return mean and s.d. of the final margin."""
    residual = lead - (1.0 - left) * line
    shrink = 1.0 + MARGIN_EXTRA * left
    mean = line + residual * (1.0 - MARGIN_REVERSION * left) / shrink
    return mean, MARGIN_SIGMA * sqrt(left) / shrink


def _level(left: float, line: float, lead: int) -> float:
    """Return the probability that the period which may be the last ends level."""
    mean, sigma = _margin(left, line, lead)
    return _NORMAL.cdf((0.5 - mean) / sigma) - _NORMAL.cdf((-0.5 - mean) / sigma)


def _exceeds(total: float, needed: float, left: float, level: float) -> float:
    """Return the probability of more points than needed, with and without an overtime to come."""
    longer = left + OVERTIME_SHARE
    without = _NORMAL.cdf((left * total - needed) / (TOTAL_SIGMA * sqrt(left)))
    beyond = _NORMAL.cdf((longer * total - needed) / (TOTAL_SIGMA * sqrt(longer)))
    return (1.0 - level) * without + level * beyond


def _total(before: float, point: float, level: float) -> float:
    """Return the points of regulation expected where over had this probability at tip-off."""
    wanted = _NORMAL.inv_cdf(before)
    total = point + TOTAL_SIGMA * wanted
    for _ in range(_STEPS_TO_TOTAL):
        total -= TOTAL_SIGMA * (_NORMAL.inv_cdf(_exceeds(total, point, 1.0, level)) - wanted)
    return total
