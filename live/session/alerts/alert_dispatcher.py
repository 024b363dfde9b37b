"""Sends the alerts of a session, through a process of its own, to persons who are elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn

from msgspec.structs import replace

from live.retry_pauses import retry_seconds
from live.session.alerts.alert import Alert
from live.session.alerts.alert_connection import AlertConnection, AlertConnectionLostError
from live.session.alerts.alert_filter import AlertFilter
from live.session.alerts.alert_messages import Send, TargetRefused, TargetsReady
from live.session.alerts.alert_queue import AlertQueue
from live.session.alerts.alert_settings import AlertSettings
from live.session.gateway import Notify
from live.wall_clock import utc_text
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError

# Alerts that wait for each receiver.
MOST_WAITING = 100
_READY_SECONDS = 30.0
_LOOK_SECONDS = 1.0
# At the end of a session, when nothing is open any more.
_CLOSING_SECONDS = 10.0


class AlertDispatcher:
    """Takes alerts at any time, at once and without an error, and has them sent.

    Each receiver has a queue of its own, so that one that is dead holds up no other. What fails is
    tried again for as long as the session runs. The process that sends is started again when it
    ends. `notify` receives lines on receivers that take nothing, each once until they do again.
    """

    def __init__(
        self,
        settings: AlertSettings,
        heading: str,
        now_ns: Callable[[], int],
        notify: Notify,
        closing_seconds: float = _CLOSING_SECONDS,
    ) -> None:
        """Prepare; titles begin with `heading`, and `now_ns` is the session's time.

        At the end, `closing_seconds` is the most that it waits for what is not sent yet.
        """
        self._settings = settings
        self._heading = heading
        self._now_ns = now_ns
        self._notify = notify
        self._closing_seconds = closing_seconds
        self._filter = AlertFilter(settings)
        self._names = settings.names()
        self._queues = [AlertQueue(MOST_WAITING) for _ in settings.urls]
        self._failures = [0] * len(self._queues)
        self._connection: AlertConnection | None = None
        self._connected = asyncio.Event()
        self._filled = [asyncio.Event() for _ in self._queues]
        self._sent = asyncio.Event()
        self._wanted = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Return the number of the process that sends, None without one."""
        return None if self._connection is None else self._connection.pid

    @property
    def waiting(self) -> int:
        """Return how many alerts are not sent yet, over all receivers."""
        return sum(map(len, self._queues))

    def send(self, alert: Alert) -> None:
        """Take an alert that happens now."""
        self._enqueue(self._filter.admit(replace(alert, at_ns=self._now_ns())))

    @asynccontextmanager
    async def running(self, *, checks: bool = True) -> AsyncIterator[None]:
        """Send alerts within the context; raise ConfigError if a URL is wrong.

        The end waits a short time for what is not sent yet. Without `checks` the process starts
        only with the first alert.
        """
        if not self._queues:
            yield
            return
        first = await self._first_connection() if checks else None
        if checks:
            self._wanted.set()
        work = [self._keep_connected(first), self._look()]
        work += [self._serve(target) for target in range(len(self._queues))]
        tasks = [asyncio.create_task(self._reported(each)) for each in work]
        try:
            yield
        except asyncio.CancelledError:
            # Stopped at once.
            raise
        except BaseException:
            await self._send_rest()
            raise
        else:
            await self._send_rest()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _reported(self, work: Coroutine[Any, Any, NoReturn]) -> None:
        """Do a part of the work; an error of it ends that part, and nothing else."""
        try:
            await work
        except Exception as error:
            self._notify(f"alerts: some are not sent any more ({type(error).__name__}: {error})")

    # The process ------------------------------------------------------------------------------

    async def _first_connection(self) -> AlertConnection | None:
        """Start the process, and raise ConfigError if it refuses a URL.

        That it does not start is no reason not to trade; it is tried again later.
        """
        try:
            connection = await AlertConnection.start(self._settings.urls)
        except OSError as error:
            self._notify(f"alerts: no process can be started ({error.strerror}); trying again")
            return None
        answer = None
        try:
            async with asyncio.timeout(_READY_SECONDS):
                answer = await connection.first_answer()
        except TimeoutError:
            self._notify(f"alerts: not ready within {_READY_SECONDS:g} s; trying again")
        except asyncio.CancelledError:
            connection.close()
            raise
        if isinstance(answer, TargetsReady):
            return connection
        connection.close()
        if isinstance(answer, TargetRefused):
            raise ConfigError(self._refusal(answer))
        return None

    def _refusal(self, answer: TargetRefused) -> str:
        if answer.target < 0:
            return f"alert.urls: {answer.reason}"
        return f"alert.urls[{answer.target}] ({self._names[answer.target]}): {answer.reason}"

    async def _keep_connected(self, first: AlertConnection | None) -> NoReturn:
        """Have a process that sends, until cancelled."""
        loop, failures, connection = asyncio.get_running_loop(), 0, first
        await self._wanted.wait()
        while True:
            began = loop.time()
            if connection is None:
                with suppress(OSError):
                    connection = await self._next_connection()
            if connection is not None:
                await self._use(connection)
                connection = None
                self._notify("alerts: the process that sends them ended; starting another")
            # One that ran for long did not end because of how it was started.
            failures = 0 if loop.time() - began > _READY_SECONDS else failures + 1
            await asyncio.sleep(retry_seconds(failures))

    async def _next_connection(self) -> AlertConnection | None:
        connection = await AlertConnection.start(self._settings.urls)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                if isinstance(await connection.first_answer(), TargetsReady):
                    return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None

    async def _use(self, connection: AlertConnection) -> None:
        """Let the queues use a connection until it is lost."""
        self._connection = connection
        self._connected.set()
        try:
            await connection.run()
        finally:
            self._connected.clear()
            self._connection = None
            connection.close()

    # The queues -------------------------------------------------------------------------------

    def _enqueue(self, alerts: list[Alert]) -> None:
        for alert in alerts:
            self._wanted.set()
            for queue, filled in zip(self._queues, self._filled, strict=True):
                queue.add(alert)
                filled.set()

    async def _look(self) -> NoReturn:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._enqueue(self._filter.due(self._now_ns()))

    async def _serve(self, target: int) -> NoReturn:
        """Send the alerts of one queue, until cancelled."""
        queue = self._queues[target]
        while True:
            while not queue:
                self._filled[target].clear()
                await self._filled[target].wait()
            await self._connected.wait()
            number, alert = queue.first()
            problem = await self._try(target, number, alert)
            if problem:
                queue.tried(number)
                self._report(target, problem)
                await asyncio.sleep(retry_seconds(self._failures[target] - 1))
                continue
            queue.remove(number)
            if self._failures[target]:
                self._failures[target] = 0
                self._notify(f"alerts: {self._names[target]} takes them again")
            self._sent.set()

    async def _try(self, target: int, number: int, alert: Alert) -> str:
        """Return the problem with sending an alert, empty once it is sent."""
        connection, dropped = self._connection, self._queues[target].dropped
        if connection is None:
            return "the process that sends ended"
        body = f"{alert.text}\n{utc_text(alert.at_ns)}"
        if dropped:
            body += f"\n{counted(dropped, 'alert')} dropped before this one"
        title = f"{self._heading}: {alert.kind} ({alert.level.name.lower()})"
        try:
            problem = await connection.send(Send(target, number, alert.level, title, body))
        except AlertConnectionLostError:
            return "the process that sends ended"
        if not problem:
            self._queues[target].dropped -= dropped
        return problem

    def _report(self, target: int, problem: str) -> None:
        self._failures[target] += 1
        if self._failures[target] == 1:
            self._notify(f"alerts: {self._names[target]}: {problem}; trying again")

    async def _send_rest(self) -> None:
        """Wait a short time for what is not sent yet, and say what is not."""
        self._enqueue(self._filter.close(self._now_ns()))
        try:
            async with asyncio.timeout(self._closing_seconds):
                while self.waiting:
                    self._sent.clear()
                    await self._sent.wait()
        except TimeoutError:
            self._notify(f"alerts: {counted(self.waiting, 'alert')} not sent")
