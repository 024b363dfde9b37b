"""The end of a session: it cancels until the exchange confirms it, whatever fails on the way."""

import asyncio
from collections.abc import Callable

import pytest

from live.session.closing.closing import Closing
from live.session.closing.own_wagers import OwnWagers
from live.session.gateway import OpenWager
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ExchangeError
from strategies.trading.model.ids import EventId, LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.event_loops import JumpingLoop, run_jumping
from tests.live.session.toy_exchange import ToyOpenWagers

EVERYTHING = {"listed", "cancel_all", "cancel_event", "cancel_wager"}

Change = Callable[[ToyOpenWagers], None]


def wager(number: int) -> PlaceWager:
    """Return a wager."""
    return PlaceWager(WagerRef(f"w-{number}"), LineId("h"), Odds(100), 5_000, Intent.REST)


class ClosingRun:
    """Ends a session with six open wagers, in time that jumps; keeps its lines and duration."""

    def __init__(self, *failing: str) -> None:
        """Let these requests fail."""
        self.account = ToyOpenWagers()
        self.account.wagers = {each.ref: each for each in map(wager, range(6))}
        self.account.failing = set(failing)
        self.lines: list[str] = []
        self.seconds = 0.0

    def run(self, seconds: float = 600, changes: dict[float, Change] | None = None) -> None:
        """Close, and make changes at times in seconds from the beginning."""

        async def scenario(loop: JumpingLoop) -> None:
            for at, change in (changes or {}).items():
                loop.call_later(at, change, self.account)
            closing = Closing(self.account, self.lines.append, seconds, remedy="remedy")
            try:
                await closing.run()
            finally:
                self.seconds = loop.time()

        run_jumping(scenario)


def heal(account: ToyOpenWagers) -> None:
    """Let every request succeed again."""
    account.failing.clear()


def test_everything_is_cancelled_and_confirmed_by_a_second_request() -> None:
    """Nothing is open once a further mass cancel finds nothing, and the list is empty."""
    closing = ClosingRun()
    closing.run()
    assert closing.account.requests == ["cancel_all", "listed"] * 2
    assert closing.seconds < 1
    assert closing.lines == []


@pytest.mark.parametrize(
    ("failing", "last"),
    [
        (["cancel_all"], "cancel_event"),
        (["cancel_all", "cancel_event"], "cancel_wager"),
    ],
)
def test_where_the_mass_cancel_fails_events_and_then_wagers_are_cancelled(
    failing: list[str], last: str
) -> None:
    """Each way that fails is followed by the next smaller one, until nothing is open."""
    closing = ClosingRun(*failing)
    closing.run()
    assert closing.account.wagers == {}
    assert last in closing.account.requests
    assert closing.seconds < 10


@pytest.mark.parametrize(
    "failing", [EVERYTHING, {"listed"}, {"cancel_all", "cancel_event", "cancel_wager"}]
)
def test_an_outage_is_waited_out(failing: set[str]) -> None:
    """Through two minutes without answers it tries on, less and less often, and says so."""
    closing = ClosingRun(*failing)
    closing.run(changes={120: heal})
    assert closing.account.wagers == {}
    assert 120 < closing.seconds < 140
    if "cancel_all" in failing:
        assert closing.lines[3].startswith("6 wagers still open, trying again in 5 s")
    assert len(closing.account.requests) < 400


def test_what_is_open_after_the_stated_time_is_named() -> None:
    """Every wager is named, and the error says how many, for how long it was tried, and why."""
    closing = ClosingRun(*EVERYTHING)
    with pytest.raises(ExchangeError) as raised:
        closing.run(seconds=60)
    assert closing.lines[-6:] == [f"still open: w-{number}" for number in range(6)]
    assert str(raised.value).startswith("6 wagers still open at toy after 60 s, first w-0 (")
    assert str(raised.value).endswith("; remedy")
    assert 45 < closing.seconds <= 60


def test_a_placement_without_a_response_is_waited_for() -> None:
    """One that the exchange executes five seconds after the end began is cancelled all the same."""
    late = wager(9)

    def execute(account: ToyOpenWagers) -> None:
        del account.late[late.ref]
        account.wagers[late.ref] = late

    closing = ClosingRun()
    closing.account.late[late.ref] = late
    closing.run(changes={5: execute})
    assert closing.account.wagers == {}
    assert 5 < closing.seconds < 20
    assert "1 placement without a response may still arrive, looking again in 1 s" in closing.lines


def test_a_placement_that_never_arrives_is_named() -> None:
    """After the stated time the end names what the exchange may still execute."""
    closing = ClosingRun()
    closing.account.late[WagerRef("w-9")] = wager(9)
    closing.run()
    assert 20 <= closing.seconds < 30
    assert closing.lines[-1].startswith("w-9: had no response and was not found for 20 s")


def test_lines_that_cannot_be_written_do_not_stop_the_cancelling() -> None:
    """With a terminal that is gone every wager is cancelled."""

    def broken(_: str) -> None:
        raise BrokenPipeError

    closing = ClosingRun("cancel_all", "cancel_event")

    async def scenario(_: JumpingLoop) -> None:
        await Closing(closing.account, broken, 600).run()

    run_jumping(scenario)
    assert closing.account.wagers == {}


def test_an_end_that_was_interrupted_goes_on() -> None:
    """A cancelled end can be run again: its time began with the first call."""
    closing = ClosingRun(*EVERYTHING)

    async def scenario(loop: JumpingLoop) -> None:
        end = Closing(closing.account, closing.lines.append, 60)
        first = asyncio.ensure_future(end.confirm())
        loop.call_later(59, first.cancel)
        await asyncio.gather(first, return_exceptions=True)
        heal(closing.account)
        closing.account.wagers.clear()
        await end.run()
        assert loop.time() < 61

    run_jumping(scenario)


class WagersOfEvents(ToyOpenWagers):
    """Wagers that are each of an event of its own."""

    def known(self) -> list[OpenWager]:
        """Return what is open."""
        return [OpenWager(ref, EventId(ref), ref) for ref in self.wagers]


def test_own_wagers_are_listed_once_for_all_events() -> None:
    """Where two sessions trade, events are cancelled by one list, and ours alone."""
    account = WagersOfEvents()
    account.wagers = {each.ref: each for each in map(wager, range(6))}
    own = OwnWagers(account, lambda ref: ref != "w-5")

    async def cancel_events() -> None:
        for each in await own.listed():
            assert each.event_id is not None
            await own.cancel_event(each.event_id)
        await own.cancel_event(EventId("w-5"))

    asyncio.run(cancel_events())
    assert account.requests == ["listed", *["cancel_wager"] * 5]
    assert list(account.wagers) == ["w-5"]
