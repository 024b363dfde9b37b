"""Whole runs whose games end otherwise than by a score: every book of money agrees to the cent.

The exchange's account is compared with the desk's ledger by the run itself, which fails otherwise.
Here the ledger, the fills taken apart and the report are compared with the fills and the results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

import sim
from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from sim.notebook.run_frames import RunFrames
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND

pytestmark = pytest.mark.slow  # a whole run each

HOUR_NS = 3600 * NS_PER_SECOND
START_NS = 1_790_000_000 * NS_PER_SECOND
GAME = EventId("game")
WON, LOST, PUSHED, VOIDED = Result
# The first lines of the pairs, with their opposites, by market; they are named by their lines.
PAIRS = {
    MarketType.MONEYLINE: [("home", "away", 0.0)],
    MarketType.SPREAD: [("home-3", "away+3", -3.0), ("home-7.5", "away+7.5", -7.5)],
    MarketType.TOTAL: [("over44", "under44", 44.0)],
}
OPPOSITES = {first: second for pairs in PAIRS.values() for first, second, _ in pairs}
MARKET_OF = {first: market for market, pairs in PAIRS.items() for first, _, _ in pairs}
FIRST_OF = {
    f"game:{market}:{point:g}": first
    for market, pairs in PAIRS.items()
    for first, _, point in pairs
}
VOID = dict.fromkeys(OPPOSITES, VOIDED)
USUAL = {"home": WON, "home-3": PUSHED, "home-7.5": LOST, "over44": WON}

# Results of first lines that are reported together.
Reported = Mapping[str, Result]


@dataclass(frozen=True)
class Story:
    """How a game ends: whether it starts, its new start if any, and results by the hours until.

    With `has_broken_trades` the price jumps before it, and takers are faster than cancels.
    """

    reports: Sequence[tuple[float, Reported]]
    begins: bool = True
    start_moves_hours: float = 0.0
    has_broken_trades: bool = False

    def final(self) -> dict[str, Result]:
        """Return the last result of each first line that has one."""
        return {line: result for _, report in self.reports for line, result in report.items()}


STORIES = {
    "usual": Story([(3, USUAL)]),
    "a tie": Story([(3, USUAL | {"home": VOIDED, "home-3": LOST})]),
    "not played on its day": Story([(9, VOID)], begins=False, start_moves_hours=24),
    "broken off after five innings": Story([(39, VOID | {"home": WON})]),
    "broken off, over already": Story([(39, VOID | {"over44": WON})]),
    "void of one market": Story([(3, USUAL | {"home-3": VOIDED, "home-7.5": VOIDED})]),
    "void of one selection": Story([(3, USUAL | {"home-7.5": VOIDED})]),
    "void of a game": Story([(3, VOID)]),
    "changed after days": Story([(3, USUAL), (75, {"home": LOST, "home-3": LOST})]),
    "void after days": Story([(3, USUAL), (75, VOID)]),
    "played after a void": Story([(3, VOID), (75, USUAL)]),
    "broken trades": Story([(3, USUAL)], has_broken_trades=True),
    "broken trades of a void game": Story([(0.05, VOID)], has_broken_trades=True),
    "a dead heat": Story([(3, USUAL | {"home": VOIDED, "home-3": VOIDED})]),
}


def write_story(folder: Path, story: Story) -> Path:
    """Write the game: every minute of the hour before it a taker comes in each pair."""
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE) as tape:
        event = tape.add_event(SportEvent(GAME, "A at H", "H", "A", "L", "baseball", START_NS))
        markets = [
            tape.add_market(Market(GAME, MarketId(type_), type_, type_.capitalize()))
            for type_ in PAIRS
        ]
        lines = _add_lines(tape)
        _message(tape, -1)
        tape.schedule(event, START_NS)
        for market in markets:
            tape.market_status(market, MarketStatus.OPEN)
        _write_trading(tape, lines)
        if story.has_broken_trades:
            _write_jump(tape, lines)
        if story.start_moves_hours:
            _message(tape, -0.05)
            tape.schedule(event, START_NS + round(story.start_moves_hours * HOUR_NS))
        if story.begins:
            _message(tape, 0)
            tape.event_status(event, EventStatus.LIVE)
        for hours, report in story.reports:
            _message(tape, hours)
            for first, result in report.items():
                tape.result(lines[first], result)
        tape.event_status(event, EventStatus.ENDED)
    return folder


def _add_lines(tape: TapeWriter) -> dict[str, int]:
    lines = {}
    for type_, pairs in PAIRS.items():
        for first, second, point in pairs:
            row = type_.row
            for name, selection, at in (
                (first, row.first, point),
                (second, row.second, type_.opposite_point(point)),
            ):
                line = Line(LineId(name), GAME, MarketId(type_), Selection(selection), at)
                lines[name] = tape.add_line(line)
    return lines


def _write_trading(tape: TapeWriter, lines: Mapping[str, int]) -> None:
    for minute in range(50):
        _message(tape, -1 + (minute + 0.1) / 60)
        for line in lines.values():
            tape.offer(line, -104, 50_000 + minute)
        _message(tape, -1 + (minute + 0.5) / 60)
        for first, second in OPPOSITES.items():
            tape.trade(lines[(first, second)[minute % 3 == 0]], -112, 4_003, Side.TAKER)


def _write_jump(tape: TapeWriter, lines: Mapping[str, int]) -> None:
    """Let every first line be worth 70 cents, and takers pay 51 for it at once."""
    _message(tape, -0.1)
    for first, second in OPPOSITES.items():
        for line, odds in ((lines[second], 240), (lines[first], -250)):
            tape.offer(line, -104, 0)
            tape.offer(line, odds, 50_000)
    _message(tape, -0.1 + 0.01 / 3600)
    for first in OPPOSITES:
        tape.trade(lines[first], -104, 3_000, Side.TAKER)


def _message(tape: TapeWriter, hours: float) -> None:
    at_ns = START_NS + round(hours * HOUR_NS)
    tape.begin_message(at_ns, at_ns)


def expected_by_market(run: RunFrames, story: Story) -> dict[str, tuple[int, int]]:
    """Return gross profit and commission of each market, from the fills and the last results."""
    gross = dict.fromkeys(PAIRS, 0)
    final = story.final()
    for fill in run.fills().iter_rows(named=True):
        first = FIRST_OF[fill["pair_id"]]
        result = final[first]
        if result in (WON, LOST):
            is_won = (result is WON) == fill["first"]
            gross[MARKET_OF[first]] += fill["profit_cents"] if is_won else -fill["stake_cents"]
    return {f"game:{market}": (cents, commission(cents)) for market, cents in gross.items()}


def commission(gross_cents: int) -> int:
    """Return two percent of what was won, half up."""
    exact = Decimal(max(0, gross_cents)) * 2 / 100
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@pytest.mark.parametrize("name", STORIES)
def test_every_book_of_money_agrees_however_a_game_ends(tmp_path: Path, name: str) -> None:
    """Ledger, fills taken apart, summary and report are what fills and results pay."""
    story = STORIES[name]
    tape = write_story(tmp_path / "tape", story)
    broken = ("latency=constant", "faults.trade_broken=1") if story.has_broken_trades else ()
    words = ("latency=none", "markets=main", *broken)
    run = sim.run_backtest(tape, "at_the_touch", *words, folder=tmp_path / "run", default_stake=20)
    assert any("The exchange broke" in note for note in run.summary.notes) is bool(broken)
    summary, fills = run.summary, run.fills()
    expected = expected_by_market(run, story)
    assert len(set(fills["pair_id"])) == len(OPPOSITES)
    settled = {each.market: (each.gross_cents, each.commission_cents) for each in summary.settled}
    assert settled == expected
    profit_cents = sum(gross - fee for gross, fee in expected.values())
    assert summary.profit_cents == profit_cents
    assert summary.open_positions == []
    assert summary.split.profit_cents == profit_cents
    assert sum(fills["settled_cents"]) == sum(gross for gross, _ in expected.values())
    terms = fills["edge_cents"] + fills["adverse_cents"] + fills["drift_cents"]
    assert (terms + fills["outcome_cents"] == fills["settled_cents"]).all()
    for splits in summary.splits.values():
        assert sum(each.split.profit_cents for each in splits) == profit_cents
    assert dollars_text(profit_cents) in run.report().read_text(encoding="utf-8")
