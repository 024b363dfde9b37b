"""Passes under other queue models run beside the chosen one, and nothing but the time shows it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from sim.backtest import Backtest
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Front
from sim.forked import Forked, spare_processors
from strategies.trading.model.errors import InvariantError
from tests.conftest import FinishedRun

needs_two = pytest.mark.skipif(spare_processors() < 1, reason="needs two processors, and Linux")


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this process to one processor."""
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usual)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


def failing() -> int:
    """Raise."""
    message = "no result"
    raise ValueError(message)


def killed() -> int:
    """End this process as the system does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def interrupted() -> int:
    """Return though Ctrl-C was pressed, which reaches both processes."""
    os.kill(os.getpid(), signal.SIGINT)
    return 7


@needs_two
@pytest.mark.parametrize(
    ("function", "result"), [(failing, None), (killed, None), (interrupted, 7)]
)
def test_a_copy_gives_its_result_or_none_and_prints_nothing(
    capfd: pytest.CaptureFixture[str], function: Callable[[], int], result: int | None
) -> None:
    """What failed beside is done again by the original, which reports the error, once."""
    assert Forked(function).result() == result
    assert capfd.readouterr() == ("", "")
    assert not active_children()


@needs_two
def test_a_copy_has_no_processor_to_spare() -> None:
    """Jobs that a parallel launcher runs in processes of their own have no more processors."""
    assert Forked(spare_processors).result() == 0


@needs_two
def test_the_number_of_processors_changes_no_figure(
    run_in: Callable[..., FinishedRun], small_tape: Path
) -> None:
    """All of the summary is the same but how long the chosen pass took; also with three passes."""
    for queue in ("back", "prorata"):
        words = (f"queue={queue}", f"recording.path={small_tape}")
        beside = run_in(small_tape.parent, *words).summary
        with one_processor():
            alone = run_in(small_tape.parent, *words).summary
        assert beside | {"rows_per_second": 0} == alone | {"rows_per_second": 0}
        assert beside["wagers_placed"]


@needs_two
def test_passes_are_shown_in_the_same_order_and_to_their_end(
    build_backtest: Callable[..., Backtest], small_tape: Path, tmp_path: Path
) -> None:
    """The bars of a run's progress do not depend on where its passes run."""
    backtest = build_backtest("queue=prorata", f"recording.path={small_tape}")
    shown: list[tuple[str, int, int]] = []
    backtest.run(tmp_path, lambda *progress: shown.append(progress))
    assert list(dict.fromkeys(label for label, *_ in shown)) == [
        "queue prorata",
        "queue front",
        "queue back",
    ]
    ends = {label: (rows, total) for label, rows, total in shown}
    assert all(rows == total > 0 for rows, total in ends.values())


class Failing(SimulatedProphet):
    """An exchange that fails under one queue model."""

    def __init__(self, *, queue: Any, fails_under: type, **parts: Any) -> None:
        """Raise if the queue model is the wrong one."""
        if isinstance(queue, fails_under):
            message = f"failed under {queue}"
            raise InvariantError(message)
        super().__init__(queue=queue, **parts)


@needs_two
@pytest.mark.parametrize("fails_under", [Front, object])
def test_an_error_in_either_pass_is_raised_and_leaves_no_process_and_no_table(
    build_backtest: Callable[..., Backtest], small_tape: Path, tmp_path: Path, fails_under: type
) -> None:
    """An error beside is that of the pass itself; one of the chosen pass ends the other."""
    backtest = build_backtest("queue=back", f"recording.path={small_tape}")
    usual: Any = backtest._exchange
    backtest._exchange = lambda **parts: Failing(fails_under=fails_under, **usual.keywords, **parts)
    folder = tmp_path / "run"
    folder.mkdir()
    under = "front" if fails_under is Front else "back"
    with pytest.raises(InvariantError, match=f"^failed under {under}$"):
        backtest.run(folder, lambda *_: None)
    assert not active_children()
    assert not list(folder.iterdir())
