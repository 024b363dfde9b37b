"""A person at a running session: words through its socket, and what a restart and a replay keep."""

import asyncio
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_parts
from live.__main__ import main
from live.session.control.control_socket import user_text
from live.session.control.session_control import control, session_status
from live.session.control.settable_settings import SettableParts
from recordings.control_address import SOCKET_NAME
from recordings.local_socket import connect
from strategies.trading.model.errors import TradingError
from strategies.trading.model.events import (
    EventPaused,
    MarketPaused,
    QuotesPulled,
    SettingsChanged,
    TradingState,
    TradingStateSet,
)
from tests.event_loops import until
from tests.fixture_types import Compose, RunMain
from tests.live.session.controlled_session import ControlledSession
from tests.live.session.toy_exchange import GAME

WORDS = ("mode=live", "strategy.quote_refresh_seconds=0", "strategy.default_stake=10")


@pytest.fixture
def controlled(compose_settings: Compose, tmp_path: Path) -> ControlledSession:
    """Return sessions that quote $10 on both lines of one moneyline."""
    return ControlledSession(build_parts(compose_settings(*WORDS)), tmp_path)


def test_every_word_acts_at_once_and_is_journaled(controlled: ControlledSession) -> None:
    """Each is an input of the desk with who gave it, and a replay sends the same commands."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        await session.say("pause", "a at h")
        await session.quoting(0)
        await session.say("resume", GAME)
        await session.quoting()
        await session.say("pause", "A at H", "moneyline")
        await session.quoting(0)
        await session.say("resume", "H", "1")
        await session.quoting()
        before = set(session.toy.open_wagers)
        await session.say("pull", "1")
        await until(lambda: not before & set(session.toy.open_wagers))
        await session.say("set", "strategy.default_stake=7", "risk.max_position_size=300")
        await until(lambda: session.stakes() == {700})
        await session.say("pause")
        await session.quoting(0)
        await session.say("resume")
        await session.quoting()
        await session.say("reduce")
        await session.quoting(0)
        await session.say("halt", "the", "line", "moved")
        await session.say("resume", "all")
        await session.quoting()

    controlled.run(scenario)
    kinds = (TradingStateSet, EventPaused, MarketPaused, QuotesPulled, SettingsChanged)
    given = [event for event in controlled.journaled(*kinds) if event.operator]
    me = user_text(os.getuid())
    assert {event.operator for event in given} == {me}
    assert [type(event) for event in given].count(EventPaused) == 2
    assert [event.state for event in given if isinstance(event, TradingStateSet)] == [
        TradingState.PAUSED,
        TradingState.ACTIVE,
        TradingState.REDUCING,
        TradingState.HALTED,
        TradingState.ACTIVE,
    ]
    reasons = [getattr(event, "reason", "") for event in given]
    assert f"operator: the line moved by {me}" in reasons
    assert f"pulled the quotes of A at H by {me}" in controlled.lines
    assert controlled.replayed_commands(1) > 10


def test_a_state_that_a_person_set_is_one_line_with_his_name_once(
    controlled: ControlledSession,
) -> None:
    """It is an alert too, and would be a second line."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        for words in (("pause",), ("resume",), ("halt", "the wind turned"), ("resume",)):
            await session.say(*words)

    controlled.run(scenario)
    me = user_text(os.getuid())
    assert [line for line in controlled.lines if line.endswith(f"by {me}")] == [
        f"paused: by {me}",
        f"active: by {me}",
        f"halted: operator: the wind turned by {me}",
        f"active: by {me}",
    ]


def test_status_names_every_wager_and_limit(controlled: ControlledSession) -> None:
    """A person reads state, limits, game, market, book, wagers and the last halts."""
    shown: list[str] = []

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        ref = next(iter(session.toy.open_wagers))
        session.toy.fill(ref)
        await until(lambda: ref not in session.toy.open_wagers)
        await session.say("halt", "enough")
        await session.say("resume")
        named = "session.name=toy"
        words = (named, "set", "risk.max_event_exposure=123")
        assert (await asyncio.to_thread(control, words, session.home))[0].startswith("settings: ")
        shown.extend(await asyncio.to_thread(session_status, (named,), session.home))

    controlled.run(scenario)
    text = "\n".join(shown)
    for part in (
        "session     toy, start 1 at toy",
        "state       active: by ",
        "limit                                   used   permitted",
        "\nrisk.max_total_exposure   ",
        "\nrisk.max_stake_per_wager              $10.00     $250.00\n",
        "\nrisk.max_rejections_in_row                 0          10\n",
        "\nrisk.max_commands_per_second    ",
        " s ago, of 900 s (risk.max_feed_age_seconds)",
        "at risk $10.00 of $2,500.00 (risk.max_position_size)",
        "changed     risk.max_event_exposure=123",
        "UTC operator: enough",
        "A at H\n  game 1, not started, starts ",
        "of $123.00 (risk.max_event_exposure)",
        "  moneyline (market 1): ",
        "    H: fair 50.0 %, ",
        "      offered $1,000.00 at -110",
        " open: toy-",
        "if it wins",
        "placing     ",
    ):
        assert part in text, shown


