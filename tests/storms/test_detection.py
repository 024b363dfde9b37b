"""A storm must be able to fail: each of these tests breaks one rule on purpose.

A test cannot change a compiled class, so with the compiled core these are left out.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sim.core.core_loader import is_compiled
from sim.exchange.books import LineBook
from sim.exchange.faulty_connection import FaultyConnection
from sim.exchange.participant import Participant
from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import Event, TradeBroken, WagerMatched
from strategies.trading.model.ids import LineId
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Denial
from strategies.trading.ports.schedule import Priority
from strategies.trading.ports.strategy import Quote
from tests.storms.storm import Storm

if is_compiled():
    pytest.skip("compiled classes cannot be changed", allow_module_level=True)


class DuplicatingConnection(FaultyConnection):
    """Duplicates fills, without their totals."""

    def _deliver(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerMatched):
                nameless = WagerMatched(
                    event.ref, event.odds, event.stake_cents, event.profit_cents
                )
                super()._deliver((nameless, nameless))
            else:
                super()._deliver((event,))


class BreakRepeatingConnection(FaultyConnection):
    """Repeats broken trades, without their totals."""

    def _deliver(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, TradeBroken):
                nameless = TradeBroken(event.ref, event.stake_cents, event.profit_cents)
                super()._deliver((nameless, nameless))
            else:
                super()._deliver((event,))


class ForgetfulConnection(FaultyConnection):
    """Never recovers what it missed."""

    def _resend_missed(self) -> None:
        self._missed.clear()


def forget_suspensions(storm: Storm) -> None:
    """Open wagers in suspended markets."""

    def accepts_wagers(book: LineBook) -> bool:
        return True

    storm.exchange.markets.accepts_wagers = accepts_wagers  # type: ignore[method-assign]


def forge_a_cent(storm: Storm) -> None:
    """Add a cent to an account in the middle of the game."""

    def forge() -> None:
        storm.exchange.participants[-1].account.cash_cents += 1

    storm.env.schedule_call(storm.env.now_ns + 30 * NS_PER_SECOND, Priority.DESK, forge)


def admit_all(storm: Storm) -> None:
    """Let the risk manager admit every quote."""

    def trim(
        market: MarketState, quotes: tuple[Quote, ...], now_ns: int
    ) -> tuple[tuple[Quote, ...], list[Denial]]:
        return quotes, []

    storm.desk.risk.admit = lambda *_: None  # type: ignore[method-assign]
    storm.desk.risk.trim = trim  # type: ignore[method-assign]


def quote_while_halted(storm: Storm) -> None:
    """Let the risk manager ignore a halt."""
    storm.desk.risk.block_reason = lambda *_: None  # type: ignore[method-assign]
    storm.desk.risk.admit = lambda *_: None  # type: ignore[method-assign]


def break_one_side(storm: Storm) -> None:
    """Break the desk's side of a trade alone, so that the other one keeps its stake at risk."""
    break_trade = storm.exchange.break_trade

    def break_ours(participant: Participant, fill: WagerMatched, line_id: LineId) -> None:
        if participant.name == "desk":
            break_trade(participant, fill, line_id)

    storm.exchange.break_trade = break_ours  # type: ignore[method-assign]


def quote_on_a_late_feed(storm: Storm) -> None:
    """Let the desk set no limit on the delay of its feed."""
    storm.desk.risk.use(replace(storm.scenario.limits, max_feed_delay_ns=0))


BREAKERS = (
    *(forget_suspensions, forge_a_cent, admit_all, quote_while_halted, quote_on_a_late_feed),
    pytest.param(break_one_side, marks=pytest.mark.slow),
)


@pytest.mark.parametrize(
    "connection",
    [
        DuplicatingConnection,
        ForgetfulConnection,
        pytest.param(BreakRepeatingConnection, marks=pytest.mark.slow),
    ],
)
def test_a_connection_that_breaks_a_rule_is_detected(connection: type[FaultyConnection]) -> None:
    """Anonymous duplicates and unrecovered updates violate an invariant."""
    assert is_detected(lambda seed: Storm(seed, connection))


@pytest.mark.parametrize("breaker", BREAKERS, ids=lambda breaker: breaker.__name__)
def test_a_broken_exchange_or_desk_is_detected(breaker: Callable[[Storm], None]) -> None:
    """Neither exchange nor desk can break a rule without being caught."""

    def broken(seed: int) -> Storm:
        storm = Storm(seed)
        breaker(storm)
        return storm

    assert is_detected(broken)


def is_detected(make: Callable[[int], Storm]) -> bool:
    """Return whether one of the first storms fails."""
    for seed in range(20):
        try:
            make(seed).run()
        except (AssertionError, InvariantError):
            return True
    return False
