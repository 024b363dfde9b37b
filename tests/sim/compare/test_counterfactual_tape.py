"""A recording without us: what is removed from it, what is restored, and what stays."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from recordings.reader import Tape
from recordings.tape import Clocks, Kind, Side
from recordings.writer import TapeWriter
from sim.compare.alignment import ALIGNMENT_NS
from sim.compare.counterfactual_tape import write_counterfactual
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import (
    MarketSettled,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_790_000_000 * NS_PER_SECOND
GAME = EventId("game")
MONEYLINE = MarketKey(GAME, MarketId("219"))
HOME, AWAY = 0, 1
REF = WagerRef("first-1-1")

# Second, amount, and quantity of an offer on away at +120.
Rows = list[tuple[float, int, int]]


def ns(second: float) -> int:
    """Return a second of the recording as a time."""
    return START_NS + round(second * NS_PER_SECOND)


class Recording:
    """A recording of a moneyline, and the same without us."""

    def __init__(self, folder: Path) -> None:
        """Begin with the market open."""
        self._folder = folder
        self._writer = TapeWriter(folder / "tape", source="test", simulated=True, clocks=Clocks.TWO)
        writer = self._writer
        event = SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "", START_NS)
        writer.add_event(event)
        market = writer.add_market(Market(GAME, MONEYLINE.market_id, MarketType.MONEYLINE, "m"))
        for name in ("home", "away"):
            writer.add_line(Line(LineId(name), GAME, MONEYLINE.market_id, Selection(name), 0.0))
        writer.begin_message(START_NS, START_NS)
        writer.market_status(market, MarketStatus.OPEN)

    def offer(
        self, second: float, amount_cents: int, quantity_cents: int = 0, *, line: int = AWAY
    ) -> None:
        """Write a changed offer at +120."""
        self._writer.begin_message(ns(second), ns(second) - 1)
        self._writer.offer(line, 120, amount_cents, quantity_cents)

    def trade(self, second: float, maker: int, odds: int, maker_cents: int) -> None:
        """Write a trade, from its maker's side."""
        self._writer.begin_message(ns(second), ns(second) - 1)
        self._writer.trade(maker, odds, maker_cents, Side.MAKER)

    def recorded(self) -> Tape:
        """Return the recording."""
        self._writer.close()
        return Tape(self._folder / "tape")

    def without(
        self, *wagers: EarlierWager, settled: Sequence[tuple[int, MarketSettled]] = ()
    ) -> Tape:
        """Return the recording without these wagers."""
        tape = self.recorded()
        return write_counterfactual(tape, wagers, settled, self._folder / "without")


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Return a recording to fill."""
    return Recording(tmp_path)


def offers(tape: Tape, line: int = AWAY) -> Rows:
    """Return the changes of a line's offer at +120."""
    return [
        ((row.received_ns - START_NS) / NS_PER_SECOND, row.amount_cents, row.quantity_cents)
        for chunk in tape.chunks()
        for row in chunk.rows()
        if (row.kind, row.line, row.odds) == (Kind.OFFER, line, 120)
    ]


def trades(tape: Tape) -> list[tuple[int, int, int]]:
    """Return line, odds and amount of each trade."""
    rows = (row for chunk in tape.chunks() for row in chunk.rows())
    return [(r.line, r.odds, r.amount_cents) for r in rows if r.kind == Kind.TRADE]


def our_wager(*updates: tuple[float, object], ref: WagerRef = REF) -> EarlierWager:
    """Return a wager of $120 on home at -120, which shows as $100 on away at +120."""
    request = PlaceWager(ref, LineId("home"), Odds(-120), 12_000, Intent.ADD_ONLY)
    wager = EarlierWager(request, ns(0.5))
    wager.updates += [(ns(second), event) for second, event in updates]  # type: ignore[misc]
    return wager


def taker(*updates: tuple[float, object]) -> EarlierWager:
    """Return a wager of $50 on away at +110 that may take."""
    request = PlaceWager(REF, LineId("away"), Odds(110), 5_000, Intent.REST)
    wager = EarlierWager(request, ns(0.5))
    wager.updates += [(ns(second), event) for second, event in updates]  # type: ignore[misc]
    return wager


def matched(stake_cents: int, profit_cents: int) -> WagerMatched:
    """Return a fill of a wager on home."""
    return WagerMatched(REF, Odds(-120), stake_cents, profit_cents)


OPENED, GONE = WagerOpened(REF), WagerCancelled(REF, 12_000)


