"""From the exchange's terms to ours: which events are followed, lines, and states."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from live.decode import read
from live.prophetx.market_data import mapping
from live.prophetx.market_data.tape_rows import levels_of
from live.prophetx.wire.markets import WireEvent, WireMarket, WireStrike
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.ids import EventId, MarketId
from strategies.trading.model.market import EventStatus, Market, MarketStatus
from strategies.trading.model.market_types import MarketKind, MarketType, Period

GAME = EventId("19458")
SPREAD = Market(GAME, MarketId("223"), MarketType.SPREAD, "Spread")
TOTAL = Market(GAME, MarketId("225"), MarketType.TOTAL, "Total")


def shape(type_: type[Any], value: object) -> Any:
    """Return a value of the exchange, decoded."""
    return read(type_, json.dumps(value).encode(), "shape")


def level(outcome_id: int, strike_id: str, strike: float, **more: object) -> dict[str, object]:
    """Return a level, or a placeholder where no price is given."""
    return {
        "outcome_id": outcome_id,
        "strike_id": strike_id,
        "strike": strike,
        "price": None,
    } | more


def strike(*sides: list[dict[str, object]]) -> WireStrike:
    """Return a strike with these sides."""
    found: WireStrike = shape(WireStrike, {"id": 223, "selections": list(sides)})
    return found


def test_the_real_sample_becomes_a_catalogue(read_sample: Callable[[str], Any]) -> None:
    """Every market of a real response gives pairs, those of the first half by their period."""
    (event_shape,) = read_sample("sport_events")["data"]["sport_events"]
    event = mapping.sport_event(shape(WireEvent, event_shape))
    assert event is not None
    assert (event.home, event.away) == ("Carolina Panthers", "Chicago Bears")
    markets, lines = [], []
    for raw in read_sample("multiple_markets_v4")["data"]["19458"]:
        market_shape = shape(WireMarket, raw)
        market = mapping.market(event.event_id, market_shape)
        if market is not None:
            markets.append(market)
            for each in market_shape.strikes:
                lines += [side.line for side in mapping.pair_levels(market, levels_of(each), 5)]
    assert {market.market_id: market.kind for market in markets} == {
        "219": MarketKind(MarketType.MONEYLINE),
        "223": MarketKind(MarketType.SPREAD),
        "64": MarketKind(MarketType.MONEYLINE, Period.FIRST_HALF),
        "66": MarketKind(MarketType.SPREAD, Period.FIRST_HALF),
        "68": MarketKind(MarketType.TOTAL, Period.FIRST_HALF),
    }
    catalogue = Catalogue([event], markets, lines)
    assert len(catalogue.pairs) == len(lines) // 2 >= 2


def test_the_first_line_is_home_or_over_in_any_order() -> None:
    """Totals list under first; the pair begins with over, and placeholders are no levels."""
    under = [level(13, "u", 45, price=-110, value=10)]
    first, second = mapping.pair_levels(TOTAL, levels_of(strike(under, [level(12, "o", 45)])), None)
    assert (first.line.line_id, first.levels) == ("o", [])
    assert (second.line.line_id, len(second.levels)) == ("u", 1)


def test_an_unknown_outcome_is_found_by_its_competitor() -> None:
    """An outcome with an unknown number is home's or away's by its competitor."""
    sides = [level(901, "h", -1.5, competitor_id=5)], [level(902, "a", 1.5, competitor_id=6)]
    first, second = mapping.pair_levels(SPREAD, levels_of(strike(*sides)), 5)
    assert (first.line.line_id, second.line.line_id) == ("h", "a")
    with pytest.raises(ProtocolError, match="outcome"):
        mapping.pair_levels(SPREAD, levels_of(strike(*sides)), None)


@pytest.mark.parametrize(
    "sides",
    [
        ([level(1714, "h", -1.5)],),
        ([level(1714, "h", -1.5)], [level(1715, "a", 2.5)]),
        ([level(1714, "h", -1.5), level(1714, "other", -1.5)], [level(1715, "a", 1.5)]),
        ([level(12, "o", 1.5)], [level(13, "u", 1.5)]),
        ([], []),
    ],
)
def test_an_invalid_pair_is_refused(sides: tuple[list[dict[str, object]], ...]) -> None:
    """One side alone, unequal points, and two lines of one outcome are no pair."""
    with pytest.raises(ProtocolError, match="strike"):
        mapping.pair_levels(SPREAD, levels_of(strike(*sides)), None)


def test_events_without_two_sides_are_skipped() -> None:
    """A tournament's winner, or an event without a start, is not followed."""
    sides = [{"id": 1, "name": "H", "side": "home"}, {"id": 2, "name": "A", "side": "away"}]
    game = {"event_id": 1, "competitors": sides, "scheduled": "2026-09-13T17:00:00Z"}
    assert mapping.sport_event(shape(WireEvent, game)) is not None
    for change in ({"sub_type": "outrights"}, {"competitors": None}, {"scheduled": "N/A"}):
        assert mapping.sport_event(shape(WireEvent, game | change)) is None


def test_unknown_states_are_never_open() -> None:
    """A market is open only for a known open status; an event's unknown state is refused."""
    assert mapping.market_status("active") is MarketStatus.OPEN
    assert mapping.market_status("closed") is MarketStatus.CLOSED
    for status in ("suspended", "halted", "", None):
        assert mapping.market_status(status) is MarketStatus.SUSPENDED
    assert mapping.event_status("live") is EventStatus.LIVE
    with pytest.raises(ProtocolError, match="abandoned"):
        mapping.event_status("abandoned")
