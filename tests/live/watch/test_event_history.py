"""An event of a session at earlier moments, as its tape and its journal have it."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from live.watch.event_history import EventHistory, EventMoment
from live.watch.event_tape import EventTape
from recordings.journal.session_journal import SessionJournal
from recordings.reader import Tape
from recordings.reference_text import reference_text
from recordings.tape import Clocks, Kind
from recordings.writer import TapeWriter
from sim.engine.random_streams import RandomStreams
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    ReferencePrice,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, PairId, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.snapshot.snapshot_types import PairDetail
from tests.paths import PROJECT

SECOND = 1_000_000_000
GAME, MONEYLINE, PAIR = EventId("1"), MarketId("1"), PairId("1:1:0")
HOME, AWAY = LineId("h"), LineId("a")
REF = WagerRef("first-1")
PRICING = """\
pricing:
  _target_: strategies.trading.pricing.touch.Consensus
  max_overround: 0.2
"""
NBA = PROJECT / "recordings" / "nba"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a session's folder: a wager of ours is placed at 3 s, matched in part, then gone.

    Takers see it on the away line at -110, behind what others offer there at that time.
    """
    (tmp_path / "start-00001.yaml").write_text(PRICING, encoding="utf-8")
    with TapeWriter(
        tmp_path / "tape-00001", source="a test", simulated=True, clocks=Clocks.TWO
    ) as tape:
        tape.add_event(SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0))
        tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        tape.add_line(Line(HOME, GAME, MONEYLINE, Selection.HOME, 0.0))
        tape.add_line(Line(AWAY, GAME, MONEYLINE, Selection.AWAY, 0.0))
        tape.begin_message(1 * SECOND, 1 * SECOND)
        tape.market_status(0, MarketStatus.OPEN)
        tape.offer(0, -110, 50_000)
        tape.offer(1, -105, 700)
        tape.offer(1, -110, 3_000)
        tape.begin_message(2 * SECOND, 2 * SECOND)
        tape.reference(0, 0.55, reference_text(ReferencePrice(HOME, 0.55, "sharp")))
        # Ours, worth $10 to takers, and $5 of others that come behind it.
        tape.begin_message(4 * SECOND, 4 * SECOND)
        tape.offer(1, -110, 4_000)
        tape.begin_message(5 * SECOND, 5 * SECOND)
        tape.offer(1, -110, 4_500)
        tape.begin_message(6 * SECOND, 6 * SECOND)
        tape.offer(1, -105, 0)
        tape.offer(1, -110, 4_000)
        tape.reference(1, 0.41, reference_text(ReferencePrice(AWAY, 0.41, "soft")))
        tape.begin_message(9 * SECOND, 9 * SECOND)
        tape.market_status(0, MarketStatus.SUSPENDED)
    with SessionJournal(tmp_path / "journal.sqlite") as journal:
        journal.begin_run(SECOND)
        journal.sent(3 * SECOND, PlaceWager(REF, HOME, Odds(110), 909, Intent.REST))
        journal.received(1, int(3.2 * SECOND), WagerAccepted(REF))
        journal.received(2, int(3.8 * SECOND), WagerOpened(REF))
        journal.received(3, 6 * SECOND, WagerMatched(REF, Odds(110), 455, 500, 455))
        journal.received(4, 8 * SECOND, WagerCancelled(REF, 454))
    return tmp_path


def at(folder: Path, seconds: float) -> EventMoment:
    """Return the event at a time."""
    return asyncio.run(EventHistory(folder).at(GAME, int(seconds * SECOND)))


def pair_at(folder: Path, seconds: float) -> PairDetail:
    """Return its only pair at a time."""
    (pair,) = at(folder, seconds).pairs
    return pair


def test_what_is_ours_in_the_book_is_apart_from_what_others_offer(folder: Path) -> None:
    """A level that we share shows both; before it was placed and after its end nothing is ours."""
    levels = {s: pair_at(folder, s).second.offers for s in (2.5, 5.5, 8.5)}
    assert [(each.odds, each.cents, each.own_cents) for each in levels[2.5]] == [
        (-105, 700, 0),
        (-110, 3_000, 0),
    ]
    assert [(each.odds, each.cents, each.own_cents) for each in levels[5.5]] == [
        (-105, 700, 0),
        (-110, 4_500, 1_000),
    ]
    assert [(each.odds, each.own_cents) for each in levels[8.5]] == [(-110, 0)]


