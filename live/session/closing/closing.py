"""Leaves nothing open: cancels until the exchange confirms it, for a stated time.

Every end of a session goes through `Closing`, the start of one too, and the verbs and processes
that cancel without a session.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from typing import Annotated, TypeVar

from msgspec import Meta

from live.retry_pauses import retry_seconds
from live.session.gateway import Notify, OpenWager, OpenWagers
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ExchangeError
from strategies.trading.model.settings import PositiveSeconds

# Between two looks for a placement that may still arrive.
_LATE_PAUSE_SECONDS = 1
# Rounds that ask for everything at once, before single events and then single wagers are asked for.
_ROUNDS_AT_ONCE, _ROUNDS_BY_EVENT = 1, 2
_MOST_NAMED = 20

ClosingSeconds = Annotated[
    PositiveSeconds,
    Meta(description="For how long the end of a session tries to cancel everything."),
]

T = TypeVar("T")


class Closing:
    """Cancels everything on an account, and asks again until the exchange confirms it.

    Confirmed is: a request to cancel everything found nothing, and the list of open wagers is
    empty; or, where that request keeps failing, two lists in a row are empty. A placement without
    a response is waited for as long as it may still be executed.
    """

    def __init__(
        self, wagers: OpenWagers, notify: Notify, seconds: float, *, remedy: str = ""
    ) -> None:
        """Prepare to try for some seconds; `remedy` says what comes after them, or what to do."""
        self._wagers = wagers
        self._notify = notify
        self._seconds = seconds
        self._remedy = remedy or "cancel them with python -m live cancel-all"
        self._open: Sequence[OpenWager] = ()
        self._failure = ""
        self._was_empty = False
        self._began: float | None = None
        self._confirmed = False

    @property
    def may_arrive(self) -> bool:
        """Return whether a placement that was not found may still be executed."""
        return bool(self._wagers.unanswered())

    async def run(self) -> None:
        """Return once nothing is open; raise ExchangeError, naming what is, when time is up."""
        if not await self.confirm():
            await self._give_up()

    async def confirm(self) -> bool:
        """Cancel until nothing is open; return whether the exchange confirmed it in time.

        Called again, it goes on: time began with the first call, and one round is made in any case.
        What goes wrong on the way is said, and not raised.
        """
        if self._confirmed:
            return True
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        self._open = self._open or self._wagers.known()
        number = 0
        while True:
            confirmed = await self._round(number)
            passed = loop.time() - self._began
            late = self._wagers.unanswered() if passed < self._wagers.late_seconds else ()
            pause = retry_seconds(number)
            if confirmed:
                # Only a placement is waited for, which would be matched as soon as it arrives.
                pause = min(pause, _LATE_PAUSE_SECONDS)
            is_over = passed + pause > self._seconds
            self._confirmed = confirmed and (is_over or not late)
            if self._confirmed or is_over:
                break
            self._say_what_is_open(late, pause)
            await asyncio.sleep(pause)
            number += not confirmed
        if self._confirmed:
            self._say_what_never_arrived()
        return self._confirmed

    async def _round(self, number: int) -> bool:
        """Cancel, and look what is open; return whether it is confirmed that nothing is."""
        self._failure = ""
        found_any = await self._result(self._wagers.cancel_all())
        if self._open and (found_any is None or number >= _ROUNDS_AT_ONCE):
            await self._cancel_singly(number)
        listed = await self._result(self._wagers.listed())
        if listed is None:
            self._was_empty = False
            return False
        self._open = listed
        was_empty, self._was_empty = self._was_empty, not listed
        return not listed and (found_any is False or (found_any is None and was_empty))

    async def _cancel_singly(self, number: int) -> None:
        """Cancel by event; from a later round on, or where the event is unknown, each wager."""
        events = dict.fromkeys(w.event_id for w in self._open if w.event_id is not None)
        requests = [self._wagers.cancel_event(event_id) for event_id in events]
        await asyncio.gather(*map(self._result, requests))
        by_wager = number >= _ROUNDS_BY_EVENT
        single = [wager for wager in self._open if by_wager or wager.event_id is None]
        await asyncio.gather(*map(self._result, map(self._wagers.cancel_wager, single)))

    async def _result(self, request: Awaitable[T]) -> T | None:
        """Return the result of a request, None if it failed; the reason is kept for messages."""
        try:
            return await request
        except Exception as error:
            self._failure = str(error) or type(error).__name__
            return None

    async def _give_up(self) -> None:
        texts = await self._result(self._wagers.texts(self._open)) or []
        for text in _at_most(texts):
            self._say(f"still open: {text}")
        what = (
            f"{counted(len(self._open), 'wager')} still open"
            if self._open
            else "whether wagers are open is not known"
        )
        first = f", first {texts[0]}" if texts else ""
        why = f" ({self._failure})" if self._failure else ""
        where = f"{self._wagers.venue_name} after {self._seconds:g} s"
        message = f"{what} at {where}{first}{why}; {self._remedy}"
        raise ExchangeError(message)

    def _say_what_is_open(self, late: Sequence[str], pause: float) -> None:
        again = f"trying again in {pause:g} s"
        why = f" ({self._failure})" if self._failure else ""
        if self._open:
            self._say(f"{counted(len(self._open), 'wager')} still open, {again}{why}")
        elif late:
            waiting = counted(len(late), "placement")
            self._say(
                f"{waiting} without a response may still arrive, looking again in {pause:g} s"
            )
        elif self._failure:
            self._say(
                f"{self._wagers.venue_name} does not confirm that nothing is open, {again}{why}"
            )

    def _say_what_never_arrived(self) -> None:
        name, seconds = self._wagers.venue_name, self._wagers.late_seconds
        for text in self._wagers.unanswered():
            self._say(
                f"{text}: had no response and was not found for {seconds:g} s; if {name} executes "
                "it later, it is open: look again with python -m live status"
            )

    def _say(self, line: str) -> None:
        # A line that nobody can read must not stop the cancelling.
        with suppress(Exception):
            self._notify(line)


def _at_most(texts: Sequence[str]) -> Iterable[str]:
    """Return the texts that are named one by one, and how many more there are."""
    more = len(texts) - _MOST_NAMED
    return [*texts[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