@pytest.mark.parametrize("apart", [-1.5, -0.2, 0.0, 0.2, 1.5])
def test_our_stake_is_removed_whichever_arrives_first(recording: Recording, apart: float) -> None:
    """Others keep their part of a shared offer, whether update or row arrived first."""
    recording.offer(1, 30_000)
    recording.offer(5, 40_000)
    recording.offer(9, 30_000)
    recording.offer(20, 31_000)
    wager = our_wager((1, WagerAccepted(REF)), (5 + apart, OPENED), (9 + apart, GONE))
    assert offers(recording.without(wager)) == [(1, 30_000, 0), (20, 31_000, 0)]


def test_an_offer_that_was_ours_alone_is_removed(recording: Recording) -> None:
    """Where nobody else offered anything no row is left."""
    recording.offer(5, 10_000, 12_000)
    recording.offer(9, 0)
    assert offers(recording.without(our_wager((5.1, OPENED), (8.9, GONE)))) == []


def test_others_who_move_with_us_in_one_row_keep_their_part(recording: Recording) -> None:
    """A row with a larger change than our stake holds our change and others'."""
    recording.offer(1, 30_000)
    recording.offer(5, 45_000)
    recording.offer(9, 28_000)
    left = offers(recording.without(our_wager((5.1, OPENED), (9.1, GONE))))
    assert left == [(1, 30_000, 0), (5, 35_000, 0), (9, 28_000, 0)]


def test_a_row_of_exactly_our_stake_is_preferred_to_a_nearer_one(
    recording: Recording,
) -> None:
    """A larger fall next to our update is others', if another row fell by our stake."""
    recording.offer(1, 60_000)
    recording.offer(5, 70_000)
    recording.offer(8.5, 60_000)
    recording.offer(9, 35_000)
    left = offers(recording.without(our_wager((5, OPENED), (9.1, GONE))))
    assert left == [(1, 60_000, 0), (9, 35_000, 0)]


def test_a_trade_that_filled_us_stays_and_reduces_no_other_stake(recording: Recording) -> None:
    """Its taker is anonymous now; the fall of our stake does not show, in part or in whole."""
    recording.offer(1, 30_000)
    recording.offer(5, 40_000, 12_000)
    recording.trade(7, HOME, -120, 4_800)
    recording.offer(7.1, 36_000, 12_000)
    recording.trade(8, HOME, -120, 7_200)
    recording.offer(8.1, 30_000)
    fills = (6.9, matched(4_800, 4_000)), (8.2, matched(7_200, 6_000))
    tape = recording.without(our_wager((5, OPENED), *fills))
    assert offers(tape) == [(1, 30_000, 0)]
    assert trades(tape) == [(HOME, -120, 4_800), (HOME, -120, 7_200)]


def test_our_quantity_is_removed_while_any_of_it_rests(recording: Recording) -> None:
    """Quantity is the original stake of a wager, and is removed in whole until its end."""
    recording.offer(1, 30_000, 40_000)
    recording.offer(5, 40_000, 52_000)
    recording.offer(7, 36_000, 52_000)
    recording.offer(8, 26_000, 52_000)
    recording.offer(9, 20_000, 40_000)
    fill = matched(4_800, 4_000)
    left = offers(recording.without(our_wager((5, OPENED), (7, fill), (9, GONE))))
    assert left == [(1, 30_000, 40_000), (8, 20_000, 40_000)]


def test_two_of_our_wagers_in_one_offer_are_both_removed(recording: Recording) -> None:
    """Each step is matched with the part of a change that no other step explains."""
    recording.offer(1, 30_000)
    recording.offer(5, 50_000)
    recording.offer(9, 40_000)
    recording.offer(11, 30_000)
    other = WagerRef("first-1-2")
    first = our_wager((5.1, OPENED), (9.1, GONE))
    second = our_wager((5.1, WagerOpened(other)), (10.9, WagerCancelled(other, 12_000)), ref=other)
    assert offers(recording.without(first, second)) == [(1, 30_000, 0)]


def test_a_step_without_a_row_counts_from_its_update(recording: Recording) -> None:
    """Outside the alignment window, the first row after the update is without it."""
    late = ALIGNMENT_NS / NS_PER_SECOND + 1
    recording.offer(5, 40_000)
    recording.offer(30, 41_000)
    left = offers(recording.without(our_wager((5 + late, OPENED))))
    assert left == [(5, 40_000, 0), (30, 31_000, 0)]


def test_no_offer_falls_below_zero(recording: Recording) -> None:
    """Where less is shown than our stake there, nothing is left, and no debt is kept."""
    recording.offer(5, 4_000)
    recording.offer(30, 25_000)
    assert offers(recording.without(our_wager((5, OPENED)))) == [(30, 15_000, 0)]


