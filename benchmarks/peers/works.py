"""The works that are compared: which stream, what is done with it, and by which programs."""

from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.environments import FLUMINE, HFTBACKTEST, NAUTILUS, OLD, OURS, PLAIN
from benchmarks.peers.streams import StreamFiles

_HERE = Path(__file__).parent
RUN_OURS = str(_HERE / "run_ours.py")
NOBODY, CHANGE, TIMER = "nobody", "change", "timer"
NBA, CRICKET, GENERATED = "NBA", "cricket", "generated"
REAL_SOURCES = {
    NBA: "nba_moneyline_prematch_1.166564490.bz2",
    CRICKET: "cricket_match_odds_1.200806927.jsonl.gz",
}

# A command on the real books: our default latency until a wager is open, and flumine's own.
_REAL_LATENCY_NS = 120_000_000
_GENERATED_LATENCY_NS = 2_000_000
# The other programs have no limit of requests, and the account must last: nothing is ever settled.
_GENERATED_SETTINGS = [
    *(f"latency.{part}.ms=2" for part in ("feed", "entry", "response")),
    *(f"latency.{part}.ms=0" for part in ("compute", "activation")),
    "exchange.settings.requests_per_second=1000000",
    "starting_balance=10000000",
]


class Work(NamedTuple):
    """One row of the comparison, by several programs."""

    stream: str
    case: str
    programs: tuple[str, ...]

    def title(self, messages: int) -> str:
        """Return what is done, with the length of the stream."""
        book = "generated pair" if self.stream == GENERATED else f"real {self.stream} book"
        done = {
            NOBODY: "nobody trading",
            CHANGE: "at the touch on every change",
            TIMER: "at the touch by a timer of 10 ms",
        }
        return f"{book}, {messages:,} messages, {done[self.case]}"


_BETTING = (OURS, PLAIN, OLD, NAUTILUS, FLUMINE)
WORKS = (
    Work(NBA, CHANGE, _BETTING),
    Work(NBA, NOBODY, _BETTING),
    Work(CRICKET, CHANGE, _BETTING),
    Work(CRICKET, NOBODY, _BETTING),
    Work(GENERATED, TIMER, (OURS, PLAIN, OLD, HFTBACKTEST)),
    Work(GENERATED, CHANGE, (OURS, PLAIN, OLD, NAUTILUS, HFTBACKTEST)),
    Work(GENERATED, NOBODY, (OURS, PLAIN, OLD, NAUTILUS, HFTBACKTEST)),
)


def script_and_arguments(work: Work, program: str, files: StreamFiles) -> list[str]:
    """Return the script that does a work in the environment of a program, and its arguments."""
    latency_ns = _GENERATED_LATENCY_NS if work.stream == GENERATED else _REAL_LATENCY_NS
    source = str(files.source)
    if program == NAUTILUS:
        return [str(_HERE / "run_nautilus.py"), source, work.case, str(latency_ns)]
    if program == HFTBACKTEST:
        return [str(_HERE / "run_hftbacktest.py"), source, work.case, str(latency_ns)]
    if program == FLUMINE:
        return [str(_HERE / "run_flumine.py"), source, work.case]
    if work.case == NOBODY:
        return [RUN_OURS, NOBODY, str(files.tape)]
    return [RUN_OURS, "trade", str(files.tape), *_settings(work)]


def _settings(work: Work) -> list[str]:
    refresh = f"strategy.quote_refresh_seconds={0.01 if work.case == TIMER else 0}"
    return [refresh, *(_GENERATED_SETTINGS if work.stream == GENERATED else ["risk.in_play=true"])]