WRONG: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "no word; there are status, pause"),
    (("paus",), "no word 'paus'; did you mean pause?"),
    (("reduce", "now"), "reduce: takes nothing after it here; got 'now'"),
    (("resume",), "the session is active; name a game"),
    (("pause", "Lakers"), "no game 'Lakers'; there are A at H (1)"),
    (("pause", "1", "spred"), "no market of A at H 'spred'; there are moneyline (1)"),
    (("pull", "a", "b", "c"), "pull: write pull [GAME [MARKET]]"),
    (("set",), "set: name a setting"),
    (("set", "risk.min_stake"), "set: 'risk.min_stake' is not NAME=VALUE"),
    (("set", "risk.max_event_exposre=5"), "did you mean risk.max_event_exposure?"),
    (("set", "risk.max_event_exposure=much"), "'much' is not a number of dollars"),
    (("set", "risk.min_stake=1e9"), "is above max_stake_per_wager"),
    (("set", "strategy.spread_margin=0.7"), "strategy.spread_margin: 0.7 is not a probability"),
    (("set", "strategy.quote_refresh_seconds=9"), "changes only at a start"),
    (("set", "strategy.__class__=1"), "strategy.__class__: no such setting"),
    (("set", "markets.types=1"), "markets.types: no such setting"),
    (("set", "risk.max_stake_per_wager=11", "risk.in_play=maybe"), "'maybe' is not true or"),
    (("set", "risk.max_event_exposure=1e308"), "'1e308' is too large"),
    (("set", "risk.max_event_exposure=" + "9" * 400), "is too large"),
    (("set", "strategy.spread_margin=nan"), "'nan' is too large, or no number"),
    (("reload",), "was not started from a command line"),
)


def test_a_wrong_word_is_one_line_and_changes_nothing(controlled: ControlledSession) -> None:
    """The line says what is wrong and what there is; nothing reaches the desk."""

    async def scenario(session: ControlledSession) -> None:
        for words, message in WRONG:
            answer = await session.refused(*words)
            assert message in answer
            assert "\n" not in answer

    controlled.run(scenario)
    given = controlled.journaled(EventPaused, MarketPaused, QuotesPulled, SettingsChanged)
    assert given == []


def test_what_a_person_set_holds_over_a_restart(
    controlled: ControlledSession, run_main: RunMain
) -> None:
    """Pauses and settings are inputs of the next start; `reload` takes those of the configuration.

    Between the starts the journal shows them.
    """

    async def first(session: ControlledSession) -> None:
        await session.say("set", "strategy.default_stake=7", "wagers.odds_tolerance_rungs=1")
        await session.say("set", "risk.max_stake_per_wager=5")
        await until(lambda: session.stakes() == {500})
        await session.say("pause", "1", "moneyline")

    async def second(session: ControlledSession) -> None:
        assert any("risk.max_stake_per_wager=5" in line for line in session.lines)
        status = "\n".join(await session.say("status"))
        assert ": market paused" in status
        await session.say("resume", "1", "moneyline")
        await until(lambda: session.stakes() == {500})
        session.parts = build_parts_with_stake(session.parts, 9)
        await session.say("reload")
        # What rests is kept, and what is lacking is added.
        await until(lambda: session.staked_cents() == 2 * 900)

    async def third(session: ControlledSession) -> None:
        await until(lambda: session.stakes() == {1_000})

    first_parts = controlled.parts
    controlled.run(first)
    outcome = run_main(main, controlled.home, "status", "session.name=toy")
    assert outcome.status == 0
    assert "is not running; this is what its journal says" in outcome.out[0]
    assert any("risk.max_stake_per_wager=5, by " in line for line in outcome.out)
    assert any("wagers.odds_tolerance_rungs=1, by " in line for line in outcome.out)
    assert any("A at H, moneyline, by " in line for line in outcome.out)
    assert "next start  trades" in outcome.out
    settable = ("risk", "strategy", "wagers")
    controlled.reread = lambda: SettableParts(*(controlled.parts[name] for name in settable))
    controlled.run(second)
    controlled.parts = first_parts
    for number in (1, 2):
        assert controlled.replayed_commands(number) > 0
    controlled.run(third)


