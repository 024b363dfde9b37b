"""The page of a session, read as a browser reads it: its stream, its files, an operator's words."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import NamedTuple

import aiohttp
import msgspec

from live.watch.operator_words import WordAnswer
from live.watch.session_poll import Absent
from live.watch.web_access import WebRole
from strategies.trading.snapshot.snapshot_types import EventDetail, EventSummary, SessionView
from tests.trials.processes import wait

_ADDRESS = re.compile(r"^(\w+) +(http://\S+/)\?token=(\S+)$", re.MULTILINE)
_LOOK_SECONDS = 1.0
_LATE_SECONDS = 10.0
# A state with many events is one line of the stream.
_LINE_BYTES = 1 << 22
_FIRST_PARTS = ("", "files/page.js", "files/page.css", "api/role")

Update = SessionView | EventDetail | Absent

_ABSENT = b'{"kind":"absent"'


class _NotDoneError(Exception):
    """The page refuses words; its text says why."""


class PageState(NamedTuple):
    """What the page showed at one moment, in seconds of the caller's clock.

    `absent` is why it showed no session, empty if it did; the other figures are zero then.
    """

    seconds: float
    absent: str = ""
    state: str = ""
    feed_lost: bool = False
    gaps: int = 0
    refused: int = 0
    placing_high_ns: int = 0
    quoted: int = 0
    open_wagers: int = 0
    alarms: tuple[str, ...] = ()


class PageLook(NamedTuple):
    """One part of the page that was asked for, and how long the answer took."""

    seconds: float
    part: str
    took_seconds: float
    problem: str


class WatchedPage:
    """Reads the page of one session for as long as it is open, and keeps what it showed."""

    def __init__(self, printed: str, now: Callable[[], float]) -> None:
        """Use the addresses that `watch --web` printed; `now` is the time in seconds."""
        found = {role: (root, token) for role, root, token in _ADDRESS.findall(printed)}
        self._root = found[WebRole.VIEWER][0]
        self._tokens = {role: found[role][1] for role in WebRole}
        self._now = now
        self._clients: dict[WebRole, aiohttp.ClientSession] = {}
        self._rows: dict[str, EventSummary] = {}
        self.states: list[PageState] = []
        self.looks: list[PageLook] = []

    @property
    def events(self) -> list[EventSummary]:
        """Return the events as last shown."""
        return list(self._rows.values())

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Open both addresses, and read the viewer's until the context ends."""
        jars = {role: aiohttp.CookieJar(unsafe=True) for role in WebRole}
        limit = aiohttp.ClientTimeout(total=None, sock_connect=_LATE_SECONDS)
        self._clients = {
            role: aiohttp.ClientSession(cookie_jar=jar, read_bufsize=_LINE_BYTES, timeout=limit)
            for role, jar in jars.items()
        }
        tasks = []
        try:
            for role, client in self._clients.items():
                async with client.get(self._root, params={"token": self._tokens[role]}):
                    pass
            tasks = [asyncio.create_task(each) for each in (self._follow(), self._look_around())]
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for client in self._clients.values():
                await client.close()

    # Reading ----------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Keep every state of the stream; open it again where it ends, as a browser does."""
        while True:
            with suppress(aiohttp.ClientError):
                async for update in self._updates(""):
                    self._keep(update)
            await wait(_LOOK_SECONDS)

    async def _updates(self, query: str) -> AsyncIterator[Update]:
        client = self._clients[WebRole.VIEWER]
        async with client.get(f"{self._root}api/session{query}") as answer:
            answer.raise_for_status()
            name = b""
            while line := await answer.content.readline():
                kind, _, text = line.rstrip(b"\n").partition(b": ")
                if kind == b"event":
                    name = text
                elif kind == b"data":
                    yield _decoded(name, text)

    def _keep(self, update: Update) -> None:
        if isinstance(update, Absent):
            self._rows = {}
            self.states.append(PageState(self._now(), absent=update.reason))
        elif isinstance(update, SessionView):
            self._rows |= {row.event_id: row for row in update.events}
            self.states.append(self._shown(update))

    def _shown(self, view: SessionView) -> PageState:
        markets = [market for row in self._rows.values() for market in row.markets]
        feed, counts, placing = view.feed, view.counts, view.placing
        assert feed is not None, "a session has a feed"
        assert counts is not None, "a session counts its requests"
        return PageState(
            self._now(),
            state=view.desk.state.state,
            feed_lost=view.desk.is_feed_lost or any(row.is_feed_lost for row in self.events),
            gaps=feed.gaps,
            refused=counts.refused,
            placing_high_ns=0 if placing is None else placing.high_ns,
            quoted=sum(not market.reasons for market in markets),
            open_wagers=view.desk.open_wagers,
            alarms=tuple(alarm.text for alarm in view.alarms),
        )

    async def _look_around(self) -> None:
        """Ask once a second for the parts of a page that opens now, an event's among them."""
        number = 0
        while True:
            for part in _FIRST_PARTS:
                await self._look(part, self._answered(part))
            if events := self.events:
                number += 1
                event_id = events[number % len(events)].event_id
                await self._look("event", self._event_answered(event_id))
            await wait(_LOOK_SECONDS)

    async def _look(self, part: str, answer: Awaitable[None]) -> None:
        began, problem = self._now(), ""
        try:
            async with asyncio.timeout(_LATE_SECONDS):
                await answer
        except (TimeoutError, aiohttp.ClientError, msgspec.MsgspecError) as error:
            problem = f"{type(error).__name__}: {error}"
        self.looks.append(PageLook(began, part or "page", self._now() - began, problem))

    async def _answered(self, part: str) -> None:
        async with self._clients[WebRole.VIEWER].get(f"{self._root}{part}") as answer:
            answer.raise_for_status()
            await answer.read()

    async def _event_answered(self, event_id: str) -> None:
        """Read a new stream until it has shown the event."""
        async for update in self._updates(f"?event={event_id}"):
            if isinstance(update, EventDetail | Absent):
                return

    # Operating --------------------------------------------------------------------------------

    async def say(self, name: str, *words: str) -> str:
        """Give words as an operator, asked twice; return what was done, or why nothing was.

        Raise AssertionError if the first request is not asked back.
        """
        try:
            asked = await self._word(name, words, "")
            assert asked.question, f"{words} were not asked back"
            assert not asked.lines, f"{words} were done at once"
            done = await self._word(name, words, asked.code)
        except _NotDoneError as refusal:
            return str(refusal)
        return done.lines[0]

    async def refuses_viewer(self) -> bool:
        """Return whether the viewer's address may not operate."""
        body = {"name": "viewer", "words": ["halt"], "code": ""}
        client = self._clients[WebRole.VIEWER]
        async with client.post(f"{self._root}api/word", json=body) as answer:
            return answer.status == HTTPStatus.FORBIDDEN

    async def _word(self, name: str, words: tuple[str, ...], code: str) -> WordAnswer:
        body = {"name": name, "words": words, "code": code}
        client = self._clients[WebRole.OPERATOR]
        async with client.post(f"{self._root}api/word", json=body) as answer:
            text = await answer.read()
            if answer.status != HTTPStatus.OK:
                raise _NotDoneError(text.decode())
            return msgspec.json.decode(text, type=WordAnswer)


def _decoded(name: bytes, text: bytes) -> Update:
    """Return what an event of the stream shows."""
    if text.startswith(_ABSENT):
        return msgspec.json.decode(text, type=Absent)
    if name == b"event":
        return msgspec.json.decode(text, type=EventDetail)
    return msgspec.json.decode(text, type=SessionView)
