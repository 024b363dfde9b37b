"""Real Betfair recordings traded end to end; skipped where the files are missing."""

from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from recordings.reader import Tape
from recordings.tape import Kind
from sim.__main__ import main
from sim.report.document import write_report
from strategies.trading.model.market import EventStatus, Result

pytestmark = pytest.mark.slow  # backtests on real recordings

CRICKET = "cricket_match_odds_1.200806927.jsonl.gz"
NBA = "nba_moneyline_prematch_1.166564490.bz2"
HANDICAPS = "soccer_asian_handicap_1.242971311.bz2"
EXPERIMENTS = ("nba", "nba_in_play")
# A thousand pairs of lines: asked every ten minutes, a dollar each, so that limits are not hit. The
# recording ends more than two days before the game.
SPARING = (
    "strategy.quote_refresh_seconds=600",
    "strategy.default_stake=1",
    "risk.begin_before_start_hours=0",
)


def settings_of(tape: Path, name: str, experiment: str) -> list[str]:
    """Return the settings with which an experiment is run on a file."""
    more = SPARING if name == HANDICAPS else ()
    return [f"+experiment={experiment}", f"recording.path={tape}", *more]


class Imports:
    """Imports real files from the command line, each once."""

    def __init__(self, folder: Path, find: Callable[[str], Path]) -> None:
        """Import into a folder."""
        self._folder = folder
        self._find = find

    def tape(self, name: str) -> Path:
        """Return the recording that a file became."""
        source = self._find(name)
        out = self._folder / name
        if not out.exists():
            assert main(["import", "betfair", str(source), "--out", str(out)]) == 0
        return out


@pytest.fixture(scope="module")
def imports(
    tmp_path_factory: pytest.TempPathFactory, find_real_file: Callable[[str], Path]
) -> Imports:
    """Return the recordings of this module."""
    return Imports(tmp_path_factory.mktemp("betfair"), find_real_file)


class Runs:
    """Runs experiments on real recordings, each once."""

    def __init__(self, folder: Path, imports: Imports, run_in: Callable[..., Any]) -> None:
        """Run in a folder."""
        self._folder = folder
        self._imports = imports
        self._run_in = run_in
        self._done: dict[tuple[str, str], Any] = {}

    def of(self, name: str, experiment: str) -> Any:
        """Return the finished run of an experiment on a file."""
        tape = self._imports.tape(name)
        if (name, experiment) not in self._done:
            settings = settings_of(tape, name, experiment)
            self._done[name, experiment] = self._run_in(self._folder, *settings)
        return self._done[name, experiment]


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, imports: Imports, run_in: Callable[..., Any]
) -> Runs:
    """Return the runs of this module."""
    return Runs(tmp_path_factory.mktemp("runs"), imports, run_in)


def profit_by_odds(run: Any, tape: Tape) -> Fraction:
    """Return the profit in cents of the fills by the results on the tape, less 2 % if positive.

    Each fill pays by its odds, as an exact fraction; the one market of the file is settled whole.
    """
    results = {}
    for chunk in tape.chunks():
        for row in chunk.rows():
            if row.kind == Kind.RESULT:
                results[tape.info.lines[row.line].line_id] = Result(row.state)
    gross = Fraction(0)
    for fill in run.table("fills").iter_rows(named=True):
        odds, stake = fill["odds"], fill["stake_cents"]
        if results[fill["line_id"]] is Result.WON:
            gross += stake * (Fraction(odds, 100) if odds > 0 else Fraction(100, -odds))
        elif results[fill["line_id"]] is Result.LOST:
            gross -= stake
    return gross - max(gross, Fraction(0)) / 50


