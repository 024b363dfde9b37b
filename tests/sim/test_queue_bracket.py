"""The queue models beside the chosen one: how far the extremes are apart, and what is known."""

from collections.abc import Callable
from pathlib import Path

from sim.results.queue_bracket import bracket_text
from sim.results.run_summary import BacktestSummary
from sim.results.summary_file import read_summary
from tests.conftest import Outcome

Sim = Callable[..., Outcome]


def test_by_default_both_extremes_stand_beside_prorata(sim: Sim, small_tape: Path) -> None:
    """Console, summary and report have what is matched under each, and what was measured."""
    outcome = sim("run", f"recording.path={small_tape}")
    folder = Path(outcome.out[-1])
    summary = read_summary(folder)
    assert isinstance(summary, BacktestSummary)
    assert summary.models["queue"] == "prorata"
    assert [*summary.profits_by_other_queue] == ["front", "back"]
    matched = (summary.turnover_cents_front, summary.turnover_cents_back)
    assert None not in matched
    (line,) = [line for line in outcome.out if line.startswith("Queue models: ")]
    assert line == bracket_text(*(cents or 0 for cents in matched))
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert line in report
    assert "prorata (chosen; proportional" in report


def test_the_bracket_of_the_queue_models_is_one_sentence() -> None:
    """It compares what front and back matched, and says what is known of other markets."""
    text = bracket_text(103_400, 100_000)
    assert text.startswith(
        "Queue models: on this recording front matched 3.4 % more stake than back; on other markets"
    )
    assert "back filled 20.9 % less than it at the touch" in text
    assert "front matched 2.0 % less stake than back;" in bracket_text(98_000, 100_000)
    assert "front matched as much stake as back;" in bracket_text(0, 0)
    assert "front matched stake and back none;" in bracket_text(5, 0)
