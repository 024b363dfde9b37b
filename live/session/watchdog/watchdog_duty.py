"""What a watchdog does: it waits for heartbeats, and cancels everything when they cease."""

import asyncio
from contextlib import suppress

from live.retry_pauses import LATE_LOOK_SECONDS
from live.session.admission.trading_lock import LockHolder, TradingLock
from live.session.alerts.alert import Alert, AlertLevel
from live.session.closing.closing import Closing
from live.session.gateway import OpenWagers
from live.session.monitoring.announcer import Announcer
from live.session.watchdog.heartbeats import (
    Acting,
    Beat,
    Closed,
    Hello,
    WatchMessage,
    line_of,
    receive,
)
from strategies.trading.model.counted import counted

# How often the present state is checked, within the time without a heartbeat.
_CHECKS = 20
# For how long it cancels before it begins with short pauses again.
_CLOSING_SECONDS = 60.0
# After nothing was open. A session that is gone does not say what it placed last, so the watchdog
# looks longer than the session would.
_LOOK_AGAIN = (*LATE_LOOK_SECONDS, 15)


class WatchdogDuty:
    """Guards one session until it has closed, or is gone with nothing open."""

    def __init__(
        self,
        hello: Hello,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        account: OpenWagers,
        lock: TradingLock | None,
        notify: Announcer,
        patience_seconds: float | None = None,
    ) -> None:
        """Wait for the first heartbeat; the time without one counts from there.

        With `patience_seconds` it gives up when the exchange does not confirm within that time
        that nothing is open; without, never.
        """
        self._hello = hello
        self._reader = reader
        self._writer = writer
        self._account = account
        self._lock = lock
        self._notify = notify
        self._patience_seconds = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._last: float | None = None
        self._acted = False
        self._closed = False
        self._may_arrive = False
        self._gone = False
        self._ended = asyncio.Event()

    @property
    def description(self) -> str:
        """Return the session in words."""
        return f"session {self._hello.session!r} (process {self._hello.pid})"

    async def run(self) -> None:
        """Return once the session has closed, or is gone and nothing of it is open.

        Nothing is notified of a session that closes by itself.
        """
        receiving = asyncio.create_task(self._receive())
        try:
            while (reason := await self._until_needed()) is not None:
                await self._clean(reason)
                if self._gone:
                    return
        except TimeoutError:
            self._alert(f"gives up: {self._account.venue_name} is gone, and its wagers with it")
        finally:
            receiving.cancel()
            self._writer.close()

    # The session ------------------------------------------------------------------------------

    async def _receive(self) -> None:
        while (message := await receive(self._reader)) is not None:
            match message:
                case Beat():
                    self._last = self._loop.time()
                    # Once it has acted, the session must not trust it again: it has to end.
                    if not self._acted:
                        self._send(message)
                case Closed(may_arrive=may_arrive):
                    self._closed = not may_arrive
                    self._may_arrive = may_arrive
                    self._ended.set()
        self._gone = True
        self._ended.set()

    def _send(self, message: WatchMessage) -> None:
        self._writer.write(line_of(message))

    async def _until_needed(self) -> str | None:
        """Return why everything must be cancelled, None once the session has closed."""
        silence_seconds = self._hello.silence_seconds
        while not self._closed:
            if self._gone and self._may_arrive:
                return "it ended, and a placement without a response may still arrive"
            if self._gone:
                return "it ended and did not report that nothing is open"
            if self._last is not None and self._loop.time() - self._last > silence_seconds:
                self._last = None
                return f"no heartbeat for {silence_seconds:g} s"
            await self._pause(silence_seconds / _CHECKS)
        return None

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the session is known to have ended."""
        if self._ended.is_set():
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    # Cancelling -------------------------------------------------------------------------------

    async def _clean(self, reason: str) -> None:
        """Cancel everything until nothing is open, and look again later."""
        self._acted = True
        self._send(Acting(reason))
        began = self._loop.time()
        cancelling = asyncio.create_task(self._cancel_until_empty())
        if self._lock is not None:
            hello = self._hello
            self._lock.describe(LockHolder(hello.session, hello.folder, hello.pid, True))
        self._alert(f"{self.description}: {reason}; cancelling everything")
        await cancelling
        self._alert(f"nothing is open, after {self._loop.time() - began:.1f} s")
        await self._look_again()

    def _alert(self, text: str) -> None:
        self._notify.alert(Alert("watchdog", AlertLevel.CRITICAL, text, text))

    async def _cancel_until_empty(self) -> None:
        """Try until the exchange confirms that nothing is open; raise TimeoutError to give up."""
        async with asyncio.timeout(self._patience_seconds):
            while not await Closing(self._account, self._notify, _CLOSING_SECONDS).confirm():
                self._notify("not confirmed yet; going on")

    async def _look_again(self) -> None:
        """Cancel what arrives late. No session begins meanwhile: it might not look itself."""
        for seconds in _LOOK_AGAIN:
            await self._pause(seconds)
            if self._closed:
                return
            await self._cancel_late()
        self._notify("nothing arrived later")

    async def _cancel_late(self) -> None:
        try:
            late = await self._account.listed()
        except Exception as error:
            problem = f"what is open is not known ({type(error).__name__}: {error})"
        else:
            problem = f"{counted(len(late), 'wager')} arrived late" if late else ""
        if problem:
            self._alert(f"{problem}; cancelling")
            await self._cancel_until_empty()
