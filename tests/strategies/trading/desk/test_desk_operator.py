"""What a person changes of a running desk: what is open, the limits, the strategy."""

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import pytest
from msgspec import Meta

from strategies.simple_market_maker import SimpleMarketMaker
from strategies.trading.desk.strategy_checks import change_strategy
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import (
    EventPaused,
    MarketPaused,
    MarketsAdded,
    QuotesPulled,
    SettingsChanged,
    TradingState,
    TradingStateSet,
    WagerCancelled,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import View
from strategies.trading.risk.limits import Limits, RiskSettings, changed_limits
from tests.strategies.trading.conftest import DeskHarness

MakeHarness = Callable[..., DeskHarness]
G1, G2 = EventId("g1"), EventId("g2")
MONEYLINE, SPREAD = MarketId("219"), MarketId("223")


def rest(harness: DeskHarness, *lines: str) -> dict[str, str]:
    """Let a quote of $10 at +110 rest on each line; return the wagers by line."""
    harness.set_quotes(*(harness.quote(line, 110, 1_000) for line in lines))
    harness.open_pending()
    harness.refresh()
    harness.exchange.forget()
    return {wager.line_id: wager.ref for wager in harness.desk.wagers.live()}


@pytest.mark.parametrize(
    ("event", "pulled"),
    [
        (QuotesPulled(), {"home", "home-3", "home2"}),
        (QuotesPulled(G1), {"home", "home-3"}),
        (QuotesPulled(G1, SPREAD), {"home-3"}),
    ],
)
def test_a_pull_cancels_its_scope_at_once_and_quoting_goes_on(
    harness: DeskHarness, event: QuotesPulled, pulled: set[str]
) -> None:
    """All, one event or one market is cancelled; the strategy's quotes are placed again."""
    refs = rest(harness, "home", "home-3", "home2")
    harness.on_event(event)
    assert set(harness.exchange.cancels) == {refs[line] for line in pulled}
    assert harness.exchange.places == []
    harness.confirm_cancels()
    harness.refresh()
    assert {place.line_id for place in harness.exchange.places} == pulled


def test_a_pause_holds_for_markets_that_are_offered_later(harness: DeskHarness) -> None:
    """An event and a market that are paused before they are on offer are not quoted then."""
    late, key = EventId("g3"), MarketKey(EventId("g3"), MONEYLINE)
    harness.on_event(EventPaused(late, True))
    harness.on_event(MarketPaused(key, True))
    event = SportEvent(late, "g3", "Home", "Away", "NBA", "basketball", 0)
    lines = [
        Line(LineId(name), late, MONEYLINE, side, 0.0)
        for name, side in (("h3", Selection.HOME), ("a3", Selection.AWAY))
    ]
    market = Market(late, MONEYLINE, MarketType.MONEYLINE, "Moneyline")
    harness.on_event(MarketsAdded((event,), (market,), tuple(lines), (key,)))
    state = harness.desk.market_states.markets[key]
    state.status = MarketStatus.OPEN
    now_ns = harness.clock.now_ns()
    assert harness.desk.risk.block_reason(state, now_ns) == "event paused"
    harness.on_event(EventPaused(late, False))
    assert harness.desk.risk.block_reason(state, now_ns) == "market paused"


def test_a_lower_limit_shrinks_at_once(
    make_harness: MakeHarness,
) -> None:
    """Limits replace each other: those that an event does not name are those of the start."""
    harness = make_harness(max_stake_cents=1_000)
    refs = rest(harness, "home")
    harness.on_event(SettingsChanged({"risk.max_stake_per_wager": 5}, {}))
    assert harness.exchange.cancels == [refs["home"]]
    harness.on_event(WagerCancelled(harness.exchange.cancels[0], 1_000))
    harness.refresh()
    assert [place.stake_cents for place in harness.exchange.places] == [500]
    harness.on_event(SettingsChanged({"risk.max_total_exposure": 7.5}, {}))
    assert harness.desk.risk.limits.max_stake_cents == 1_000
    assert harness.desk.risk.limits.max_total_exposure_cents == 750
    harness.open_pending()
    harness.refresh()
    assert sum(cents for _, _, cents in harness.resting()) == 750


def test_a_limit_below_the_present_loss_halts_at_once(make_harness: MakeHarness) -> None:
    """What was lost before a person lowered the limit counts against it."""
    harness = make_harness()
    harness.fill_new("home", 110, 1_000)
    harness.settle(harness.key(), {"home": Result.LOST, "away": Result.WON})
    assert harness.desk.losses.lost_today_cents == 1_000
    harness.on_event(SettingsChanged({"risk.max_daily_loss": 11}, {}))
    assert harness.desk.risk.state.value == "active"
    harness.on_event(SettingsChanged({"risk.max_daily_loss": 10}, {}))
    assert harness.desk.risk.state.value == "halted"


def test_an_override_prevails_over_a_value_read_again() -> None:
    """A person's value stays when the configuration is read again."""
    changed = SettingsChanged({"risk.min_stake": 2}, {"risk.min_stake": 3, "strategy.skew": 0.1})
    assert changed.values == {"risk.min_stake": 2, "strategy.skew": 0.1}


def test_only_lifting_a_halt_resets_the_losses(make_harness: MakeHarness) -> None:
    """A pause in between does not forget what was lost today."""
    harness = make_harness(max_daily_loss_cents=1_500)
    harness.on_event(TradingStateSet(TradingState.PAUSED, ""))
    losses = harness.desk.losses
    equity_cents = harness.desk.ledger.equity_cents
    assert losses.update(harness.clock.now_ns(), equity_cents - 1_000) is None
    harness.on_event(TradingStateSet(TradingState.ACTIVE, ""))
    assert losses.update(harness.clock.now_ns(), equity_cents - 1_500) is not None


def test_settings_describe_the_limits_that_they_make(make_limits: Callable[..., Limits]) -> None:
    """Limits made of the settings of limits are the same limits."""
    limits = make_limits()
    # Not a setting: it marks runs of an earlier version, in which nobody changed settings.
    settable = [field for field in fields(Limits) if field.name != "nets_positions"]
    for field in settable:
        changed = replace(limits, **{field.name: _another(getattr(limits, field.name))})
        assert RiskSettings.of(changed).build() == changed, field.name
        assert changed_limits(changed, {}) == changed


def test_an_amount_of_any_size_can_be_read(make_limits: Callable[..., Limits]) -> None:
    """Whether it is a whole number of cents is decided without an error of arithmetic."""
    limits = changed_limits(make_limits(), {"max_daily_loss": 1e30})
    assert limits.max_daily_loss_cents == 10**32


def _another(value: object) -> Any:
    """Return a value that a limit may have instead."""
    match value:
        case bool():
            return not value
        case str():
            return "06:00 America/New_York"
        case int() | Decimal():
            return value + 1
        case tuple():
            return ("any: pull 90 to 60 minutes before the start",)
        case _:
            raise AssertionError(value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_stak": 5}, "risk.max_stak: no such setting; did you mean risk.min_stake?"),
        ({"min_stake": "much"}, "risk.min_stake: 'much' is not a number of dollars"),
        ({"min_stake": 1e7}, "risk.min_stake: 10000000.0 is above max_stake_per_wager"),
    ],
)
def test_a_wrong_limit_is_refused(
    make_limits: Callable[..., Limits], changes: dict[str, object], message: str
) -> None:
    """Unknown names, wrong values and contradictions are one line."""
    with pytest.raises(ConfigError) as refused:
        changed_limits(make_limits(), changes)  # type: ignore[arg-type]
    assert message in str(refused.value)


