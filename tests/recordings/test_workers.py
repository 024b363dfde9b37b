"""Jobs in processes of their own: results, errors, and an end at any moment."""

import os
import signal
from multiprocessing import active_children

import pytest

from recordings.workers import NEW, WorkerKilledError, ordered_results, results_of
from strategies.trading.model.errors import TapeError

FOREVER, REFUSED, KILLED, INTERRUPTED = -1, -2, -3, -4


def square(number: int) -> int:
    """Return the square of a number, and do what the names of some numbers say."""
    if number == FOREVER:
        signal.pause()
    if number == REFUSED:
        message = "refused"
        raise TapeError(message)
    if number in {KILLED, INTERRUPTED}:
        os.kill(os.getpid(), signal.SIGKILL if number == KILLED else signal.SIGINT)
    return number * number


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_results_are_in_the_order_of_the_jobs_whatever_the_processes(processes: int) -> None:
    """Any number of processes gives the same list, also more of them than jobs."""
    assert ordered_results(square, range(5), processes) == [0, 1, 4, 9, 16]
    assert ordered_results(square, [], processes) == []
    assert active_children() == []


def process_id(_job: int) -> int:
    """Return the id of the process that computes the job."""
    return os.getpid()


def test_a_single_job_is_not_worth_a_new_process() -> None:
    """One file is imported here; several are by processes that end with the last of them."""
    assert ordered_results(process_id, [1], 2, NEW) == [os.getpid()]
    assert os.getpid() not in ordered_results(process_id, [1, 2], 2, NEW)
    assert active_children() == []


def test_jobs_that_nobody_waits_for_any_longer_are_ended() -> None:
    """Whoever leaves early, as on Ctrl-C, does not wait for jobs that are still computed."""
    with results_of(square, [FOREVER, 3, FOREVER], 2) as results:
        assert next(results) == (1, 9)
        assert len(active_children()) == 2
    assert active_children() == []


def test_an_error_of_a_job_is_raised_and_ends_the_others() -> None:
    """The error is that of the job, and no process stays."""
    with pytest.raises(TapeError, match=r"^refused$"):
        ordered_results(square, [FOREVER, REFUSED], 2)
    assert active_children() == []


def test_a_killed_process_is_reported_and_not_waited_for() -> None:
    """A process that the system killed is an error with its exit code, no endless wait."""
    with pytest.raises(WorkerKilledError, match=r"exit code -9"):
        ordered_results(square, [FOREVER, KILLED], 2)
    assert active_children() == []


def test_ctrl_c_is_left_to_the_original() -> None:
    """Ctrl-C reaches every process of a terminal; a worker finishes its job all the same."""
    assert ordered_results(square, [INTERRUPTED], 1) == [16]
