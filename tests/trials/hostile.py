"""What the trials of hostile input share: how each attempt is judged, timed and counted.

An attempt must end in time, either accepted or refused by an error of a named kind whose text is
one line that a terminal and a log can hold. Anything else is raised as HostileError.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from strategies.trading.model.errors import TradingError
from strategies.trading.model.one_line import short_line
from tests.trials.command_line import print_line, trial_parser

# The longest that one attempt may take, on a machine that is busy with other things.
ATTEMPT_SECONDS = 5.0
_PROGRESS_SECONDS = 5.0


class HostileError(AssertionError):
    """An input was neither accepted nor refused as it should be."""


class Tally:
    """Counts how attempts ended, by kind, with the slowest of each and the memory added."""

    def __init__(self, notify: Callable[[str], None] = lambda _: None) -> None:
        """Start with nothing counted; `notify` gets a line of progress every few seconds."""
        self.outcomes: dict[str, Counter[str]] = {}
        self.slowest: dict[str, float] = {}
        self.added_bytes: dict[str, int] = {}
        self._notes: list[str] = []
        self._notify = notify
        self._notified = perf_counter()

    @property
    def total(self) -> int:
        """Return how many attempts there were."""
        return sum(counts.total() for counts in self.outcomes.values())

    @contextmanager
    def attempt(
        self, kind: str, what: object, refusals: tuple[type[Exception], ...] = (TradingError,)
    ) -> Iterator[None]:
        """Judge what is done within; raise HostileError, with the input, if it does not hold."""
        began = perf_counter()
        outcome = "accepted"
        try:
            yield
        except HostileError:
            raise
        except refusals as error:
            outcome = f"refused ({type(error).__name__})"
            self._require_one_line(kind, error, what)
        except Exception as error:
            message = f"{kind}: {type(error).__name__}: {error}; of {_shown(what)}"
            raise HostileError(message) from error
        seconds = perf_counter() - began
        if seconds > ATTEMPT_SECONDS:
            message = f"{kind}: took {seconds:.1f} s; of {_shown(what)}"
            raise HostileError(message)
        self.slowest[kind] = max(seconds, self.slowest.get(kind, 0.0))
        self.count(kind, outcome)

    def count(self, kind: str, outcome: str, times: int = 1) -> None:
        """Count attempts that were judged in another way."""
        self.outcomes.setdefault(kind, Counter())[outcome] += times
        if perf_counter() - self._notified > _PROGRESS_SECONDS:
            self._notified = perf_counter()
            self._notify(f"{kind}: {self.outcomes[kind].total()} attempts")

    def note(self, line: str) -> None:
        """Add a line to the table."""
        self._notes.append(line)

    @contextmanager
    def measured(self, kind: str) -> Iterator[None]:
        """Measure what the process takes more of memory at its peak."""
        # Linux: 5 resets the peak.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _memory_bytes("VmRSS")
        yield
        self.added_bytes[kind] = max(0, _memory_bytes("VmHWM") - before)

    def table(self) -> list[str]:
        """Return the results as lines."""
        lines = []
        for kind, counts in self.outcomes.items():
            outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
            lines.append(f"{kind}: {counts.total()} attempts: {outcomes}")
            if kind in self.slowest:
                lines.append(f"  slowest {1_000 * self.slowest[kind]:.0f} ms")
            if kind in self.added_bytes:
                lines.append(f"  memory {self.added_bytes[kind] >> 10} KiB more at its peak")
        return lines + self._notes

    def _require_one_line(self, kind: str, error: Exception, what: object) -> None:
        # As a command line shows it.
        text = short_line(str(error))
        if not text or "Traceback" in text:
            message = f"{kind}: {text!r} is no message; of {_shown(what)}"
            raise HostileError(message)


def run_script(name: str, trial: Callable[[int, int, Tally], None], words: Sequence[str]) -> int:
    """Run the trial that the arguments of a script ask for, and print its table."""
    parser = trial_parser(name)
    parser.add_argument("--size", type=int, default=1_000, help="how many inputs are tried")
    given = parser.parse_args(words)
    # The first of each kind is logged, which is not what is tried here.
    logging.disable()
    tally = Tally(lambda line: print_line(f"  {line}"))
    began = perf_counter()
    try:
        trial(given.size, given.seed, tally)
    except Exception as error:
        failed = f"FAILED with seed {given.seed} after {tally.total}"
        print_line("\n".join([*tally.table(), f"{failed}: {type(error).__name__}: {error}"]))
        return 1
    seconds = perf_counter() - began
    heading = f"{tally.total} inputs, seed {given.seed}, {seconds:.0f} s"
    print_line("\n".join([heading, *tally.table()]))
    return 0


def _memory_bytes(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


def _shown(what: object) -> str:
    text = repr(what)
    return text if len(text) < 1_000 else f"{text[:1_000]}... ({len(text)} characters)"
