"""The worst case of an event over its final scores, against every outcome and subset of fills."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.event_exposure import (
    NO_LOSS_CENTS,
    PairOutcomes,
    worst_if_lost_cents,
    worst_of_event_cents,
)
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, Pair, SportEvent
from strategies.trading.model.market_types import MarketType, Period, Team
from strategies.trading.model.position import Exposure

GAME = EventId("g")
SPREADS, TOTALS, TEAM_TOTALS = (-2.0, -0.5, 1.5), (0.5, 3.0, 4.5), (1.0, 1.5)
# Beyond every point above, by more than the largest spread.
SCORES = tuple(product(range(10), range(10)))
MARKETS = (
    Market(GAME, MarketId("winner"), MarketType.MONEYLINE, ""),
    Market(GAME, MarketId("spread"), MarketType.SPREAD, ""),
    Market(GAME, MarketId("alternative"), MarketType.SPREAD, ""),
    Market(GAME, MarketId("total"), MarketType.TOTAL, ""),
    Market(GAME, MarketId("home"), MarketType.TEAM_TOTAL, "", participant=Team.HOME),
    Market(GAME, MarketId("away"), MarketType.TEAM_TOTAL, "", participant=Team.AWAY),
    Market(GAME, MarketId("half"), MarketType.SPREAD, "", Period.FIRST_HALF),
    Market(GAME, MarketId("half-total"), MarketType.TOTAL, "", Period.FIRST_HALF),
)
POINTS = {
    MarketType.MONEYLINE: (0.0,),
    MarketType.SPREAD: SPREADS,
    MarketType.TOTAL: TOTALS,
    MarketType.TEAM_TOTAL: TEAM_TOTALS,
}


def pair_of(market: Market, point: float) -> Pair:
    """Return a pair of a market."""
    row, key = market.type.row, (market.event_id, market.market_id)
    name = f"{market.market_id}{point:g}"
    return Catalogue(
        [SportEvent(GAME, "g", "Home", "Away", "NBA", "basketball", 0)],
        [market],
        [
            Line(LineId(f"{name}:1"), *key, row.first, point),
            Line(LineId(f"{name}:2"), *key, row.second, market.type.opposite_point(point)),
        ],
    ).pair_of(LineId(f"{name}:1"))


PAIRS = [pair_of(market, point) for market in MARKETS for point in POINTS[market.type]]
FULL_GAME = [pair for pair in PAIRS if not pair.market.period.is_part]


@dataclass(frozen=True)
class Stake:
    """A wager in cents: matched, or open so that it may fill or not."""

    pair: Pair
    side: int
    stake_cents: int
    profit_cents: int
    open: bool


def stakes_on(pairs: list[Pair], most: int) -> st.SearchStrategy[list[Stake]]:
    """Return a strategy for wagers on some pairs."""
    cents = st.integers(1, 1_000)
    return st.lists(
        st.builds(Stake, st.sampled_from(pairs), st.integers(0, 1), cents, cents, st.booleans()),
        min_size=1,
        max_size=most,
    )


def winner(pair: Pair, score: tuple[int, int]) -> int | None:
    """Return which line of a pair wins at a score, by the rules of its market; None on a push."""
    home, away = score
    kind, point = pair.market, pair.first.point
    match kind.type:
        case MarketType.MONEYLINE:
            lead = float(home - away)
        case MarketType.SPREAD:
            lead = home + point - away
        case MarketType.TOTAL:
            lead = home + away - point
        case MarketType.TEAM_TOTAL:
            lead = (home if kind.participant is Team.HOME else away) - point
    return None if lead == 0 else int(lead < 0)


def profit(stake: Stake, score: tuple[int, int]) -> int:
    """Return what a wager brings in at a score."""
    won = winner(stake.pair, score)
    if won is None:
        return 0
    return stake.profit_cents if won == stake.side else -stake.stake_cents


def every(count: int) -> np.ndarray:
    """Return every subset of `count` things, a row each."""
    return np.array(list(product((0, 1), repeat=count)), np.int64).reshape(2**count, count)


def truth(stakes: list[Stake]) -> int:
    """Return the worst over final scores, half-time scores, voided markets and fills."""
    halves = SCORES if any(stake.pair.market.period.is_part for stake in stakes) else SCORES[:1]
    rows = set()
    for score in SCORES:
        # The score of a half is at most that of the game.
        for half in [each for each in halves if each[0] <= score[0] and each[1] <= score[1]]:
            at = {Period.GAME: score, Period.FIRST_HALF: half}
            rows.add(tuple(profit(stake, at[stake.pair.market.period]) for stake in stakes))
    profits = np.array(sorted(rows), np.int64).reshape(len(rows), len(stakes))
    open_ones = [place for place, stake in enumerate(stakes) if stake.open]
    fills = np.ones((2 ** len(open_ones), len(stakes)), np.int64)
    fills[:, open_ones] = every(len(open_ones))
    markets = sorted({stake.pair.market_key for stake in stakes})
    stands = every(len(markets))[:, [markets.index(stake.pair.market_key) for stake in stakes]]
    counted = (fills[:, None, :] * stands[None, :, :]).reshape(-1, len(stakes))
    return int((profits @ counted.T).min(initial=0))


def exposure_of(stakes: list[Stake], sport: str = "basketball") -> Exposure:
    """Return an exposure with these wagers."""
    exposure = Exposure({GAME: SportEvent(GAME, "g", "Home", "Away", "NBA", sport, 0)})
    for stake in stakes:
        pair, side, cents = stake.pair, stake.side, stake.stake_cents
        exposure.change_open(pair, side, cents)
        if not stake.open:
            exposure.book_fill(pair, side, cents, stake.profit_cents, cents)
    return exposure


@settings(deadline=None, max_examples=100)
@given(stakes_on(FULL_GAME, 7))
def test_the_worst_case_of_a_game_is_that_of_its_scores(stakes: list[Stake]) -> None:
    """Over every score, void and subset of fills, the least is exactly the joint worst case."""
    assert exposure_of(stakes).joint_of_event(GAME) == -truth(stakes)


@settings(deadline=None, max_examples=15)
@given(stakes_on(PAIRS, 6))
def test_periods_are_never_below_the_truth(stakes: list[Stake]) -> None:
    """With halves, the joint figure is at least the truth and at most the sum over pairs."""
    exposure = exposure_of(stakes)
    assert -truth(stakes) <= exposure.joint_of_event(GAME) <= exposure.of_event(GAME)


@settings(deadline=None, max_examples=60)
@given(stakes_on(FULL_GAME, 5), stakes_on(FULL_GAME, 1), st.integers(0, 500))
def test_what_a_line_may_take_fills_its_limit(
    stakes: list[Stake], asked: list[Stake], slack_cents: int
) -> None:
    """What may still be staked takes the joint worst case to the limit, and no cent more does."""
    exposure, (pair, side) = exposure_of(stakes), (asked[0].pair, asked[0].side)
    outcomes = [position.outcomes() for position in exposure.positions_of(GAME)]
    limit_cents = exposure.joint_of_event(GAME) + slack_cents
    most_cents = limit_cents + worst_if_lost_cents(outcomes, pair, side, one_score=True)
    assert exposure.joint_if_added(pair, side, most_cents) <= limit_cents
    assert exposure.joint_if_added(pair, side, most_cents + 1) > limit_cents
    exposure.change_open(pair, side, most_cents)
    assert exposure.joint_of_event(GAME) <= limit_cents


@settings(deadline=None, max_examples=30)
@given(stakes_on(FULL_GAME, 6))
def test_markets_of_an_unknown_sport_are_added_up(stakes: list[Stake]) -> None:
    """Where one score need not decide all, each market has its own worst case."""
    by_market = {stake.pair.market_key for stake in stakes}
    alone = [[s for s in stakes if s.pair.market_key == key] for key in by_market]
    assert exposure_of(stakes, "tennis").joint_of_event(GAME) == -sum(map(truth, alone))


def test_a_favourite_and_the_other_side_of_its_spread_do_not_lose_together() -> None:
    """Home to win and away +2 both lose only if home loses and wins by three: never."""
    winner_pair, spread = FULL_GAME[0], FULL_GAME[1]
    stakes = [Stake(winner_pair, 0, 100, 50, open=False), Stake(spread, 1, 80, 80, open=True)]
    assert exposure_of(stakes).of_event(GAME) == 180
    assert exposure_of(stakes).joint_of_event(GAME) == 100


@pytest.mark.parametrize("market", MARKETS[1:4:2], ids=lambda market: market.type)
def test_a_point_in_no_game_is_added_up(market: Market) -> None:
    """A line that an exchange lists by mistake costs its stake, and no memory."""
    outcomes = [PairOutcomes(pair_of(market, 1e9), 50, -70), PairOutcomes(FULL_GAME[0], -30, 20)]
    assert worst_of_event_cents(outcomes, one_score=True) == -100


def test_a_line_that_cannot_lose_has_no_limit() -> None:
    """Over a negative total wins at every score."""
    sure = pair_of(MARKETS[3], -1.0)
    assert worst_if_lost_cents([], sure, 0, one_score=True) == NO_LOSS_CENTS
