"""Alerts on their way: through a process that may die, to receivers that may be dead."""

import os
import signal
from contextlib import AbstractAsyncContextManager

import pytest

from live.session.alerts.alert import Alert, AlertLevel
from live.session.alerts.alert_dispatcher import MOST_WAITING, AlertDispatcher
from live.session.alerts.alert_settings import AlertSettings
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError
from tests.event_loops import run_watching, until
from tests.live.alerts.alert_receivers import Receiver, receiving

pytestmark = pytest.mark.slow  # starts processes


class Dispatched:
    """A dispatcher to some receivers, with the lines that it prints."""

    def __init__(self, *receivers: Receiver, closing_seconds: float = 10.0) -> None:
        """Prepare it; a receiver must have a port."""
        self.lines: list[str] = []
        settings = AlertSettings(urls=[each.url for each in receivers], repeat_minutes=0.001)
        self.dispatcher = AlertDispatcher(
            settings, "first", WallClock().wall_ns, self.lines.append, closing_seconds
        )
        self._number = 0

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return the context in which it sends."""
        return self.dispatcher.running()

    def raise_one(self, level: AlertLevel = AlertLevel.WARNING) -> None:
        """Raise an alert of a subject of its own."""
        self._number += 1
        subject = str(self._number)
        self.dispatcher.send(Alert("limit", level, f"alert {subject}", subject))


def test_an_alert_arrives_with_level_text_and_time() -> None:
    """The title names session, kind and level; the body what happened and when."""

    async def run() -> None:
        receiver = Receiver()
        async with receiving(receiver):
            sent = Dispatched(receiver)
            async with sent.running():
                sent.raise_one(AlertLevel.CRITICAL)
            (message,) = receiver.received
        assert message["title"] == "first: limit (critical)"
        assert message["type"] == "failure"
        text, time = message["message"].splitlines()
        assert text == "alert 1"
        assert time.endswith(" UTC")
        assert sent.lines == []

    run_watching(run())


def test_a_receiver_that_never_answers_delays_neither_the_desk_nor_others() -> None:
    """The loop goes on, the other receiver gets all; the queue is bounded, and counts."""

    async def run() -> None:
        dead, alive = Receiver(), Receiver()
        dead.hold()
        async with receiving(dead, alive):
            sent = Dispatched(dead, alive, closing_seconds=0.1)
            async with sent.running():
                sent.raise_one(AlertLevel.CRITICAL)
                for _ in range(3 * MOST_WAITING):
                    sent.raise_one(AlertLevel.INFO)
                await until(
                    lambda: "alert 1" in alive.received[0]["message"] if alive.received else False
                )
                await until(lambda: len(alive.received) == MOST_WAITING)
                await until(lambda: dead.requests > 1)
                await until(lambda: sent.dispatcher.waiting == MOST_WAITING)
                dead.answer()
                await until(lambda: len(dead.received) >= 2)
            bodies = [each["message"] for each in alive.received]
        assert bodies[0].startswith("alert 1\n")
        assert "201 alerts dropped before this one" in bodies[0]
        assert any(each.startswith("alert 301\n") for each in bodies)
        masked = "alerts: json://***: not taken, or not reached; trying again"
        assert masked in sent.lines
        assert "hunter2" not in "".join(sent.lines)

    run_watching(run())


def test_a_network_that_refuses_is_tried_until_it_takes_the_alert() -> None:
    """The first failure is one line, and so is the end of it."""

    async def run() -> None:
        receiver = Receiver()
        async with receiving(receiver):
            pass
        sent = Dispatched(receiver)
        async with sent.running():
            sent.raise_one()
            await until(lambda: sent.lines)
            async with receiving(receiver):
                await until(lambda: receiver.received)
                await until(lambda: len(sent.lines) == 2)
        assert sent.lines == [
            "alerts: json://***: not taken, or not reached; trying again",
            "alerts: json://*** takes them again",
        ]

    run_watching(run())


def test_the_end_of_a_session_waits_a_bounded_time_for_a_dead_network() -> None:
    """What could not be sent is counted; the critical one was tried first."""

    async def run() -> None:
        receiver = Receiver()
        receiver.hold()
        async with receiving(receiver):
            sent = Dispatched(receiver, closing_seconds=0.2)
            async with sent.running():
                sent.raise_one()
                sent.raise_one()
            assert "alerts: 2 alerts not sent" in sent.lines

    run_watching(run(), seconds=30)


def test_a_process_that_is_killed_is_started_again_and_loses_nothing() -> None:
    """What it was sending is sent by the next one."""

    async def run() -> None:
        receiver = Receiver()
        receiver.hold()
        async with receiving(receiver):
            sent = Dispatched(receiver)
            async with sent.running():
                await until(lambda: sent.dispatcher.pid)
                first = sent.dispatcher.pid
                assert first is not None
                sent.raise_one()
                await until(lambda: receiver.requests)
                os.kill(first, signal.SIGKILL)
                # The receiver counts a request whose sender is gone too.
                await until(lambda: sent.dispatcher.pid not in (None, first))
                receiver.answer()
                await until(lambda: receiver.received)
        assert "alerts: the process that sends them ended; starting another" in sent.lines
        assert receiver.received[-1]["message"].startswith("alert 1\n")

    run_watching(run())


def test_a_wrong_url_is_named_at_the_start_without_its_secrets() -> None:
    """By its place and scheme; of a service that does not exist, and one that lacks a part."""

    async def run(url: str) -> str:
        settings = AlertSettings(urls=["json://127.0.0.1:1", url])
        dispatcher = AlertDispatcher(settings, "first", WallClock().wall_ns, print)
        with pytest.raises(ConfigError) as refusal:
            async with dispatcher.running():
                pass
        return str(refusal.value)

    problem = "apprise knows no such service, or a part is missing"
    assert run_watching(run("jsn://hunter2@h")) == f"alert.urls[1] (jsn://***): {problem}"
    assert run_watching(run("tgram://hunter2")) == f"alert.urls[1] (tgram://***): {problem}"
