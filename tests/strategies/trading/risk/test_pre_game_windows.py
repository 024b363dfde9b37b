"""When quoting before a game begins, and what news windows do to quotes of a strategy."""

from calendar import timegm
from collections.abc import Callable
from typing import Any

import pytest

from strategies.trading.model.commands import Intent
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import EventScheduled, EventStatusChanged
from strategies.trading.model.ids import EventId
from strategies.trading.model.market import EventStatus
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.limits import Limits, RiskSettings, changed_limits
from tests.strategies.trading.conftest import TIP_OFF_NS, DeskHarness

MakeHarness = Callable[..., DeskHarness]

MINUTE_NS = 60 * NS_PER_SECOND
HOUR_NS = 60 * MINUTE_NS
GAME = EventId("g1")


def at(harness: DeskHarness, before_start_ns: int) -> None:
    """Announce that the first game starts this long from now; the other starts far ahead."""
    now_ns = harness.clock.now_ns()
    harness.on_event(EventScheduled(GAME, now_ns + before_start_ns))
    harness.on_event(EventScheduled(EventId("g2"), now_ns + before_start_ns))


def quoting(make_harness: MakeHarness, before_start_ns: int, **limits: Any) -> DeskHarness:
    """Return a desk whose strategy quotes home at -110 this long before the start."""
    harness = make_harness(**limits)
    at(harness, before_start_ns)
    harness.set_quotes(harness.quote("home", -110, 10_000), harness.quote("home2", -110, 10_000))
    harness.open_pending()
    return harness


def pass_time(harness: DeskHarness, by_ns: int) -> None:
    """Let time pass; wagers may be cancelled, and what is sent is confirmed."""
    harness.clock.advance(by_ns)
    harness.confirm_cancels()
    harness.refresh()
    harness.open_pending()


def odds(harness: DeskHarness) -> dict[str, int]:
    """Return the odds that rest on each line."""
    return {line: odds for line, odds, _ in harness.resting()}


def test_quoting_begins_at_a_time_before_the_start(make_harness: MakeHarness) -> None:
    """Nothing is quoted before T-48 h, with the reason, and quotes come then by themselves."""
    harness = quoting(make_harness, 49 * HOUR_NS, begin_before_start_ns=48 * HOUR_NS)
    assert odds(harness) == {}
    assert harness.market().block_reason == "more than 48 h before the start"
    pass_time(harness, HOUR_NS)
    assert odds(harness) == {"home": -110, "home2": -110}


def test_a_window_pulls_and_permits_again(make_harness: MakeHarness) -> None:
    """Quotes are cancelled as a window begins, although nothing arrives, and come back after."""
    window = "NBA: pull 90 to 60 minutes before the start"
    harness = quoting(make_harness, 91 * MINUTE_NS, news_windows=(window,))
    assert odds(harness) == {"home": -110, "home2": -110}
    harness.clock.advance(MINUTE_NS)
    assert [batch for kind, batch in harness.exchange.batches if kind == "cancel"]
    harness.confirm_cancels()
    # The other game is of another tournament.
    assert odds(harness) == {"home2": -110}
    assert harness.market().block_reason == f"news window, {window}"
    pass_time(harness, 30 * MINUTE_NS)
    assert odds(harness) == {"home": -110, "home2": -110}


def test_a_window_widens_and_narrows_again(make_harness: MakeHarness) -> None:
    """Quotes cost less in the window, whatever the strategy returns, and are as before after."""
    window = "basketball: widen 0.02 90 to 60 minutes before the start"
    harness = quoting(make_harness, 91 * MINUTE_NS, news_windows=(window,))
    pass_time(harness, MINUTE_NS)
    wide = odds(harness)["home"]
    assert 0.02 <= implied_probability(-110) - implied_probability(wide) < 0.03
    denial = harness.journal.denials[0]
    assert (denial.control, denial.reason) == ("news", f"widened by 0.02: {window}")
    pass_time(harness, 30 * MINUTE_NS)
    assert odds(harness) == {"home": -110, "home2": -110}


def test_the_strictest_of_several_windows_holds(make_harness: MakeHarness) -> None:
    """Of two that widen the wider one holds; one that pulls prevails over both."""
    wide = ("any: widen 0.01 90 to 0 minutes before the start",)
    wider = (*wide, "nba: widen 0.03 90 to 0 minutes before the start")
    pulled = (*wider, "nba: pull 90 to 0 minutes before the start")
    narrow, broad = (
        implied_probability(odds(quoting(make_harness, 80 * MINUTE_NS, news_windows=few))["home"])
        for few in (wide, wider)
    )
    assert broad < narrow < implied_probability(-110)
    assert "home" not in odds(quoting(make_harness, 80 * MINUTE_NS, news_windows=pulled))


def test_a_daily_window_follows_local_time(make_harness: MakeHarness) -> None:
    """A listed time is that of its zone, on both sides of a change to summer time."""
    harness = make_harness(news_windows=("any: pull from 13:00 to 13:10 America/New_York",))
    risk, event = harness.desk.risk, harness.desk.market_states.events[GAME]
    event.scheduled_ns = 2 * TIP_OFF_NS
    market = harness.market()
    for utc in ((2026, 3, 7, 18), (2026, 3, 8, 17)):
        noon_ns = timegm((*utc, 0, 0)) * NS_PER_SECOND
        event.updated_ns = noon_ns
        assert risk.block_reason(market, noon_ns - 1) is None
        assert "from 13:00" in str(risk.block_reason(market, noon_ns))
        assert risk.next_block_ns(event, noon_ns) == noon_ns + 10 * MINUTE_NS
        assert risk.block_reason(market, noon_ns + 10 * MINUTE_NS) is None


