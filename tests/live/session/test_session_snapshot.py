"""The snapshot that a running session answers: what a page or a terminal shows of it."""

import asyncio
import os
from pathlib import Path

import pytest

from conf.compose import build_parts
from live.session.control.control_socket import user_text
from live.session.control.snapshot_client import read_event, read_session
from strategies.trading.model.events import EventPaused, TradingStateSet
from strategies.trading.model.ids import WagerRef
from strategies.trading.snapshot.snapshot_types import EventDetail, EventSummary, SessionView
from tests.event_loops import until
from tests.fixture_types import Compose
from tests.live.session.controlled_session import ControlledSession
from tests.live.session.toy_exchange import GAME

WORDS = ("mode=live", "strategy.quote_refresh_seconds=0", "strategy.default_stake=10")


@pytest.fixture
def controlled(compose_settings: Compose, tmp_path: Path) -> ControlledSession:
    """Return sessions that quote $10 on both lines of one moneyline."""
    return ControlledSession(build_parts(compose_settings(*WORDS)), tmp_path)


async def session_view(session: ControlledSession, version: str = "") -> SessionView:
    """Return the snapshot of a session."""
    view = await asyncio.to_thread(read_session, session.folder, version)
    assert view is not None, "the session runs"
    return view


async def event_detail(session: ControlledSession) -> EventDetail:
    """Return the snapshot of its game."""
    detail = await asyncio.to_thread(read_event, session.folder, GAME)
    assert detail is not None, "the session runs"
    return detail


async def changed_rows(session: ControlledSession, version: str) -> list[EventSummary]:
    """Return the rows that changed since a version, once there are any."""
    while not (rows := (await session_view(session, version)).events):
        pass
    return rows


def test_a_session_shows_its_money_its_limits_and_what_is_open(
    controlled: ControlledSession,
) -> None:
    """The figures are those of the exchange and of the settings, in cents."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        view = await session_view(session)
        assert (view.session, view.start, view.venue) == ("toy", 1, "toy")
        assert view.desk.state.state == "active"
        assert view.desk.money.equity_cents == 1_000_000
        assert view.desk.money.open_cents == session.staked_cents()
        limits = {use.name: use for use in view.desk.limits}
        assert limits["risk.max_concurrent_wagers"].used == 2
        assert view.counts is not None
        assert view.counts.accepted == 2
        (row,) = view.events
        assert (row.name, row.score, row.open_wagers) == ("A at H", None, 2)
        assert row.markets[0].reasons == []

    controlled.run(scenario)


def test_a_book_has_ours_apart_and_the_stake_ahead(controlled: ControlledSession) -> None:
    """Takers see our wager on the other line; others' offers at longer odds are ahead of it."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        (market,) = (await event_detail(session)).markets
        (pair,) = market.pairs
        assert [(level.odds, level.cents) for level in pair.first.offers] == [(-110, 100_000)]
        (wager,) = pair.first.wagers
        assert session.toy.open_wagers.keys() >= {wager.ref}
        assert wager.shown_odds == -wager.odds
        # All that others offer on the other line, if ours is shorter for takers than theirs.
        assert wager.ahead_cents == (100_000 if wager.shown_odds < -110 else 0)
        assert pair.fair == pytest.approx(0.5)
        assert {quote.side for quote in pair.quotes} == {0, 1}
        session.toy.fill(WagerRef(wager.ref))
        await until(lambda: not session.toy.open_wagers.keys() & {wager.ref})
        detail = await event_detail(session)
        assert [fill.stake_cents for fill in detail.fills] == [wager.stake_cents]
        assert detail.markets[0].pairs[0].first.matched_cents == wager.stake_cents

    controlled.run(scenario)


def test_only_events_that_changed_since_a_version_are_sent(controlled: ControlledSession) -> None:
    """A reader that has seen all receives none; a pause changes the row, with its reason."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        first = await session_view(session)
        again = await session_view(session, first.version)
        assert (again.events, again.event_ids) == ([], [GAME])
        await session.say("name=Ann Lee", "pause", GAME)
        await session.quoting(0)
        (row,) = await changed_rows(session, first.version)
        assert row.is_paused
        assert row.markets[0].reasons == ["event paused"]
        assert (await session_view(session, "7:99")).events == [row]

    controlled.run(scenario)
    (pause,) = controlled.journaled(EventPaused)
    assert pause.operator == f"Ann Lee, through {user_text(os.getuid())}"


def test_a_halt_is_shown_with_its_reason_and_time(controlled: ControlledSession) -> None:
    """The state says since when; a market says that the halt is why it is not quoted."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        await session.say("halt", "the", "line", "moved")
        await session.quoting(0)
        view = await session_view(session)
        assert view.desk.state.state == "halted"
        assert "the line moved" in view.desk.state.reason
        assert view.desk.state.since_ns == view.desk.state_changes[-1].at_ns
        assert view.events[0].markets[0].reasons[0].startswith("halted: operator: the line moved")

    controlled.run(scenario)
    assert controlled.journaled(TradingStateSet)


def test_a_wrong_request_is_refused_in_a_line(controlled: ControlledSession) -> None:
    """An unknown event is named; a name that is no name, too."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        assert await session.refused("snapshot", "99") == "no event '99' in session toy"
        assert "takes one word" in await session.refused("snapshot", "1", "2")
        assert "name: 1 to 40" in await session.refused("name=<b>", "pause")

    controlled.run(scenario)