def test_a_wager_from_before_the_recording_counts_from_its_first_row(
    recording: Recording,
) -> None:
    """A wager of an earlier start is removed until its end is reported."""
    recording.offer(1, 40_000)
    recording.offer(9, 30_000)
    left = offers(recording.without(our_wager((-500, OPENED), (9.1, GONE))))
    assert left == [(1, 30_000, 0)]


TAKE = WagerMatched(REF, Odds(120), 5_000, 6_000)


@pytest.mark.parametrize("apart", [-0.4, 0.4])
def test_stake_we_took_is_restored_until_the_offer_disappears(
    recording: Recording, apart: float
) -> None:
    """Our trade is removed; rows after the offer's end are unchanged."""
    recording.offer(1, 30_000)
    recording.trade(5, HOME, -120, 6_000)
    recording.offer(5, 25_000)
    recording.offer(8, 27_000)
    recording.offer(9, 0)
    recording.offer(10, 20_000)
    tape = recording.without(taker((5 + apart, OPENED), (5 + apart, TAKE)))
    assert offers(tape) == [(1, 30_000, 0), (8, 32_000, 0), (9, 0, 0), (10, 20_000, 0)]
    assert trades(tape) == []


def test_an_offer_that_we_took_whole_is_restored(recording: Recording) -> None:
    """It disappeared only because of us; new stake is added to it."""
    recording.offer(1, 5_000)
    recording.trade(5, HOME, -120, 6_000)
    recording.offer(5, 0)
    recording.offer(8, 3_000)
    tape = recording.without(taker((5.1, OPENED), (5.1, TAKE)))
    assert offers(tape) == [(1, 5_000, 0), (8, 8_000, 0)]


def test_stake_taken_before_the_recording_is_not_restored(recording: Recording) -> None:
    """An earlier start took it, and this recording never showed it."""
    recording.offer(1, 30_000)
    tape = recording.without(taker((-500, OPENED), (-500, TAKE)))
    assert offers(tape) == [(1, 30_000, 0)]


def test_at_our_own_odds_the_trade_shows_whether_we_took(recording: Recording) -> None:
    """A wager that may take was the taker of a trade whose maker is on the other line."""
    fill = WagerMatched(REF, Odds(110), 5_000, 5_500)
    recording.trade(5, HOME, -110, 5_500)
    recording.trade(6, AWAY, 110, 5_000)
    assert trades(recording.without(taker((5.1, OPENED), (5.1, fill)))) == [(AWAY, 110, 5_000)]


def test_at_our_own_odds_without_such_a_trade_we_were_the_maker(recording: Recording) -> None:
    """The trade in which somebody took our stake stays, and our stake does not show."""
    fill = WagerMatched(REF, Odds(110), 5_000, 5_500)
    recording.trade(6, AWAY, 110, 5_000)
    tape = recording.without(taker((5.1, OPENED), (6.1, fill)))
    assert trades(tape) == [(AWAY, 110, 5_000)]


def test_the_rest_of_a_taking_wager_is_removed_too(recording: Recording) -> None:
    """Of a wager that took a part only the rest shows as an offer on the other line."""
    part = WagerMatched(REF, Odds(130), 2_000, 2_600)
    recording.trade(5, HOME, -130, 2_600)
    request = PlaceWager(REF, LineId("away"), Odds(-120), 14_000, Intent.REST)
    wager = EarlierWager(request, ns(0.5))
    wager.updates += [(ns(5), OPENED), (ns(5), part)]
    recording.offer(5.2, 10_000 + 700, line=HOME)
    assert offers(recording.without(wager), HOME) == [(5.2, 700, 0)]


def test_results_known_only_to_us_are_added(recording: Recording) -> None:
    """They are added at their times, so that another desk on the recording is paid too."""
    recording.offer(1, 30_000)
    recording.offer(9, 31_000)
    results = ((LineId("home"), Result.WON), (LineId("away"), Result.LOST))
    tape = recording.without(settled=[(ns(4), MarketSettled(MONEYLINE, results, 1))])
    rows = [row for chunk in tape.chunks() for row in chunk.rows() if row.kind == Kind.RESULT]
    assert [(row.received_ns, row.line, row.state) for row in rows] == [
        (ns(4), HOME, Result.WON),
        (ns(4), AWAY, Result.LOST),
    ]


def test_without_wagers_nothing_changes(recording: Recording) -> None:
    """On paper our wagers never were in the book: the recording is the same, row by row."""
    recording.offer(1, 30_000, 100)
    recording.trade(5, HOME, -120, 6_000)
    recording.offer(5, 25_000, 100)
    tape = recording.without()
    assert offers(tape) == [(1, 30_000, 100), (5, 25_000, 100)]
    assert trades(tape) == [(HOME, -120, 6_000)]
    assert tape.rows_total == 4