def test_a_window_that_crosses_midnight_holds_until_its_end(make_harness: MakeHarness) -> None:
    """A window from the evening to the morning holds in the night."""
    harness = make_harness(news_windows=("any: pull from 23:30 to 00:15 UTC",))
    midnight_ns = timegm((2026, 3, 8, 0, 0, 0)) * NS_PER_SECOND
    event = harness.desk.market_states.events[GAME]
    event.scheduled_ns, event.updated_ns = 2 * TIP_OFF_NS, midnight_ns
    blocked = [
        harness.desk.risk.block_reason(harness.market(), midnight_ns + minutes * MINUTE_NS)
        for minutes in (-31, -30, 14, 15)
    ]
    assert [reason is not None for reason in blocked] == [False, True, True, False]


def test_windows_end_as_the_game_begins(make_harness: MakeHarness) -> None:
    """In play no window holds; quotes come back after the start only if in-play is on."""
    window = "any: pull 90 to 0 minutes before the start"
    for in_play, expected in ((True, {"home": -110}), (False, {})):
        harness = quoting(make_harness, 30 * MINUTE_NS, news_windows=(window,), in_play=in_play)
        assert odds(harness) == {}
        harness.on_event(EventStatusChanged(GAME, EventStatus.LIVE))
        pass_time(harness, MINUTE_NS)
        assert odds(harness) == expected
        assert harness.market().block_reason == (None if in_play else "in-play")


def test_what_takes_is_not_widened(make_harness: MakeHarness) -> None:
    """A quote that takes an offer does not rest, and keeps its odds."""
    window = "any: widen 0.02 90 to 0 minutes before the start"
    harness = make_harness(news_windows=(window,))
    at(harness, 80 * MINUTE_NS)
    harness.set_quotes(harness.quote("home", -110, 10_000, Intent.TAKE))
    assert [place.odds for place in harness.exchange.places] == [-110]


def test_a_quote_without_odds_as_long_is_dropped(make_harness: MakeHarness) -> None:
    """A long shot that cannot be widened is not quoted, with the reason."""
    window = "any: widen 0.4 90 to 0 minutes before the start"
    harness = make_harness(news_windows=(window,))
    at(harness, 80 * MINUTE_NS)
    harness.set_quotes(harness.quote("home", 300, 10_000))
    assert "home" not in odds(harness)
    assert harness.market().silence == f"news: widened by 0.4: {window}"


@pytest.mark.parametrize(
    ("window", "problem"),
    [
        ("", "is no window; write it as"),
        ("nba pull 90 to 60 minutes before the start", "is no window"),
        ("nba: stop 90 to 60 minutes before the start", "is no window"),
        ("nba: pull 90 to 60", "is no window"),
        ("nba: pull 90 to 60 minutes before the start.", "is no window"),
        ("nba: pull -90 to 60 minutes before the start", "is no window"),
        ("nba: pull 60 to 90 minutes before the start", "ends before it begins"),
        ("nba: pull 60 to 60 minutes before the start", "ends before it begins"),
        ("nba: widen 90 to 60 minutes before the start", "no probability above 0"),
        ("nba: widen 0 90 to 60 minutes before the start", "no probability above 0"),
        ("nba: widen 0.5 90 to 60 minutes before the start", "no probability above 0"),
        ("nba: widen 1 90 to 60 minutes before the start", "no probability above 0"),
        ("nba: pull from 13:00 to 13:10", "is no window"),
        ("nba: pull from 25:00 to 13:10 UTC", "is no time with a zone"),
        ("nba: pull from 13:00 to 13:10 EST5", "is no time zone"),
        ("nba: pull from 13:00 to 13:00 UTC", "ends when it begins"),
    ],
)
def test_a_wrong_window_is_refused(window: str, problem: str, limits: Limits) -> None:
    """A window that cannot be read is one line with setting, window and what is allowed."""
    changes: dict[str, Any] = {"news_windows": [window]}
    with pytest.raises(ConfigError) as caught:
        changed_limits(limits, changes)
    message = str(caught.value)
    assert message.startswith("risk.news_windows: ")
    assert problem in message
    assert repr(window) in message
    assert "\n" not in message


def test_settings_keep_windows(limits: Limits) -> None:
    """Limits and their settings say the same, so that another limit can be set in a session."""
    windows = ("nba: pull 90 to 60 minutes before the start",)
    settings = RiskSettings.of(limits)
    assert settings.news_windows == ()
    changes: dict[str, Any] = {"news_windows": list(windows), "begin_before_start_hours": 36}
    changed = changed_limits(limits, changes)
    assert (changed.news_windows, changed.begin_before_start_ns) == (windows, 36 * HOUR_NS)
    assert changed_limits(changed, {"min_stake": 2}).news_windows == windows


@pytest.fixture
def limits(make_limits: Callable[..., Limits]) -> Limits:
    """Return limits that settings can describe."""
    return make_limits()
