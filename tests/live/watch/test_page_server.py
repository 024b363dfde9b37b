"""The server of the page: who is let in, what is asked back, and what it reads of other moments."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from conf.compose import build_parts
from live.__main__ import main
from live.watch.journaled_wagers import JournaledWagers
from live.watch.page_server import PageServer
from live.watch.web_access import WebRole
from strategies.trading.model.events import EventPaused, TradingStateSet
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import opposite
from tests.event_loops import until
from tests.fixture_types import Compose, RunMain
from tests.live.session.controlled_session import ControlledSession
from tests.live.session.toy_exchange import GAME

WORDS = ("mode=live", "strategy.quote_refresh_seconds=0", "strategy.default_stake=10")
PAIR = f"{GAME}:1:0"

Scenario = Callable[["Visitor", ControlledSession], Awaitable[None]]
Visit = Callable[[Scenario], None]


class Visitor:
    """A program that sends requests to the server as a browser does."""

    def __init__(self, server: PageServer, address: str, client: aiohttp.ClientSession) -> None:
        """Send requests to a server."""
        self.server = server
        self.address = address
        self.client = client

    async def come_in(self, role: WebRole) -> None:
        """Open the address of a role, as a person does first."""
        async with self.client.get(self.address, params={"token": self.server.access.tokens[role]}):
            pass

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Return status and body of a page."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.get(f"{self.address}{path}", headers=sent) as answer:
            return answer.status, await answer.text()

    async def word(self, *words: str, name: str = "Ann", code: str = "") -> tuple[int, Any]:
        """Return status and answer to words."""
        body = {"name": name, "words": words, "code": code}
        async with self.client.post(f"{self.address}api/word", json=body) as answer:
            return answer.status, await answer.json()

    async def first_update(self, query: str = "") -> Any:
        """Return the first state of the stream."""
        async with self.client.get(f"{self.address}api/session{query}") as answer:
            while not (line := await answer.content.readline()).startswith(b"data: "):
                assert line, "the stream has ended"
            return json.loads(line.removeprefix(b"data: "))


@pytest.fixture
def visit(compose_settings: Compose, tmp_path: Path) -> Visit:
    """Return the function that plays a scenario between a visitor and a toy session."""

    def play(scenario: Scenario) -> None:
        controlled = ControlledSession(build_parts(compose_settings(*WORDS)), tmp_path)

        async def meanwhile(session: ControlledSession) -> None:
            await session.quoting()
            server = PageServer(session.folder, tmp_path)
            # A browser keeps cookies of an address without a name, which this library does not.
            jar = aiohttp.CookieJar(unsafe=True)
            async with (
                server.listening(0) as address,
                aiohttp.ClientSession(cookie_jar=jar) as client,
            ):
                await scenario(Visitor(server, address, client), session)

        controlled.run(meanwhile)

    return play


def test_without_a_token_the_answer_is_401_and_no_word_more(visit: Visit) -> None:
    """Neither a page nor a file nor the stream is there for one who has none, or a wrong one."""

    async def scenario(visitor: Visitor, _: ControlledSession) -> None:
        for path in ("", "files/page.js", "api/session", "?token=wrong", "no-such-page"):
            assert await visitor.get(path) == (401, ""), path
        await visitor.come_in(WebRole.VIEWER)
        status, text = await visitor.get("")
        assert (status, "<main" in text) == (200, True)

    visit(scenario)


def test_another_page_of_the_same_browser_reaches_nothing(visit: Visit) -> None:
    """Even with the cookie: a request with another host or origin, or from elsewhere, gets 401."""

    async def scenario(visitor: Visitor, _: ControlledSession) -> None:
        await visitor.come_in(WebRole.OPERATOR)
        assert await visitor.get("", Host="evil.example") == (401, "")
        assert await visitor.get("", Origin="http://evil.example") == (401, "")
        assert await visitor.get("", Sec_Fetch_Site="cross-site") == (401, "")
        assert (await visitor.get("", Origin=visitor.address.rstrip("/")))[0] == 200

    visit(scenario)


def test_a_word_is_asked_back_and_then_done_under_the_name(visit: Visit) -> None:
    """The first request changes nothing; a wrong code, or other words with a right one, neither."""

    async def scenario(visitor: Visitor, session: ControlledSession) -> None:
        await visitor.come_in(WebRole.OPERATOR)
        assert (await visitor.word("pause", GAME, name=" "))[0] == 400
        status, asked = await visitor.word("pause", GAME)
        assert (status, "Withdraw the quotes" in asked["question"]) == (200, True)
        assert (await visitor.word("pause", GAME, code="wrong"))[0] == 400
        assert (await visitor.word("halt", code=asked["code"]))[0] == 400
        assert not session.journaled(EventPaused)
        _, asked = await visitor.word("pause", GAME)
        status, done = await visitor.word("pause", GAME, code=asked["code"])
        assert (status, "paused A at H by Ann, through" in done["lines"][0]) == (200, True)
        await session.quoting(0)
        # Each code is good for once.
        assert (await visitor.word("pause", GAME, code=asked["code"]))[0] == 400
        (paused,) = session.journaled(EventPaused)
        assert paused.operator.startswith("Ann, through ")

    visit(scenario)


def test_a_viewer_gives_no_word(visit: Visit) -> None:
    """The request is refused with the reason, and the session goes on."""

    async def scenario(visitor: Visitor, session: ControlledSession) -> None:
        await visitor.come_in(WebRole.VIEWER)
        status, answer = await visitor.word("halt")
        assert (status, "may only look" in answer["error"]) == (403, True)
        assert not session.journaled(TradingStateSet)

    visit(scenario)


def test_the_stream_has_the_session_and_says_what_is_unknown(visit: Visit) -> None:
    """The first message is the whole state; of an unknown event it says so."""

    async def scenario(visitor: Visitor, session: ControlledSession) -> None:
        await visitor.come_in(WebRole.VIEWER)
        state = await visitor.first_update()
        assert [row["name"] for row in state["events"]] == ["A at H"]
        for path in ("api/event/99/track?pair=1", "api/event/99/moment?at=5"):
            status, text = await visitor.get(path)
            assert (status, "'99'" in text) == (400, True)
        assert "name a time" in (await visitor.get(f"api/event/{GAME}/moment?at=now"))[1]

    visit(scenario)


def test_an_earlier_moment_has_the_book_and_our_wagers_of_then(visit: Visit) -> None:
    """What was open and what was matched is that of the moment, not of the present."""

    async def scenario(visitor: Visitor, session: ControlledSession) -> None:
        await visitor.come_in(WebRole.VIEWER)
        first = next(iter(session.toy.open_wagers.values()))
        session.toy.fill(WagerRef(first.ref))
        await until(lambda: first.ref not in session.toy.open_wagers)
        # The tape reaches as far as its last message.
        session.toy.market.restore_feed()
        session.toy.market.end_segment()
        _, text = await visitor.get(f"api/event/{GAME}/track?pair={PAIR}")
        track = json.loads(text)
        assert [fill[3] for fill in track["fills"]] == [first.stake_cents]
        placed_ns = track["quotes"][0][0]
        _, text = await visitor.get(f"api/event/{GAME}/moment?at={placed_ns + 1}")
        moment = json.loads(text)
        (pair,) = moment["pairs"]
        assert [level["odds"] for level in pair["first"]["offers"]] == [-110]
        side = pair["first" if first.line_id == pair["first"]["line_id"] else "second"]
        assert [wager["ref"] for wager in side["wagers"]] == [first.ref]
        assert (side["matched_cents"], side["open_cents"]) == (0, first.stake_cents)
        # To takers it was an offer of what it can win, at the opposite odds.
        wagers = JournaledWagers(session.folder)
        wagers.refresh()
        offered = profit_cents(first.stake_cents, first.odds)
        filled_ns = track["fills"][0][0]
        assert wagers.shown(first.line_id, filled_ns - 1) == {opposite(first.odds): offered}

    visit(scenario)


def test_wrong_words_of_the_command_are_one_line(run_main: RunMain, tmp_path: Path) -> None:
    """A session that does not exist, a port that cannot be, and a setting are named."""
    for words, message in (
        (["session.name=x"], "watch: sessions/x: there is no session"),
        (["--web"], "session.name: name one session"),
        (["--web", "session.name=none"], "sessions/none: there is no session"),
        (["--web", "--port", "70000", "session.name=x"], "--port 70000: name a port"),
        (["--web", "--port", "x", "session.name=x"], "invalid int value: 'x'"),
        (["--web", "--folder", "."], "--folder .: nothing there can be watched"),
    ):
        outcome = run_main(main, tmp_path, "watch", *words)
        assert (outcome.status, message in outcome.err[0]) == (2, True), outcome.err