def test_the_stake_ahead_is_what_was_there_first(folder: Path) -> None:
    """Longer odds, and at the same odds no more than when it was placed."""
    (wager,) = pair_at(folder, 3.5).first.wagers
    assert wager.state == "accepted"
    (wager,) = pair_at(folder, 5.5).first.wagers
    assert (wager.ref, wager.state, wager.ahead_cents) == (REF, "open", 3_700)
    (wager,) = pair_at(folder, 6.5).first.wagers
    assert (wager.ahead_cents, wager.matched_cents, wager.unmatched_cents) == (3_000, 455, 454)
    assert pair_at(folder, 8.5).first.wagers == []


def test_prices_are_those_of_that_moment(folder: Path) -> None:
    """Of each source its last price then, and the fair price of the session's own pricing."""
    before, later = pair_at(folder, 1.5), pair_at(folder, 7)
    assert [(each.source, each.probability) for each in pair_at(folder, 2.5).sources] == [
        ("sharp", 0.55)
    ]
    assert [each.source for each in later.sources] == ["sharp", "soft"]
    assert later.sources[1].probability == pytest.approx(0.59)
    # The middle of both touches: -110 on home, -105 and later -110 on away.
    assert before.fair == pytest.approx((110 / 210 + 1 - 105 / 205) / 2)
    assert later.fair == pytest.approx(0.5)
    assert at(folder, 9).market_status == {"1": "suspended"}


def test_a_pricing_that_cannot_be_built_leaves_out_the_fair_price_alone(folder: Path) -> None:
    """Such as one of a user's own module that is not there."""
    text = "pricing: {_target_: no_such_module.Mine}"
    (folder / "start-00001.yaml").write_text(text, encoding="utf-8")
    pair = pair_at(folder, 5.5)
    assert (pair.fair, len(pair.sources), len(pair.first.wagers)) == (None, 1, 1)


def test_a_track_has_the_touch_of_others(folder: Path) -> None:
    """What is left of ours at the longest odds is none; sources and fills are there."""
    history = EventHistory(folder)
    track = asyncio.run(history.track(GAME, PAIR))
    assert [point.at_ns // SECOND for point in track.touches] == [1, 6]
    assert [point.first for point in track.touches] == pytest.approx([110 / 210] * 2)
    assert [point.second for point in track.touches] == pytest.approx(
        [1 - 105 / 205, 1 - 110 / 210]
    )
    assert [(each[0] // SECOND, each[1]) for each in track.sources] == [(2, "sharp"), (6, "soft")]
    assert [fill.stake_cents for fill in track.fills] == [455]


def test_what_is_journaled_later_is_read_too(folder: Path) -> None:
    """By the same history, which has read the journal before."""

    async def scenario() -> None:
        history = EventHistory(folder)
        await history.at(GAME, 7 * SECOND)
        with SessionJournal(folder / "journal.sqlite") as journal:
            journal.begin_run(SECOND)
            second = PlaceWager(WagerRef("first-2"), AWAY, Odds(115), 2_000, Intent.REST)
            journal.sent(7 * SECOND, second)
        (pair,) = (await history.at(GAME, 7 * SECOND)).pairs
        assert [wager.ref for wager in pair.first.wagers] == [REF]
        assert [wager.ref for wager in pair.second.wagers] == ["first-2"]

    asyncio.run(scenario())


def test_offers_at_any_moment_are_those_of_all_rows_before_it() -> None:
    """At random moments of a whole game."""
    recording = Tape(NBA)
    tape = EventTape(NBA, recording.info.events[0].event_id)
    moments = sorted(RandomStreams(7).named("moments").integers(tape.from_ns, tape.to_ns, 20))
    lines = range(len(recording.info.lines))
    for at_ns, expected in zip(moments, replayed(recording, moments), strict=True):
        assert {line: tape.offers.at(line, at_ns) for line in lines} == expected


def replayed(tape: Tape, moments: Sequence[int]) -> Iterator[dict[int, dict[int, int]]]:
    """Yield the offers by line and odds after all rows up to each moment."""
    offers: dict[int, dict[int, int]] = {line: {} for line in range(len(tape.info.lines))}
    waiting = iter(moments)
    at_ns = next(waiting)
    for row in (row for chunk in tape.chunks() for row in chunk.rows()):
        while row.received_ns > at_ns:
            yield {line: {**levels} for line, levels in offers.items()}
            if (at_ns := next(waiting, 0)) == 0:
                return
        if row.kind == Kind.OFFER:
            offers[row.line][row.odds] = row.amount_cents
            if not row.amount_cents:
                del offers[row.line][row.odds]
    while at_ns:
        yield offers
        at_ns = next(waiting, 0)
