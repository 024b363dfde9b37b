"""How far apart a recording has its trades and the falls that they cause."""

from pathlib import Path

import pytest

from recordings.reader import Tape
from recordings.tape import Clocks, Side
from recordings.validator import TapeSummary, validate
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds, opposite, prophetx_ladder

SECOND, MS = 1_000_000_000, 1_000_000
START_NS = 1_790_000_000 * SECOND
GAME, MONEYLINE = EventId("game"), MarketId("219")

# What happened at one level: the fall and the trade in milliseconds after the level appeared, the
# cents of each, and the side that the trade was recorded from.
Story = tuple[int, int, int, int, Side]


def summary_of(folder: Path, stories: list[Story], clocks: Clocks = Clocks.ONE) -> TapeSummary:
    """Write the stories, ten seconds apart, and return the summary of the recording.

    Each is at odds of its own. With two clocks, trades arrive three seconds late.
    """
    rungs = [odds for odds in prophetx_ladder().rungs if odds >= 150]
    with TapeWriter(folder, source="test", simulated=True, clocks=clocks) as tape:
        tape.add_event(SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", START_NS))
        tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            tape.add_line(Line(LineId(side), GAME, MONEYLINE, side, 0.0))
            for side in (Selection.HOME, Selection.AWAY)
        )
        for number, (fall_ms, trade_ms, fallen, traded, side) in enumerate(stories):
            at_ns, odds = START_NS + 10 * number * SECOND, Odds(rungs[number])
            trade_line, trade_odds = (away, opposite(odds)) if side is Side.MAKER else (home, odds)
            late_ns = 3 * SECOND if clocks is Clocks.TWO else 0
            rows = [
                (at_ns, 0, "offer", (home, odds, 100_000)),
                (at_ns + fall_ms * MS, 0, "offer", (home, odds, 100_000 - fallen)),
                (at_ns + trade_ms * MS, late_ns, "trade", (trade_line, trade_odds, traded, side)),
            ]
            for ns, delay_ns, kind, values in sorted(rows, key=lambda row: row[0] + row[1]):
                tape.begin_message(ns + delay_ns, ns)
                getattr(tape, kind)(*values)
    return validate(Tape(folder))


def test_nine_in_ten_trades_are_within_the_spacing(tmp_path: Path) -> None:
    """The fall may come before its trade or after it; one in ten may be further apart."""
    apart = [5, 10, 15, 20, 25, 30, 35, 40, 45, 900]
    stories: list[Story] = [
        (100, 100 + (ms if number % 2 else -ms), 700, 700, Side.TAKER)
        for number, ms in enumerate(apart)
    ]
    summary = summary_of(tmp_path, stories)
    assert (summary.trade_pairs, summary.trade_spacing_ns) == (10, 45 * MS)


def test_a_trade_recorded_from_the_makers_side_has_the_fall_of_its_taker(tmp_path: Path) -> None:
    """A maker's 150 at -150 on away are a taker's 100 at +150 on home."""
    summary = summary_of(tmp_path, [(100, 120, 100, 150, Side.MAKER)])
    assert (summary.trade_pairs, summary.trade_spacing_ns) == (1, 20 * MS)


@pytest.mark.parametrize(
    "story",
    [
        (100, 120, 700, 701, Side.TAKER),
        (100, 120, 700, 700, Side.UNKNOWN),
        (100, 2_101, 700, 700, Side.TAKER),
    ],
    ids=["another stake", "unknown taker", "too far apart"],
)
def test_what_may_not_belong_together_is_no_pair(tmp_path: Path, story: Story) -> None:
    """Only a fall by exactly the stake of a known taker, and soon, is that of a trade."""
    summary = summary_of(tmp_path, [story])
    assert (summary.trade_pairs, summary.trade_spacing_ns) == (0, 0)


def test_with_two_clocks_the_spacing_is_of_the_exchanges(tmp_path: Path) -> None:
    """A trade that arrives late happened when the exchange says."""
    summary = summary_of(tmp_path, [(100, 120, 700, 700, Side.TAKER)], Clocks.TWO)
    assert (summary.trade_pairs, summary.trade_spacing_ns) == (1, 20 * MS)