class Typed:
    """A strategy with one setting that has a type, and one that has none."""

    def __init__(
        self,
        edge: Annotated[float, Meta(ge=0, le=1)] = 0.1,
        other: object = None,
        refresh_ns: int = 1,
    ) -> None:
        """Keep the settings."""
        self.edge = edge
        self.other = other
        self.quote_refresh_ns = refresh_ns

    def quote(self, view: View) -> tuple[Quote, ...]:  # noqa: ARG002
        """Return nothing."""
        return ()


def test_a_changed_strategy_is_another_object_of_its_class() -> None:
    """The changed settings replace those of the factory; the present strategy stays as it is."""
    factory = partial(
        SimpleMarketMaker, spread_margin=0.02, default_stake=50, quote_refresh_seconds=5
    )
    present = factory()
    changed = change_strategy(present, factory, {"spread_margin": 0.1})
    assert type(changed) is SimpleMarketMaker
    assert vars(changed) != vars(present)
    assert vars(change_strategy(present, factory, {})) == vars(present)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edg": 0.2}, "strategy.edg: no such setting; did you mean strategy.edge?"),
        ({"edge": 7}, "strategy.edge: 7 is not a number, 0 to 1"),
        ({"edge": "wide"}, "strategy.edge: 'wide' is not a number"),
        ({"other": 1}, "strategy.other: no such setting"),
        ({"refresh_ns": 5}, "changes only at a start"),
        ({"_edge": 0.1}, "strategy._edge: no such setting"),
    ],
)
def test_a_wrong_setting_of_a_strategy_is_refused(
    changes: dict[str, float | str], message: str
) -> None:
    """Only settings with a type change, within it, and never the time between decisions."""
    with pytest.raises(ConfigError, match="strategy") as refused:
        change_strategy(Typed(), Typed, dict(changes))
    assert message in str(refused.value)
