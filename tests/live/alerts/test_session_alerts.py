"""The alerts of whole sessions: what raises one, and that no network holds up the desk."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_parts
from live.session.alerts.alert_settings import AlertSettings
from live.wall_clock import WallClock
from strategies.trading.model.errors import ExchangeError, InvariantError
from strategies.trading.model.events import (
    TradeBroken,
    TradingState,
    TradingStateSet,
    WagerMatched,
)
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping, run_watching, until
from tests.fixture_types import Compose
from tests.live.alerts.alert_receivers import Receiver, receiving
from tests.live.session.test_gateway import session_on
from tests.live.session.toy_exchange import ToyGateway, toy_session

Scenario = Callable[[ToyGateway], Awaitable[None]]
WORDS = ("mode=live", "strategy.quote_refresh_seconds=0")


class AlertedSession:
    """A session at a toy exchange in a loop whose time jumps; its alerts are printed."""

    def __init__(self, compose: Compose, home: Path) -> None:
        """Keep the session in a folder."""
        self._compose = compose
        self._home = home
        self.lines: list[str] = []

    def play(self, scenario: Scenario, *words: str, **alert: Any) -> list[str]:
        """Run a session until a scenario has ended; return its lines."""
        parts = build_parts(self._compose(*WORDS, *words))
        made: list[ToyGateway] = []

        async def run(loop: JumpingLoop) -> None:
            stop = asyncio.Event()
            session = session_on(parts, loop, made, alert=AlertSettings(**alert))
            running = session.run(self._home, {}, stop, self.lines.append)
            trading = asyncio.ensure_future(running)
            await until(lambda: made and len(made[0].open_wagers) >= 2)
            await scenario(made[0])
            stop.set()
            await trading

        run_jumping(run)
        return self.lines


@pytest.fixture
def alerted(compose_settings: Compose, tmp_path: Path) -> AlertedSession:
    """Return a session in a folder of its own."""
    return AlertedSession(compose_settings, tmp_path)


async def later(toy: ToyGateway, seconds: int) -> None:
    """Let time pass, by the clock of the session, which jumps."""
    await toy.clock.sleep_until(toy.clock.now_ns() + seconds * NS_PER_SECOND)


async def fill_one(toy: ToyGateway) -> None:
    """Match one wager, and wait until its quote is replaced."""
    await until(lambda: len(toy.open_wagers) == 2)
    toy.fill(next(iter(toy.open_wagers)))
    await until(lambda: len(toy.open_wagers) == 2)


def test_a_halt_is_an_alert_with_its_reason_and_its_end_is_one(alerted: AlertedSession) -> None:
    """Once each; that the session ends by itself is no halt."""

    async def halt(toy: ToyGateway) -> None:
        toy._emit(TradingStateSet(TradingState.HALTED, "operator: too odd", "me (1000)"))
        await until(lambda: not toy.open_wagers)
        toy._emit(TradingStateSet(TradingState.ACTIVE, "resumed", "me (1000)"))
        await until(lambda: toy.open_wagers)

    lines = alerted.play(halt)
    found = [line for line in lines if line.startswith(("halted: ", "active: "))]
    assert found == ["halted: operator: too odd, by me (1000)", "active: resumed, by me (1000)"]


def test_drift_is_an_alert_and_so_is_the_end_that_follows(alerted: AlertedSession) -> None:
    """Money that is missing at the exchange."""

    async def drift(toy: ToyGateway) -> None:
        toy._matched_cents += 777
        await later(toy, 300)

    with pytest.raises(InvariantError):
        alerted.play(drift)
    assert [line for line in alerted.lines if line.startswith("halted: drift: available cents")]
    assert [line for line in alerted.lines if line.startswith("stopped by InvariantError")]


def test_a_feed_lost_beyond_the_bound_is_an_alert(alerted: AlertedSession) -> None:
    """A short gap is none; the end of a long one is another."""

    async def lose(toy: ToyGateway) -> None:
        for seconds in (5, 42):
            toy.market.lose_feed()
            await later(toy, seconds)
            toy.market.restore_feed()
            await until(lambda: toy.open_wagers)
            await later(toy, 2)

    lines = alerted.play(lose)
    found = [line for line in lines if line.startswith("the feed is ")]
    assert found[0] == "the feed is lost for 30 s"
    assert found[1].startswith("the feed is back after 4")
    assert len(found) == 2


def test_a_fill_far_from_fair_is_an_alert(alerted: AlertedSession) -> None:
    """The price that was paid and the fair one are in it; an ordinary edge is none."""
    lines = alerted.play(fill_one)
    assert not [line for line in lines if line.startswith("fill far")]
    lines = alerted.play(fill_one, fill_distance=0.001)
    (found,) = [line for line in lines if line.startswith("fill far from fair: ")]
    assert found.endswith(", fair 0.500")


def test_a_fill_of_a_cent_is_judged_by_its_odds(alerted: AlertedSession) -> None:
    """What it can win is rounded to a cent, which is not the price that was paid."""
    prices: list[float] = []

    async def fill_a_cent(toy: ToyGateway) -> None:
        ref, wager = next(iter(toy.open_wagers.items()))
        prices.append(implied_probability(wager.odds))
        toy._emit(WagerMatched(ref, wager.odds, 1, profit_cents(1, wager.odds), 1))
        await later(toy, 1)

    lines = alerted.play(fill_a_cent, fill_distance=0.001)
    (found,) = [line for line in lines if line.startswith("fill far from fair: ")]
    assert found.endswith(f", paid {prices[0]:.3f}, fair 0.500")
    assert prices[0] < 0.499


def test_a_limit_that_is_nearly_used_is_an_alert_once(alerted: AlertedSession) -> None:
    """Two wagers of at most two are all of them."""

    async def wait(toy: ToyGateway) -> None:
        await later(toy, 30)

    lines = alerted.play(wait, "risk.max_concurrent_wagers=2")
    found = [line for line in lines if "max_concurrent_wagers" in line and " used: " in line]
    assert found == ["100 % used: 2 of 2 (risk.max_concurrent_wagers)"]


def test_too_many_fills_in_a_minute_are_an_alert(alerted: AlertedSession) -> None:
    """More than the setting, within a minute."""

    async def fill(toy: ToyGateway) -> None:
        for _ in range(3):
            await fill_one(toy)
        await later(toy, 3)

    lines = alerted.play(fill, fills_per_minute=2)
    assert lines.count("3 fills within a minute before games, more than 2; 0.0 are usual") == 1


def test_no_fill_for_long_is_an_alert_once(alerted: AlertedSession) -> None:
    """With wagers open all the time; a fill begins it again."""

    async def wait(toy: ToyGateway) -> None:
        await later(toy, 15)
        await fill_one(toy)
        await later(toy, 8)

    lines = alerted.play(wait, no_fill_minutes=0.1)
    assert lines.count("no fill in 0.1 minutes with wagers open") == 2


def test_a_broken_trade_is_an_alert(alerted: AlertedSession) -> None:
    """Its line is printed once, as before."""

    async def break_one(toy: ToyGateway) -> None:
        await until(lambda: len(toy.open_wagers) == 2)
        ref, wager = next(iter(toy.open_wagers.items()))
        await fill_one(toy)
        stake = wager.stake_cents
        toy._matched_cents -= stake
        toy._emit(TradeBroken(ref, stake, profit_cents(stake, wager.odds), stake))
        await later(toy, 2)

    lines = alerted.play(break_one)
    assert len([line for line in lines if line.startswith("trade broken by the exchange")]) == 1


def test_a_day_is_summed_up_when_it_ends(alerted: AlertedSession) -> None:
    """At the set time; fills of the day, profit and state are in it."""

    async def wait(toy: ToyGateway) -> None:
        await fill_one(toy)
        await later(toy, 180)

    turns = datetime.now(UTC) + timedelta(minutes=2)  # noqa: DTZ005, TID251, RUF100 - of the clock
    lines = alerted.play(wait, summary_at=f"{turns:%H:%M} UTC")
    (found,) = [line for line in lines if line.startswith("the last day: ")]
    assert " in 1 fill; " in found
    assert found.endswith("; now active")


# Sessions in real time, with a process that sends -----------------------------------------------


def alerted_in_real_time(
    compose: Compose, home: Path, receivers: tuple[Receiver, ...], scenario: Scenario
) -> list[str]:
    """Run a session with these receivers of alerts until a scenario has ended; return its lines."""
    parts = build_parts(compose(*WORDS))
    made: list[ToyGateway] = []
    lines: list[str] = []

    def gateway(**settings: Any) -> ToyGateway:
        made.append(ToyGateway(**settings))
        return made[-1]

    async def run() -> None:
        async with receiving(*receivers):
            alert = AlertSettings(urls=[each.url for each in receivers])
            session = toy_session(
                parts, gateway, clock=partial(WallClock), closing_seconds=60, alert=alert
            )
            stop = asyncio.Event()
            trading = asyncio.ensure_future(session.run(home, {}, stop, lines.append))
            await until(lambda: trading.done() or (made and len(made[0].open_wagers) >= 2))
            if not trading.done():
                await scenario(made[0])
            stop.set()
            await trading
        assert made[0].open_wagers == {}

    run_watching(run())
    return lines


@pytest.mark.slow  # starts a process
def test_what_happens_in_a_session_arrives(compose_settings: Compose, tmp_path: Path) -> None:
    """Its start, a halt, and that nothing is open at its end; the URL is in none of its files."""
    receiver = Receiver()

    async def halt(toy: ToyGateway) -> None:
        toy._emit(TradingStateSet(TradingState.HALTED, "max_daily_loss: $200.00 lost today"))
        await until(lambda: not toy.open_wagers)

    lines = alerted_in_real_time(compose_settings, tmp_path, (receiver,), halt)
    assert sorted(receiver.titles) == [
        "toy at toy: ended (info)",
        "toy at toy: halt (critical)",
        "toy at toy: started (info)",
    ]
    assert lines[-1] == "nothing is open at toy"
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in kept if b"hunter2" in path.read_bytes()] == []


@pytest.mark.slow  # starts a process
def test_a_dead_network_neither_stops_nor_delays_a_session(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """One receiver never answers, one refuses, and their process is killed: it trades, and ends.

    The desk quotes, is filled, halts and cancels while no alert has been taken.
    """
    silent, refusing = Receiver(), Receiver()
    silent.hold()
    refusing.refuses = True

    async def trade(toy: ToyGateway) -> None:
        await until(lambda: silent.requests and refusing.requests)
        for pid in alert_processes():
            os.kill(pid, signal.SIGKILL)
        for _ in range(5):
            await fill_one(toy)
        toy._emit(TradingStateSet(TradingState.HALTED, "operator: test"))
        await until(lambda: not toy.open_wagers)
        assert (silent.received, refusing.received) == ([], [])

    lines = alerted_in_real_time(compose_settings, tmp_path, (silent, refusing), trade)
    assert "halted: operator: test" in lines
    assert lines[-1] == "nothing is open at toy"


def alert_processes() -> list[int]:
    """Return the processes that this one has started to send alerts."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    names = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, name in names.items() if b"alert_process" in name]


@pytest.mark.slow  # starts a process
def test_a_session_that_does_not_start_is_an_alert(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """A service that is started again and again in vain is noticed."""
    receiver = Receiver()

    class AwayGateway(ToyGateway):
        """An exchange that cannot be reached."""

        async def available_cents(self) -> int:
            """Raise an error."""
            raise AssertionError

        def connect(self, *_: object) -> Any:
            """Raise an error."""
            message = "toy: no response"
            raise ExchangeError(message)

    async def run() -> None:
        async with receiving(receiver):
            session = toy_session(
                build_parts(compose_settings(*WORDS)),
                AwayGateway,
                clock=partial(WallClock),
                closing_seconds=60,
                alert=AlertSettings(urls=[receiver.url]),
            )
            with pytest.raises(ExchangeError):
                await session.run(tmp_path, {}, asyncio.Event(), print)

    run_watching(run())
    assert receiver.titles == ["toy at toy: not started (critical)"]
