"""The health of a start: its counts, its report, and its bounded memory."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from conf.compose import build_parts
from live.session.monitoring.health import Health
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.desk.desk import Desk
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import CancelWager, Intent, PlaceWager
from strategies.trading.model.events import (
    RUN_ENDED,
    CancelRefused,
    FeedDelayed,
    FeedLost,
    ProfitCorrected,
    TradingState,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Denial
from tests.fixture_types import Compose

GAME, MONEYLINE = EventId("1"), MarketId("219")
HOME = LineId("h")
CATALOGUE = Catalogue(
    [SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)],
    [Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")],
    [
        Line(HOME, GAME, MONEYLINE, Selection.HOME, 0.0),
        Line(LineId("a"), GAME, MONEYLINE, Selection.AWAY, 0.0),
    ],
)
MILLISECOND = 1_000_000


class Around:
    """What is around a desk that nothing happens to: a clock, a feed, an exchange and a journal."""

    gaps = 2
    unreadable = 1
    unreadable_prices: Mapping[str, int] = MappingProxyType({})
    updated_ns = 8 * NS_PER_SECOND

    def now_ns(self) -> int:
        """Return the tenth second."""
        return 10 * NS_PER_SECOND


@pytest.fixture
def desk(compose_settings: Compose) -> Desk:
    """Return a desk that follows one market, with ten thousand dollars."""
    parts = build_parts(compose_settings("mode=live"))
    settings = DeskSettings(
        strategy=parts["strategy"],
        pricing=parts["pricing"],
        limits=parts["risk"],
        wagers=parts["wagers"],
        commission=parts["fees"],
        starting_balance_cents=1_000_000,
        session_name="first",
        start_number=1,
    )
    around: Any = Around()
    return assemble_desk(
        settings,
        catalogue=CATALOGUE,
        market_keys=tuple(CATALOGUE.markets),
        ladder=prophetx_ladder(),
        clock=around,
        exchange=around,
        journal=around,
    )


@pytest.fixture
def health(desk: Desk) -> Health:
    """Return the health of that desk."""
    around: Any = Around()
    return Health(desk, around, around)


def ref(number: int) -> WagerRef:
    """Return the reference of a wager."""
    return WagerRef(f"first-1-{number}")


def place(number: int) -> PlaceWager:
    """Return the request for ten dollars at even money."""
    return PlaceWager(ref(number), HOME, Odds(100), 1_000, Intent.REST)


def total(health: Health, name: str) -> str:
    """Return the text of one of the totals."""
    (row,) = (row for row in health.totals() if row.startswith(f"{name} "))
    return row[12:]


def test_requests_are_counted_by_response(health: Health) -> None:
    """Accepted and refused, with the share; wagers that became invalid count as refused."""
    for number in range(5):
        health.note(0, place(number))
    for number in range(3):
        health.note(1, WagerAccepted(ref(number)))
    health.note(1, WagerRejected(ref(3), "invalid_price"))
    health.note(2, WagerInvalid(ref(0), "insufficient_amount"))
    text = "5 placed, 2 accepted (50.0 %), 2 refused"
    assert text in health.line()
    assert total(health, "wagers") == f"{text}; 0 open"
    assert total(health, "markets") == "1 followed, 1 quoted"


def test_case_40_the_line_says_how_late_the_feed_is(health: Health, desk: Desk) -> None:
    """The feed's delay stands beside its age, and the length of its gaps beside their number."""
    assert total(health, "feed") == "updated 2.0 s ago, 2 gaps, 1 unreadable"
    desk.market_states.apply(FeedDelayed(GAME, 20 * NS_PER_SECOND), 0)
    desk.market_states.apply(FeedLost(), 7 * NS_PER_SECOND)
    text = "updated 2.0 s ago, 20 s late, 2 gaps of 3.0 s, 1 unreadable"
    assert total(health, "feed") == text
    assert f"feed {text}" in health.line()


def test_wagers_of_earlier_starts_are_not_counted(health: Health) -> None:
    """An update of a wager that this start did not place is no response to it."""
    health.note(5, WagerRejected(ref(1), "data_not_found"))
    assert "0 placed, 0 accepted, 0 refused" in health.line()
    assert total(health, "placing") == "-"


