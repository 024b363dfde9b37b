"""The types of market that a crowd trades: each is complete in every sport."""

import pytest

from sim.crowd.calibration.calibrate import CHECKS_BY_SPORT
from sim.crowd.crowd_types import CROWD_TYPES, CrowdType, crowd_type
from sim.crowd.market_offering import results
from sim.crowd.sports.registry import SPORTS
from sim.crowd.sports.sport import Sport
from sim.exchange.settlement_rules import GameEnd
from strategies.trading.model.market import Result
from strategies.trading.model.market_types import MarketType

WON, LOST, PUSHED = Result.WON, Result.LOST, Result.PUSHED


def test_a_crowd_trades_what_it_has_a_price_of() -> None:
    """Moneyline, spread and total; there is no model of what one team scores."""
    assert CROWD_TYPES == (MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL)
    assert crowd_type(MarketType.TEAM_TOTAL) is None


@pytest.mark.parametrize("sport", SPORTS.values(), ids=SPORTS)
def test_every_sport_names_its_markets(sport: Sport) -> None:
    """Each type has an id of its own, and each sport says how it is calibrated."""
    assert len({sport.market_ids.of(type_) for type_ in CROWD_TYPES}) == len(CROWD_TYPES)
    assert sport.key in CHECKS_BY_SPORT


@pytest.mark.parametrize(
    ("type_", "point", "expected"),
    [
        (MarketType.MONEYLINE, 0.0, (WON, LOST)),
        (MarketType.SPREAD, -3.5, (LOST, WON)),
        (MarketType.SPREAD, -3.0, (PUSHED, PUSHED)),
        (MarketType.SPREAD, -2.5, (WON, LOST)),
        (MarketType.TOTAL, 196.5, (WON, LOST)),
        (MarketType.TOTAL, 197.0, (PUSHED, PUSHED)),
        (MarketType.TOTAL, 197.5, (LOST, WON)),
    ],
)
def test_a_final_score_decides_every_type(
    type_: CrowdType, point: float, expected: tuple[Result, Result]
) -> None:
    """Home wins 100 to 97: by three points, of 197."""
    assert results(type_, point, GameEnd("basketball", 100, 97)) == expected
