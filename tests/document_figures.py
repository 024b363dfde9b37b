"""Where the figures of the documents come from: what recomputes each, or the command that measures.

A figure is any number outside of code. It is `RECOMPUTED` by a test; or it stands under a heading
whose figures were `MEASURED` by a command that takes minutes, or needs other programs or a machine
without others; or it is `NAMED`, which is no figure: a version, a level, a unit.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from conf.compose import CONFIG_FOLDER
from live.prophetx.socket import pusher_socket
from recordings import tape_columns
from recordings.parquet import ROWS_PER_GROUP
from sim.sandbox import socket_hub
from sim.study.interval_search import BATCH
from sim.study.study_search import FINALISTS
from sim.study.study_words import DEFAULTS
from tests.paths import PROJECT

PERFORMANCE, STUDIES, README = "docs/performance.md", "docs/studies.md", "README.md"
DOCUMENTS = (README, PERFORMANCE, STUDIES)


class Recomputed(NamedTuple):
    """A sentence of a document, and the texts that its groups must have."""

    document: str
    pattern: str
    texts: Callable[[], Sequence[str]]


def text_of(document: str) -> str:
    """Return a document."""
    return (PROJECT / document).read_text(encoding="utf-8")


def _requests_per_second() -> str:
    settings = (CONFIG_FOLDER / "prophet" / "production.yaml").read_text(encoding="utf-8")
    found = re.search(r"requests_per_second: (\d+)", settings)
    assert found is not None
    return found[1]


def _storms_by_hand() -> str:
    found = re.search(r"storm_digests 0 (\d+)", text_of("CONTRIBUTING.md"))
    assert found is not None
    return f"{int(found[1]):,}"


def _study_size() -> Sequence[str]:
    """Return the games, trials and unseen games of the study whose command the document has."""
    text = " ".join(text_of(STUDIES).split())
    games = int(re.findall(r"season nba --games (\d+)", text)[0])
    command = re.findall(r"study margins \+experiment=season ([^`]+)`", text)[0]
    arms = 1
    for word in command.split():
        arms *= len(word.split(","))
    return f"{arms * games:,}", str(round(float(DEFAULTS["unseen"]) * games))


RECOMPUTED = (
    Recomputed(PERFORMANCE, r"by hand over ([\d,]+) random storms", lambda: [_storms_by_hand()]),
    Recomputed(
        PERFORMANCE,
        r"keeps clear of the (\d+) requests a second",
        lambda: [_requests_per_second()],
    ),
    Recomputed(
        PERFORMANCE,
        r"rows that wait for their group of ([\d,]*\d)",
        lambda: [f"{ROWS_PER_GROUP:,}"],
    ),
    Recomputed(
        PERFORMANCE,
        r"whose own queue holds ([\d,]*\d)",
        lambda: [f"{pusher_socket._FRAMES_WAITING_MAX:,}"],
    ),
    Recomputed(
        PERFORMANCE,
        r"disconnects a client \((\d+)\) that is\s+([\d,]+) frames behind",
        lambda: [str(socket_hub._OVER_CAPACITY), f"{socket_hub._MAX_UNREAD:,}"],
    ),
    Recomputed(
        PERFORMANCE,
        r"a recording of up to a (million) rows",
        lambda: ["million" if tape_columns._MOST_ROWS == 1_000_000 else "other"],
    ),
    Recomputed(STUDIES, r"`unseen=([\d.]+)`", lambda: [DEFAULTS["unseen"]]),
    Recomputed(STUDIES, r"(\w+) arms are drawn at a time", lambda: [_word(BATCH).capitalize()]),
    Recomputed(STUDIES, r"The (\w+)\s+best and the baseline", lambda: [_word(FINALISTS)]),
    Recomputed(STUDIES, r"skewed_market_maker`: ([\d,]+) trials", lambda: _study_size()[:1]),
)


def _word(number: int) -> str:
    return ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")[number]


# Of each document the headings whose figures were measured, with the command that does it.
MEASURED: Mapping[tuple[str, str], str] = {
    (PERFORMANCE, "Beside other programs"): "python -m benchmarks.peers",
    (PERFORMANCE, "What a wager and a decision cost"): "python -m benchmarks.wager_life",
    (PERFORMANCE, "A run, a game, a season"): "python -m sim season nba",
    (PERFORMANCE, "A report"): "python -m benchmarks.report",
    (PERFORMANCE, "Targets"): "valgrind --tool=callgrind",
    (PERFORMANCE, "Rows and memory"): "python -m benchmarks.backtest",
    (PERFORMANCE, "Watching"): "python -m benchmarks.watching",
    (PERFORMANCE, "Live"): "python -m benchmarks.live",
    (STUDIES, "Two hundred generated games, six arms"): "python -m sim study margins",
    (STUDIES, "A planted edge, and none"): "python -m tests.sim.study.planted_edge",
    (STUDIES, "Polymarket US"): "python -m sim import polymarket",
}

# What has digits and is no figure.
NAMED: Mapping[str, Sequence[str]] = {
    README: (
        "3.11, 3.12 or 3.13; Hydra does not start on 3.14",  # test_readme.py has them
        "exit status 2 for invalid settings or arguments and 1 for failures",
        "SHA-256",
        "at -146 is displayed to takers on away, at +146",
    ),
    PERFORMANCE: ("Python 3.11.7",),
    STUDIES: (
        "moves to 60 s",
        "stays at 5 %",
        "above zero at 5 %",
        "Slurm 22.05",
        "Ray 2.60",
    ),
}