def test_latencies_are_from_request_to_response(health: Health) -> None:
    """The median and the 99th percentile, of placing and cancelling separately.

    A cancel that was refused is none: it may never have left the machine.
    """
    for number in range(200):
        took_ns = (100 if number >= 197 else 20 if number >= 100 else 10) * MILLISECOND
        health.note(number, place(number))
        health.note(number + took_ns, WagerAccepted(ref(number)))
    health.note(0, CancelWager(ref(1)))
    health.note(3 * MILLISECOND, CancelRefused(ref(1), "rate_limit_reached", None))
    health.note(4 * MILLISECOND, WagerCancelled(ref(2), 1_000))
    assert total(health, "placing") == "20.0 ms, 99 % 100.0 ms"
    assert total(health, "cancelling") == "-"
    health.note(5 * MILLISECOND, CancelWager(ref(1)))
    health.note(8 * MILLISECOND, WagerCancelled(ref(1), 1_000))
    assert total(health, "cancelling") == "3.0 ms, 99 % 3.0 ms"


def test_a_corrected_profit_is_no_fill(health: Health) -> None:
    """Fills count with their stake; a correction moves no money."""
    health.note(0, WagerMatched(ref(1), Odds(100), 600, 600, 600))
    health.note(0, ProfitCorrected(ref(1), -1))
    assert total(health, "matched") == "$6.00 in 1 fill"


def test_the_feed_and_unreadable_messages_are_reported(desk: Desk) -> None:
    """The age of the feed, its gaps, and the number of unreadable messages."""
    around: Any = Around()
    health = Health(desk, around, around)
    assert total(health, "feed") == "updated 2.0 s ago, 2 gaps, 1 unreadable"
    assert total(health, "feed") in health.line()


def test_what_is_still_to_be_cancelled_is_open_and_not_quoted(desk: Desk, health: Health) -> None:
    """With a lost feed a market is not quoted, whatever the exchange has not confirmed yet."""
    (market,) = desk.market_states.markets.values()
    desk.wagers.register(place(1), 1)
    assert "1 of 1 market quoted; 1 wager open" in health.line()
    market.block_reason = "feed lost"
    assert "0 of 1 market quoted; 1 wager open" in health.line()


def test_denials_are_reported_by_control(health: Health) -> None:
    """The control that denied most comes first."""
    for control in ("odds", "position", "position"):
        health.note(0, Denial(control, "why", HOME, Odds(100), 1_000))
    assert total(health, "denials") == "2 position, 1 odds"
    assert health.line().endswith("3 denials")


def test_a_desk_that_may_not_trade_is_reported_first(desk: Desk, health: Health) -> None:
    """The line begins with the trading state and its reason, if nothing is quoted."""
    assert health.line().startswith("0 of 1 market quoted")
    desk.risk.set_state(TradingState.HALTED, RUN_ENDED)
    assert health.line().startswith("ending; ")
    desk.risk.set_state(TradingState.HALTED, "drift: a cent")
    assert health.line().startswith("halted (drift: a cent); ")


def test_the_memory_of_unanswered_requests_is_bounded(health: Health) -> None:
    """Requests without a response are dropped in the end."""
    for number in range(10_100):
        health.note(0, place(number))
    for number in range(10_100):
        health.note(1, WagerAccepted(ref(number)))
    assert "10100 placed, 10000 accepted" in health.line()


def test_each_source_and_what_was_refused_of_it_are_shown(desk: Desk) -> None:
    """A source that lies is named, with how often and why, in the line and in the figures."""
    around: Any = Around()
    health = Health(desk, around, around)
    assert "refused" not in health.line().partition("denial")[2]
    now_ns = around.now_ns()
    sources = desk.market_states.sources
    sources.note("calm", now_ns - 3 * NS_PER_SECOND, None)
    sources.note("liar", now_ns, "jumps: from 0.500 to 0.950")
    sources.note("liar", now_ns, "jumps: from 0.500 to 0.960")
    assert health.line().endswith("outside prices refused: 2 of liar")
    shown = [text for name, text in health.figures() if name == "source"]
    assert shown == [
        "calm: 1 price, last 3.0 s ago",
        "liar: 2 prices, last 0.0 s ago; 2 refused, last: jumps: from 0.500 to 0.960",
    ]
    assert any("liar: 2 prices" in line for line in health.totals())


def test_lines_that_never_reached_the_desk_are_shown_by_their_source(desk: Desk) -> None:
    """A probability of 1.7 is refused as it is read; the figures say whose it was."""
    around: Any = Around()
    around.unreadable_prices = {"liar": 3}
    health = Health(desk, around, around)
    assert health.line().endswith("outside prices refused: 3 of liar")
    shown = [text for name, text in health.figures() if name == "source"]
    assert shown == ["liar: 3 lines refused as read, see the log"]
