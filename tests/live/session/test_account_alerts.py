"""What a person is shown of broken trades, results, postponed games and wiped wagers."""

from live.session.monitoring.account_alerts import AccountAlerts
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    MarketSettled,
    TradeBroken,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, LineId
from strategies.trading.model.market import Result
from strategies.trading.model.units import NS_PER_SECOND
from tests.strategies.trading.conftest import TIP_OFF_NS, DeskHarness

HOUR_NS = 3600 * NS_PER_SECOND
GAME = EventId("g1")


def lines(harness: DeskHarness, *events: Event) -> list[str]:
    """Return the lines on events, each of which the desk takes afterwards, as in a session."""
    alerts, found = AccountAlerts(harness.desk), []
    for event in events:
        found.append(alerts.line(event))
        harness.take(event)
    return [line for line in found if line is not None]


def settled(harness: DeskHarness, home: Result, away: Result) -> MarketSettled:
    """Return results of the moneyline."""
    return MarketSettled(harness.key(), ((LineId("home"), home), (LineId("away"), away)))


def test_a_broken_trade_is_named() -> None:
    """Stake, wager, game, market and selection, so that a person can ask the exchange."""
    harness = DeskHarness()
    ref = harness.rest("home", 110, 1_000)
    harness.fill(ref, 400)
    # Reported twice, it is said once.
    assert lines(harness, *[TradeBroken(ref, 400, 440, 400)] * 2) == [
        f"trade broken by the exchange: $4.00 of {ref}: $10.00 at +110 on g1, moneyline, Home; "
        "what it offset is open again"
    ]


def test_a_result_is_shown_if_it_is_void_or_corrected() -> None:
    """A first result that stands needs nobody; of a market without our wagers none does."""
    harness = DeskHarness()
    void = settled(harness, Result.VOIDED, Result.VOIDED)
    assert lines(harness, void) == []
    harness = DeskHarness()
    harness.fill_new("home", 110, 1_000)
    assert lines(
        harness,
        settled(harness, Result.WON, Result.LOST),
        settled(harness, Result.LOST, Result.WON),
        void,
    ) == [
        "result corrected by the exchange: g1, moneyline",
        "result corrected to void by the exchange: g1, moneyline",
    ]
    harness = DeskHarness()
    harness.fill_new("home", 110, 1_000)
    assert lines(harness, void) == ["void, stakes returned: g1, moneyline"]


def test_a_postponed_game_keeps_its_positions() -> None:
    """A start that moves by hours is shown with what stays matched; the desk quotes until then."""
    harness = DeskHarness()
    harness.fill_new("home", 110, 1_000)
    assert lines(
        harness,
        EventScheduled(GAME, TIP_OFF_NS + HOUR_NS // 4),
        EventScheduled(GAME, TIP_OFF_NS + 24 * HOUR_NS),
    ) == ["postponed by 23.8 hours: g1; $10.00 stays matched until it is played or void"]
    assert harness.desk.exposure.total_cents == 1_000
    assert harness.desk.risk.block_reason(harness.market(), TIP_OFF_NS) is None


def test_wiped_wagers_are_shown_once_for_each_game() -> None:
    """Every wager of a game is wiped at its start; one line is enough, and all stake is free."""
    harness = DeskHarness()
    refs = [harness.rest(line, 110, 1_000) for line in ("home", "over")]
    assert lines(harness, *(WagerWiped(ref, 1_000) for ref in refs)) == [
        "wagers wiped by the exchange: g1; what is quoted now is placed again"
    ]
    assert harness.desk.exposure.open_cents == 0


def test_a_missing_result_is_shown_once_a_day() -> None:
    """From a day after the start on, as long as it is missing; a late result ends it."""
    harness = DeskHarness()
    harness.fill_new("home", 110, 1_000)
    alerts, hour = AccountAlerts(harness.desk), HOUR_NS
    shown = {h: list(alerts.overdue(TIP_OFF_NS + h * hour)) for h in (23, 24, 30, 48, 24 * 9)}
    assert {h: len(found) for h, found in shown.items()} == {23: 0, 24: 1, 30: 0, 48: 1, 216: 1}
    assert shown[216] == [
        "no result of g1, moneyline 216 hours after the start; $10.00 is at risk; "
        "look it up at the exchange"
    ]
    harness.take(settled(harness, Result.WON, Result.LOST))
    assert list(alerts.overdue(TIP_OFF_NS + 999 * hour)) == []
    assert harness.desk.ledger.profit_cents == 1_078


def test_wagers_without_an_end_are_named() -> None:
    """When nothing is open at the exchange, what the books still hold is named, as to be asked."""
    harness = DeskHarness()
    alerts = AccountAlerts(harness.desk)
    assert list(alerts.without_end("here")) == []
    ref = harness.rest("home", 110, 1_000)
    assert list(alerts.without_end("here")) == [
        f"open in the books, not at here: {ref}: $10.00 at +110 on g1, moneyline, Home",
        "1 wager in the books without an end; compare with python -m live reconcile",
    ]