@pytest.mark.parametrize("words", [("halt", "rain"), ("pause",), ("reduce",)])
def test_a_state_that_a_person_set_holds_until_one_resumes(
    controlled: ControlledSession, words: tuple[str, ...]
) -> None:
    """The next start begins in it and quotes nothing; a replay of that start agrees."""

    async def first(session: ControlledSession) -> None:
        await session.say(*words)
        await session.quoting(0)

    async def second(session: ControlledSession) -> None:
        state = (await session.say("status"))[1]
        assert state.split()[1].startswith({"halt": "halted"}.get(words[0], words[0][:5]))
        assert session.toy.open_wagers == {}
        await session.say("resume")
        await session.quoting()

    controlled.run(first)
    # The end of the session itself does not hide the state from those who look at it later.
    (row,) = [
        row for row in session_status(("session.name=toy",), controlled.home) if words[0][:5] in row
    ]
    assert row.startswith("next start  ")
    controlled.run(second)
    assert controlled.replayed_commands(2) > 0


def build_parts_with_stake(parts: dict[str, Any], dollars: int) -> dict[str, Any]:
    """Return parts whose strategy has another stake, as if a file had been edited."""
    strategy = parts["strategy"]
    changed = type(strategy)(strategy.func, **{**strategy.keywords, "default_stake": dollars})
    changed.part, changed.written = strategy.part, strategy.written
    return {**parts, "strategy": changed}


def test_only_the_owner_can_open_the_socket(controlled: ControlledSession) -> None:
    """Folder and socket are closed to others, and the socket is gone with its session."""
    path = controlled.folder / SOCKET_NAME

    async def scenario(session: ControlledSession) -> None:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_ISSOCK(path.stat().st_mode)

    controlled.run(scenario)
    assert not path.exists()


HOSTILE = {
    "no line": b"x" * 3_000,
    "a line without end": b"x" * 100_000,
    "no JSON": b"\xff\xfe\x00 nonsense\n",
    "no list": b'{"word": "halt"}\n',
    "no texts": b"[1, [2], {}]\n",
    "deep": b"[" * 4_000 + b"\n",
    "empty": b"\n",
}


def test_a_hostile_client_is_of_no_concern_to_the_session(controlled: ControlledSession) -> None:
    """Nonsense is refused, silence and too many clients are cut off; a person is still served."""

    async def scenario(session: ControlledSession) -> None:
        path = session.folder / SOCKET_NAME
        for sent in HOSTILE.values():
            assert b"a request is one short line" in await asyncio.to_thread(answer_to, path, sent)
        held = [socket.socket(socket.AF_UNIX) for _ in range(30)]
        for each in held:
            connect(each, path)
        with pytest.raises(TradingError, match="does not answer"):
            await session.say("status")
        for each in held:
            each.close()
        await until_served(session)
        await session.quoting()

    controlled.run(scenario)
    assert controlled.lines[-1] == "nothing is open at toy"


def answer_to(path: Path, sent: bytes) -> bytes:
    """Return all that the session sends to a client that ends what it sends."""
    with socket.socket(socket.AF_UNIX) as client:
        connect(client, path)
        try:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            # It was cut off, with an answer.
            pass
        return client.recv(4_096)


async def until_served(session: ControlledSession) -> None:
    """Ask until the session has noticed that the other clients are gone."""
    while True:
        try:
            assert await session.say("status")
        except TradingError:
            continue
        return


def test_a_session_that_is_not_there_is_one_line(tmp_path: Path, run_main: RunMain) -> None:
    """A wrong name, a missing one, and one that is not running: status 2, and what to do."""
    for verb in ("control", "status"):
        outcome = run_main(main, tmp_path, verb, "session.name=none", *["halt"][verb == "status" :])
        assert (outcome.status, len(outcome.err)) == (2, 1)
        assert "sessions/none: there is no session" in outcome.err[0]
    outcome = run_main(main, tmp_path, "control", "halt")
    assert "name one session, as in session.name=first" in outcome.err[0]


def test_words_for_a_session_that_ended_are_refused(
    controlled: ControlledSession, run_main: RunMain
) -> None:
    """Nothing is done, and the line says so."""

    async def scenario(session: ControlledSession) -> None:
        pass

    controlled.run(scenario)
    outcome = run_main(main, controlled.home, "control", "session.name=toy", "halt")
    assert outcome.status == 2
    assert "session toy is not running; nothing was done" in outcome.err[0]
    typo = run_main(main, controlled.home, "control", "session.name=tey", "halt")
    assert "did you mean session.name=toy?" in typo.err[0]
