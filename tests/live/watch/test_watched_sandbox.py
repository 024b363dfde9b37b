"""A sandbox that is watched by itself, without a session that trades there."""

import asyncio
from pathlib import Path

import pytest

from conf.compose import build_session
from live.session.control.control_socket import ask_session
from live.session.control.snapshot_client import read_event, read_session
from strategies.trading.model.errors import ConfigError
from strategies.trading.snapshot.snapshot_types import EventDetail, SessionView
from tests.conftest import composed
from tests.event_loops import run_watching

pytestmark = pytest.mark.slow

WORDS = ("mode=serve", "+experiment=nba", "sandbox.port=0", "sandbox.speed=20")


def test_a_sandbox_shows_its_books_and_takes_no_words() -> None:
    """What is offered there, priced; its folder is gone once it ends."""
    seen: list[Path] = []

    async def run() -> None:
        sandbox = build_session(composed(*WORDS, "watch=on"))
        async with sandbox.opened():
            assert sandbox.watch_folder is not None
            seen.append(sandbox.watch_folder)
            view, detail = await asyncio.to_thread(whole_state, sandbox.watch_folder)
            assert (view.session, view.desk.open_wagers, view.feed) == ("sandbox", 0, None)
            (moneyline, *_) = detail.markets
            (pair,) = moneyline.pairs
            assert pair.fair is not None
            assert pair.first.offers
            assert pair.second.offers
            with pytest.raises(ConfigError, match="a sandbox can only be watched"):
                await asyncio.to_thread(ask_session, sandbox.watch_folder, ["halt"])

    run_watching(run())
    assert not seen[0].exists()


def whole_state(folder: Path) -> tuple[SessionView, EventDetail]:
    """Return the state of a sandbox, and its only event."""
    view = read_session(folder)
    assert view is not None
    (event,) = view.events
    detail = read_event(folder, event.event_id)
    assert detail is not None
    return view, detail


def test_a_sandbox_is_not_watched_unless_it_is_asked_for() -> None:
    """It has no folder then, and no desk."""

    async def run() -> None:
        sandbox = build_session(composed(*WORDS))
        async with sandbox.opened():
            assert sandbox.watch_folder is None

    run_watching(run())
