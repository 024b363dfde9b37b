"""Within which time a trade and a decrease are paired: as set, as recorded, or assumed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.backtest import Backtest
from sim.exchange.queue_models import Front
from sim.exchange.trade_pairing import measured_pairing
from tests.conftest import FinishedRun
from tests.sim.small_exchange import ExchangeScenario

MS = 1_000_000


@pytest.mark.parametrize(
    ("spacings", "text"),
    [
        ([(3_651, 25 * MS)], "0.1 s, as recorded"),
        ([(3_651, 25 * MS), (800, 300 * MS)], "0.6 s, as recorded"),
        ([(40, 1_900 * MS)], "2 s, as recorded"),
        ([(19, 25 * MS)], "0.5 s, assumed"),
        ([(19, 25 * MS), (3_651, 0)], "0.1 s, as recorded"),
        ([], "0.5 s, assumed"),
    ],
)
def test_the_pairing_time_follows_the_recordings(
    spacings: list[tuple[int, int]], text: str
) -> None:
    """Twice the time within which nine in ten pairs are, from 0.1 to 2 s, if enough are known."""
    assert str(measured_pairing(spacings)) == text


@pytest.mark.parametrize(("pairing_ms", "filled"), [(100, 300), (500, 0)])
def test_with_a_longer_pairing_time_front_misses_fills_behind_a_cancel(
    make_scenario: type[ExchangeScenario], pairing_ms: int, filled: int
) -> None:
    """Until it is known for a cancel, a decrease may be the trade that is reported next."""
    scenario = make_scenario(Front(), trade_pairing_ns=pairing_ms * MS)
    scenario.offer(0, "away", 100, 600)
    scenario.place(1, "w", "home", 100, 1000)
    scenario.offer(2, "away", 100, 1200)
    scenario.offer(10, "away", 100, 600)
    scenario.trade(200, "away", 100, 300)
    scenario.run()
    assert scenario.filled_cents("w") == filled


@pytest.mark.slow
def test_a_run_states_its_pairing_time(
    nba_run: FinishedRun, build_backtest: Callable[..., Backtest], small_tape: Path, tmp_path: Path
) -> None:
    """That of the recording, unless the settings state one; of a crowd there is no need."""
    assert nba_run.summary["models"]["trade pairing"] == "0.1 s, as recorded"
    words = ("exchange.settings.trade_pairing_seconds=0.25", f"recording.path={small_tape}")
    summary = build_backtest(*words).run(tmp_path, lambda *_: None)
    assert summary.models["trade pairing"] == "0.25 s, as set"
