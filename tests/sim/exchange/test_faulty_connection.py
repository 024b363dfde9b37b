"""Faults between the desk and the exchange, and the recovery of everything lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recordings.tape import Kind
from sim.backtest import Backtest
from sim.engine.faults import Faults, FaultSettings
from sim.exchange.queue_models import Back
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    FeedLost,
    FeedRestored,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
    TradeSeen,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import Odds
from strategies.trading.model.setting_reader import read_settings
from tests.sim.small_exchange import ExchangeScenario

CALM = {
    "command_lost": 0,
    "command_refused": 0,
    "answer_lost": 0,
    "answer_late": 0,
    "answer_doubled": 0,
    "late_seconds": 5,
    "recovery_seconds": 3,
    "disconnect_every_seconds": 0,
    "disconnect_seconds": 30,
}
SECOND_NS = 1_000_000_000

# Settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("command_lost", 1.01),
        ("command_refused", -0.1),
        ("answer_lost", "often"),
        ("answer_late", True),
        ("answer_doubled", float("nan")),
        ("late_seconds", -1),
        ("recovery_seconds", 0),
        ("recovery_seconds", 5),
        ("disconnect_every_seconds", float("inf")),
        ("disconnect_seconds", None),
    ],
)
def test_an_invalid_fault_setting_is_refused_by_name(name: str, value: Any) -> None:
    """Probabilities are from 0 to 1, and seconds are not negative and not too large."""
    with pytest.raises(ConfigError, match=f"faults.{name}: "):
        read_settings("faults", FaultSettings, CALM | {name: value})


def test_faults_have_a_description() -> None:
    """The text names the faults, and is "none" without any."""
    assert str(FaultSettings(**CALM).build()) == "none"
    rough = FaultSettings(**(CALM | {"answer_lost": 0.03, "disconnect_every_seconds": 900})).build()
    assert str(rough) == (
        "commands lost 0, refused 0, responses lost 0.03, late 0, duplicated 0, "
        "a disconnect every 900 s"
    )
    broken = FaultSettings(**(CALM | {"trade_broken": 0.5, "broken_within_seconds": 600})).build()
    assert not broken.calm
    assert str(broken).endswith("duplicated 0, trades broken 0.5 within 600 s")


# Commands ------------------------------------------------------------------------------------


def test_a_lost_wager_is_rejected_once_the_history_was_read(
    make_scenario: type[ExchangeScenario],
) -> None:
    """The exchange never received it, and the desk gets a rejection some seconds later."""
    scenario = make_scenario(faults=Faults(command_lost=1, recovery_ns=3 * SECOND_NS))
    scenario.place(1, "w", "home", 100, 1000)
    scenario.run()
    assert scenario.of(WagerRejected) == [WagerRejected(WagerRef("w"), "data_not_found")]
    assert scenario.times_of(WagerRejected) == [3001]
    assert not scenario.us.has_used(WagerRef("w"))


def test_a_lost_cancel_has_no_response(make_scenario: type[ExchangeScenario]) -> None:
    """The wager stays open, and no response arrives."""
    scenario = make_scenario(faults=Faults(answer_late=1))
    scenario.place(1, "w", "home", 100, 1000)
    scenario.call(400, lambda: change_faults(scenario, Faults(command_lost=1)))
    scenario.cancel(500, "w")
    scenario.call(600, lambda: scenario.connection.cancel_all())  # noqa: PLW0108 - not built yet
    scenario.run()
    assert scenario.of(WagerCancelled, CancelRefused) == []
    assert list(scenario.us.live) == ["w"]


def test_the_exchange_may_refuse_for_no_reason_of_ours(
    make_scenario: type[ExchangeScenario],
) -> None:
    """A wager refused so does not exist; a cancel refused so can be repeated after a second."""
    scenario = make_scenario(faults=Faults(answer_late=1))
    scenario.place(1, "w", "home", 100, 1000)
    scenario.call(400, lambda: change_faults(scenario, Faults(command_refused=1)))
    scenario.place(500, "x", "home", 100, 1000)
    scenario.cancel(600, "w")
    scenario.cancel_all(700)
    scenario.run()
    (refused,) = scenario.of(WagerRejected)
    assert refused.code in {"rate_limit_reached", "err_order_placement_disabled"}
    assert [event.code for event in scenario.of(CancelRefused)] == ["rate_limit_reached"] * 2
    retries = [scenario.ms_of(event.retry_at_ns) for event in scenario.of(CancelRefused)]
    assert retries == [1600, 1700]
    assert list(scenario.us.live) == ["w"]


def change_faults(scenario: Any, faults: Faults) -> None:
    """Replace the faults from now on."""
    scenario.connection._faults = faults


# Responses and private updates ----------------------------------------------------------------


def test_a_lost_response_is_recovered_from_the_history(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Lost responses arrive some seconds later, in their order."""
    scenario = make_scenario(faults=Faults(answer_lost=1, recovery_ns=3 * SECOND_NS))
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(500, "away", 100, 300)
    scenario.run()
    events = scenario.of(WagerAccepted, WagerOpened, WagerMatched)
    assert [type(event) for event in events] == [WagerAccepted, WagerOpened, WagerMatched]
    assert scenario.times_of(WagerAccepted, WagerOpened, WagerMatched) == [3001, 3001, 3001]


