"""The loops of tests: a condition is seen when it comes to hold, and time jumps where it may."""

import asyncio
import threading

import pytest

from tests.event_loops import JumpingLoop, WatchingLoop, run_jumping, run_watching, until


def test_a_condition_is_seen_in_the_turn_in_which_it_comes_to_hold() -> None:
    """Whoever waits for a condition goes on before anything later happens."""
    seen: list[int] = []

    async def count() -> None:
        loop = asyncio.get_running_loop()
        for number in range(1, 101):
            seen.append(number)
            future = loop.create_future()
            loop.call_soon(future.set_result, None)
            await future

    async def run() -> int:
        counting = asyncio.create_task(count())
        await until(lambda: len(seen) >= 50)
        reached = len(seen)
        await counting
        return reached

    assert run_watching(run()) <= 52
    assert len(seen) == 100


def test_what_a_thread_does_is_seen_once_it_wakes_the_loop() -> None:
    """A condition that a thread brings about needs no polling, only the thread's word."""
    done: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def work() -> None:
            done.append("work")
            loop.call_soon_threadsafe(lambda: None)

        thread = threading.Thread(target=work)
        thread.start()
        await until(lambda: done)
        thread.join()

    run_watching(run())


def test_an_error_of_a_condition_reaches_whoever_waits() -> None:
    """A condition that fails fails its test, and not the loop."""

    async def run() -> None:
        with pytest.raises(ZeroDivisionError):
            await until(lambda: 1 // 0)

    run_watching(run())


def test_waiting_for_what_never_holds_ends() -> None:
    """A test that waits in vain fails after its time, which jumps, or where no timer is left."""

    async def run(loop: WatchingLoop) -> None:
        async with asyncio.timeout(3_600):
            await until(lambda: False)

    with pytest.raises(TimeoutError):
        run_jumping(run)
    with pytest.raises(AssertionError, match="no timer is set"):
        run_jumping(lambda _: asyncio.Event().wait())


def test_time_jumps_from_timer_to_timer() -> None:
    """Timers ring in their order and at their time, and an hour takes no time."""
    rung: list[tuple[str, float]] = []

    async def run(loop: JumpingLoop) -> None:
        def ring(name: str) -> None:
            rung.append((name, round(loop.time(), 6)))

        loop.call_later(3_600, ring, "late")
        loop.call_later(0.25, ring, "soon")
        await until(lambda: len(rung) == 2)

    run_jumping(run)
    assert rung == [("soon", 0.25), ("late", 3_600)]