def profit_by_cents(run: Any, tape: Tape) -> int:
    """Return the profit in cents from the fills' own stakes and profits."""
    lines = tape.info.lines
    rows = [row for chunk in tape.chunks() for row in chunk.rows() if row.kind == Kind.RESULT]
    won = {lines[row.line].line_id for row in rows if row.state == Result.WON}
    lost = {lines[row.line].line_id for row in rows if row.state == Result.LOST}
    fills = run.table("fills")
    gains = fills.filter(fills["line_id"].is_in(sorted(won)))["profit_cents"].sum()
    losses = fills.filter(fills["line_id"].is_in(sorted(lost)))["stake_cents"].sum()
    net = int(gains - losses)
    return net - max(0, (net * 2 + 50) // 100)


@pytest.mark.parametrize("name", [NBA, CRICKET, HANDICAPS])
def test_an_imported_recording_is_valid(
    imports: Imports, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every real file is imported and then read whole, without a complaint."""
    tape = imports.tape(name)
    capsys.readouterr()
    assert main(["validate", str(tape)]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("valid\n")
    assert "SIMULATED" not in printed


@pytest.mark.parametrize(
    ("name", "experiment"), [*product((NBA, CRICKET), EXPERIMENTS), (HANDICAPS, "nba")]
)
def test_a_real_recording_is_traded_to_its_end(runs: Runs, name: str, experiment: str) -> None:
    """Each experiment on each file places wagers, has fills, and completes."""
    run = runs.of(name, experiment)
    assert run.summary["wagers_placed"] > 20
    assert run.summary["fills"] > 0
    assert not run.summary["simulated"]


@pytest.mark.parametrize("name", [NBA, HANDICAPS])
def test_a_real_recording_is_reported(runs: Runs, name: str) -> None:
    """The report has every figure, also of a thousand pairs."""
    report = write_report(runs.of(name, "nba").folder)
    assert report.stat().st_size > 10_000


@pytest.mark.parametrize(("name", "experiment"), [(NBA, "nba"), (CRICKET, "nba_in_play")])
def test_a_second_pass_sends_the_same_commands(
    runs: Runs, imports: Imports, build_backtest: Callable[..., Any], name: str, experiment: str
) -> None:
    """A second pass over a real recording sends the same commands."""
    first = runs.of(name, experiment).summary["digest"]
    backtest = build_backtest(*settings_of(imports.tape(name), name, experiment))
    assert backtest.run_pass(backtest.queue()).journal.digest.hexdigest() == first


def test_a_thousand_pairs_are_traded_in_play(
    imports: Imports, build_backtest: Callable[..., Any]
) -> None:
    """The in-play experiment trades the handicap file as well, identically both times."""
    backtest = build_backtest(*settings_of(imports.tape(HANDICAPS), HANDICAPS, "nba_in_play"))
    first, second = (backtest.run_pass(backtest.queue()) for _ in range(2))
    assert first.wagers.fills
    assert first.journal.digest.hexdigest() == second.journal.digest.hexdigest()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_settled_match_pays_the_sum_of_its_fills(
    runs: Runs, imports: Imports, experiment: str
) -> None:
    """On the cricket match, settled profit is the independent sum over fills, to the cent."""
    run, tape = runs.of(CRICKET, experiment), Tape(imports.tape(CRICKET))
    assert run.summary["fills"] >= 20
    assert run.summary["profit_cents"] == profit_by_cents(run, tape)
    # By odds alone, the sum is off by no more than the rounding of each wager's profit.
    most = Fraction(run.summary["wagers_placed"], 2) + 1
    assert abs(run.summary["profit_cents"] - profit_by_odds(run, tape)) <= most
    assert (run.summary["open_positions"], run.summary["marked_cents"]) == ([], 0)


def test_only_the_in_play_experiment_quotes_in_play(runs: Runs) -> None:
    """In-play wagers are placed by the in-play experiment alone, and some of them are matched."""
    (event,) = runs.of(CRICKET, "nba").summary["events"]
    before, during = (runs.of(CRICKET, name).table("wagers") for name in EXPERIMENTS)
    assert before["placed_ns"].max() < event["live_ns"]
    in_play = during.filter(during["placed_ns"] > event["live_ns"])
    assert in_play["matched_cents"].sum() > 0


def test_nothing_is_placed_while_a_market_is_suspended(runs: Runs, imports: Imports) -> None:
    """Once a suspension can have reached the desk, it places nothing until the market reopens."""
    tape = Tape(imports.tape(CRICKET))
    rows = [row for chunk in tape.chunks() for row in chunk.rows()]
    states = [(row.received_ns, row.state) for row in rows if row.kind == Kind.MARKET_STATUS]
    suspended = [(start, end) for (start, state), (end, _) in pairwise(states) if state == 2]
    assert len(suspended) == 2
    live_ns = next(
        r.received_ns for r in rows if r.kind == Kind.EVENT_STATUS and r.state == EventStatus.LIVE
    )
    assert any(end >= live_ns for _, end in suspended)
    placed = runs.of(CRICKET, "nba_in_play").table("wagers")["placed_ns"].to_list()
    updated_ns = 2_000_000_000
    late = [at for at in placed for start, end in suspended if start + updated_ns < at < end]
    assert late == []


@pytest.mark.parametrize("name", [NBA, HANDICAPS])
def test_positions_without_a_result_are_listed_and_marked(runs: Runs, name: str) -> None:
    """Without results nothing is settled: positions are listed and marked, and no profit counts."""
    run = runs.of(name, "nba")
    summary = run.summary
    assert (summary["profit_cents"], summary["commission_cents"], summary["settled"]) == (0, 0, [])
    assert summary["profit_cents_front"] == summary["profit_cents_back"] == 0
    positions = {row["pair_id"]: row for row in summary["open_positions"]}
    expected: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for fill in run.table("fills").iter_rows(named=True):
        side = 0 if fill["first"] else 1
        expected[fill["pair_id"]][side] += fill["profit_cents"]
        expected[fill["pair_id"]][1 - side] -= fill["stake_cents"]
    listed = {
        pair_id: [row["profit_if_first_cents"], row["profit_if_second_cents"]]
        for pair_id, row in positions.items()
    }
    assert listed == dict(expected)
    marks = [row["marked_cents"] for row in positions.values()]
    assert summary["marked_cents"] == sum(marks)
    for row in positions.values():
        ends = (row["profit_if_first_cents"], row["profit_if_second_cents"])
        assert min(ends) <= row["marked_cents"] <= max(ends)