def test_a_late_response_is_overtaken(make_scenario: type[ExchangeScenario]) -> None:
    """A late response arrives within its limit, and the next ones do not wait for it."""
    scenario = make_scenario(faults=Faults(answer_late=0.5, late_ns=2 * SECOND_NS))
    for number in range(20):
        scenario.place(1 + number, f"w{number}", "home", 100, 100)
    scenario.run(extra_ms=2_000)
    placed = [f"w{number}" for number in range(20)]
    order = [event.ref for event in scenario.of(WagerAccepted)]
    assert sorted(order) == sorted(placed)
    assert order != placed
    times = scenario.times_of(WagerAccepted)
    assert times[0] < 20
    assert 500 < times[-1] <= 2020


def test_a_duplicated_response_arrives_again_later(make_scenario: type[ExchangeScenario]) -> None:
    """The duplicate is identical, so that it can be recognised."""
    scenario = make_scenario(faults=Faults(answer_doubled=1, late_ns=SECOND_NS))
    scenario.place(1, "w", "home", 100, 1000)
    scenario.trade(500, "away", 100, 300)
    scenario.trade(501, "away", 100, 300)
    scenario.run()
    fills = scenario.of(WagerMatched)
    assert len(fills) == 4
    assert sorted(event.total_cents for event in fills) == [300, 300, 600, 600]


def test_a_lost_account_state_is_requested_again(make_scenario: type[ExchangeScenario]) -> None:
    """Each request for an account state gets one response, which is never stale."""
    faults = Faults(answer_lost=0.6, answer_doubled=0.6, recovery_ns=SECOND_NS)
    scenario = make_scenario(faults=faults)
    for number in range(10):
        scenario.place(100 * number, f"w{number}", "home", 100, 100)
        scenario.ask_state(100 * number + 1)
    scenario.run(extra_ms=60_000)
    opens = [len(event.open_cents) for event in scenario.of(AccountState)]
    assert len(opens) == 10
    assert opens == sorted(opens)


def test_an_account_state_comes_after_what_is_late(make_scenario: type[ExchangeScenario]) -> None:
    """What an account state includes was read from the history before it, if it was late."""
    scenario = make_scenario(faults=Faults(answer_late=1, late_ns=8 * SECOND_NS))
    for number in range(10):
        scenario.place(100 * number, f"w{number}", "home", 100, 100)
        scenario.ask_state(100 * number + 1)
    scenario.run(extra_ms=10_000)
    known: set[WagerRef] = set()
    for event in scenario.of(WagerAccepted, AccountState):
        if isinstance(event, WagerAccepted):
            known.add(event.ref)
        elif isinstance(event, AccountState):
            assert {ref for ref, _ in event.open_cents} <= known
    assert len(scenario.of(AccountState)) == 10
    assert len(known) == 10


# Disconnects ---------------------------------------------------------------------------------


def test_what_a_disconnect_lost_is_recovered_at_its_end(
    make_scenario: type[ExchangeScenario],
) -> None:
    """Nothing arrives during a disconnect; then private updates, then a market snapshot."""
    scenario = make_scenario(
        faults=Faults(disconnect_every_ns=4 * SECOND_NS, disconnect_ns=SECOND_NS)
    )
    for number in range(300):
        ms = 100 * number
        scenario.offer(ms, "away", 120, 1_000 + number)
        scenario.trade(ms, "home", -120, 10)
        scenario.row(ms, Kind.SCORE, event=0, text=f"{number}-0")
        scenario.place(ms, f"w{number}", "home", 110, 100)
    scenario.market_status(29_950, MarketStatus.SUSPENDED)
    scenario.run()
    gaps = list(gaps_of(scenario))
    assert len(gaps) > 3
    for silent, restored in gaps:
        assert silent == []
        types = [type(event) for event in restored]
        assert types[-1] is FeedRestored
        public = [types.index(kind) for kind in (OfferChanged, ScoreChanged) if kind in types]
        private = [
            place for place, kind in enumerate(types) if kind in {WagerAccepted, WagerOpened}
        ]
        assert not private or not public or max(private) < min(public)
        assert TradeSeen not in types
    assert scenario.of(ScoreChanged)[-1].home == 299
    amounts = {
        (event.line_id, event.odds): event.amount_cents for event in scenario.of(OfferChanged)
    }
    assert amounts[LineId("away"), Odds(120)] == 1_299
    assert amounts[LineId("away"), Odds(-110)] == sum(
        wager.displayed_cents for wager in scenario.us.live.values()
    )
    assert scenario.of(MarketStatusChanged)[-1].status is MarketStatus.SUSPENDED
    responses: list[WagerAccepted | WagerRejected] = scenario.of(WagerAccepted, WagerRejected)
    answered = [event.ref for event in responses]
    assert sorted(answered) == sorted(f"w{number}" for number in range(300))


def gaps_of(scenario: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    """Yield the events received in each gap, and those received at its end."""
    received = [(entry.ms, entry.event) for entry in scenario.received]
    lost = [place for place, (_, event) in enumerate(received) if isinstance(event, FeedLost)]
    for start in lost:
        ends = (n for n in range(start, len(received)) if isinstance(received[n][1], FeedRestored))
        end = next(ends, None)
        if end is not None:
            between = received[start + 1 : end + 1]
            yield (
                [event for ms, event in between if ms < received[end][0]],
                [event for ms, event in between if ms == received[end][0]],
            )


# Sessions ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_rough_session_ends_in_agreement_and_is_reproducible(
    build_backtest: Callable[..., Backtest],
) -> None:
    """Faults depend on the seed alone, and desk and exchange agree at the end."""
    digests = [
        build_backtest("+experiment=nba", f"faults={faults}").run_pass(Back()).journal.digest
        for faults in ("rough", "rough", "calm")
    ]
    first, again, calm = (digest.hexdigest() for digest in digests)
    assert first == again != calm
    assert digests[0].commands > 100
