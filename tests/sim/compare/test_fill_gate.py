"""The gate on fill models: what is drift, what is chance, and what is too little to say."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.compare.fill_gate import FillGate
from sim.compare.fill_verdicts import FILE, drift_limits
from sim.compare.outcomes import ComparedWager, Outcome
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import EventId, LineId, WagerRef
from strategies.trading.model.odds import EVEN

REQUEST = PlaceWager(WagerRef("first-1-1"), LineId("home"), EVEN, 1_000, Intent.REST)
BACK = {"queue": "back", "entry latency": "67 ms", "cancel latency": "83.5 ms"}
NOT_FILLED = Outcome(0, None, None)


def filled(value_cents: int) -> Outcome:
    """Return a fill of $10 at even money that was worth this, less its stake, a minute later."""
    return Outcome(1_000, 5, None, 2_000, value_cents)


def wager(game: int, real: Outcome, simulated: Outcome) -> ComparedWager:
    """Return a wager of a game with its two outcomes."""
    return ComparedWager(REQUEST, 0, real, {"back": simulated}, EventId(f"g{game}"))


def gate_of(wagers: Iterable[ComparedWager]) -> FillGate:
    """Return a gate with these wagers."""
    gate = FillGate()
    gate.add(wagers, {"back": BACK})
    return gate


def drawn(seed: int, games: int, real_rate: float, real_value: float) -> list[ComparedWager]:
    """Draw games of forty wagers: a simulated rate of 30 %, worth nothing, beside a real one.

    What fills are worth and how often they happen hangs together within a game.
    """
    rng = np.random.default_rng(seed)
    wagers = []
    for game in range(games):
        busy, moved = rng.normal(0, 0.05), rng.normal(0, 20)
        values = np.rint(rng.normal((real_value, 0), 60, (40, 2)) + moved).astype(int).tolist()
        is_filled = (rng.random((40, 2)) < (real_rate + busy, 0.3 + busy)).tolist()
        for worth, hit in zip(values, is_filled, strict=True):
            real, simulated = (
                filled(value) if is_hit else NOT_FILLED
                for value, is_hit in zip(worth, hit, strict=True)
            )
            wagers.append(wager(game, real, simulated))
    return wagers


@pytest.mark.slow
def test_a_true_fill_model_seldom_seems_to_drift() -> None:
    """Of two hundred sessions under the true model one in twenty may, give or take three."""
    drifted = [gate_of(drawn(seed, 15, 0.3, 0)).verdicts()[0].drifted for seed in range(200)]
    assert sum(drifted) <= 19


@pytest.mark.parametrize(
    ("rate", "value"), [(0.2, 0), (0.3, -40)], ids=["filled less often", "worth less"]
)
def test_a_wrong_fill_model_drifts(rate: float, value: float) -> None:
    """A third fewer fills, or two cents of a contract less, show in forty games."""
    drifted = [gate_of(drawn(seed, 40, rate, value)).verdicts()[0].drifted for seed in range(10)]
    assert sum(drifted) >= 9


def test_the_error_is_that_of_games_not_of_wagers() -> None:
    """Ten games of which two are all fills know less than their four hundred wagers would."""
    wagers = [wager(g, filled(0) if g < 2 else NOT_FILLED, NOT_FILLED) for g in range(10)] * 40
    (verdict,) = gate_of(wagers).verdicts()
    assert verdict.filled is not None
    # Ten observations, 0 or 1: a standard error of 0.133, times Student's 2.685 with nine degrees.
    assert verdict.filled.real - verdict.filled.simulated == pytest.approx(0.2)
    assert verdict.filled.error == pytest.approx(0.1333 * 2.685, rel=0.01)
    assert not verdict.drifted


def test_a_difference_within_the_tolerance_is_no_drift() -> None:
    """One wager in a hundred is known for certain here, and does not matter."""
    wagers = [wager(g, filled(0), filled(0)) for g in range(10)] * 99
    wagers += [wager(g, filled(0), NOT_FILLED) for g in range(10)]
    (verdict,) = gate_of(wagers).verdicts()
    assert verdict.filled is not None
    assert verdict.filled.error == pytest.approx(0)
    assert not verdict.drifted


@pytest.mark.parametrize(("games", "wagers"), [(9, 40), (12, 2)])
def test_too_few_fills_or_games_get_no_verdict(games: int, wagers: int) -> None:
    """The line says how many there are, and how many are needed."""
    few = [wager(g, filled(0), NOT_FILLED) for g in range(games)] * wagers
    (verdict,) = gate_of(few).verdicts()
    assert not verdict.drifted
    needed = "30 of 10 are needed"
    assert str(verdict) == (
        f"too few fills for a verdict: {games * wagers} of {games} games; {needed}"
    )


def test_a_model_that_fills_nothing_drifts_without_a_worth() -> None:
    """Where a model has no fill, only how often wagers are filled can be compared."""
    (verdict,) = gate_of([wager(g, filled(0), NOT_FILLED) for g in range(12)] * 5).verdicts()
    assert verdict.worth is None
    assert str(verdict).startswith("the fill model has drifted: filled 100.00 against 0.00 %")


def test_the_verdict_is_kept_for_backtests_of_the_same_models(tmp_path: Path) -> None:
    """Another latency or queue model is another model; a later comparison replaces the verdict."""
    folder = tmp_path / "first"
    folder.mkdir()
    gate = gate_of([wager(g, filled(0), NOT_FILLED) for g in range(12)] * 5)
    out = list(gate.conclude(folder))
    assert out[1].startswith("back  ")
    assert "the fill model has drifted" in out[1]
    assert out[2] == str(folder / FILE)
    (limit,) = drift_limits(tmp_path, BACK | {"faults": "none"})
    assert limit.startswith("session first, the fill model has drifted: filled 100.00 against")
    assert drift_limits(tmp_path, BACK | {"queue": "front"}) == []
    assert drift_limits(tmp_path, BACK | {"cancel latency": "67 ms"}) == []
    list(gate_of([wager(g, filled(0), filled(0)) for g in range(12)] * 5).conclude(folder))
    assert drift_limits(tmp_path, BACK) == []


def test_a_session_without_wagers_keeps_nothing(tmp_path: Path) -> None:
    """There is nothing to print and nothing to write."""
    assert list(FillGate().conclude(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_verdict_is_named(tmp_path: Path) -> None:
    """A run goes on, and says that it does not know."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / FILE).write_text("[{}]", encoding="utf-8")
    (limit,) = drift_limits(tmp_path, BACK)
    assert limit == f"{tmp_path}/first/{FILE} cannot be read: compare its session again"


def test_a_run_under_a_model_that_drifted_says_so_first(
    run_in: Callable[..., Any], tmp_path: Path, small_tape: Path
) -> None:
    """It is the first thing that summary, console and report say of the run."""
    words = (f"recording.path={small_tape}", "queue=back", "latency=none")
    models = run_in(tmp_path, *words).summary["models"]
    folder = tmp_path / "sessions" / "first"
    folder.mkdir(parents=True)
    kept = {name: text for name, text in models.items() if "latency" in name or name == "queue"}
    gate = FillGate()
    gate.add([wager(g, filled(0), NOT_FILLED) for g in range(12)] * 5, {"back": kept})
    list(gate.conclude(folder))
    (limit,) = run_in(tmp_path, *words).summary["limits"]
    assert "session first, the fill model has drifted" in limit
