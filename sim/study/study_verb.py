"""The verb `study`."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from conf.command_line import print_line
from conf.modes import Mode, refuse_other_modes
from sim.study.page.study_page import write_study_page
from sim.study.sensitivity import run_sensitivity
from sim.study.study_result import study_result, write_table
from sim.study.study_run import Study
from sim.study.study_text import arm_lines, arm_table, result_lines
from sim.study.study_words import study_words
from strategies.trading.model.errors import ConfigError

STUDIES = Path("studies")

HELP = """\
usage: python -m sim study NAME [+experiment=NAME] [SETTING=VALUE[,VALUE...] ...] [objective=NAME]
                                [unseen=SHARE] [trials=NUMBER] [sensitivity=on|off]
                                [engine=processes|ray]

Compares settings on the same games. Every setting with several values makes arms, the first of them
is the baseline; every arm plays every recording, each on its own, in parallel. Trials that are done
are kept in studies/NAME: the same command goes on after Ctrl-C, and adds arms that are new.

  python -m sim study margins +experiment=nba recording.path=season/games.jsonl \\
      strategy.spread_margin=0.005,0.01,0.02 strategy=simple_market_maker,skewed_market_maker

  python -m sim study search +experiment=nba recording.path=season/games.jsonl \\
      'strategy.spread_margin=interval(0.002,0.02)' trials=50

objective:   {objectives}; early by default
unseen:      the share of games, the last by date, that only judge; 0.5 by default
sensitivity: runs the arm that the other games choose under other queue models and without latency,
             on the games that judge: up to 4 more passes over each of them; on by default
trials:      how many values of the intervals Optuna draws, on the games that choose; the best five
             and what was given are then run on the others
engine:      what runs trials: processes of this machine, or the Ray cluster of RAY_ADDRESS, which
             is a local one without it

docs/studies.md says more.
"""


def study(words: Sequence[str]) -> None:
    """Run a study, or go on with it, and print what it shows."""
    if not words or "=" in words[0] or words[0].startswith("-"):
        message = "name the study first: python -m sim study NAME ..."
        raise ConfigError(message)
    name, *others = words
    if not name.replace("_", "").replace("-", "").isalnum():
        message = f"{name!r} names no study; use letters, digits, '_' and '-'"
        raise ConfigError(message)
    refuse_other_modes(others, Mode.BACKTEST)
    read = study_words(others)
    with Study(STUDIES / name, read) as running:
        _run(running)
        result = study_result(running.store, running.recordings, read.objective, read.unseen)
    for note in running.notes:
        print_line(note)
    Console(markup=False, emoji=False).print(arm_table(result))
    for line in (*arm_lines(result), *result_lines(result)):
        print_line(line)
    write_table(running.folder, result)
    command = " ".join(["python -m sim study", *map(shlex.quote, words)])
    print_line(write_study_page(running.folder, result, running.notes, command).resolve())


def _run(running: Study) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    with progress:
        task = progress.add_task("trials", total=None)
        running.run(lambda done, total: progress.update(task, completed=done, total=total))
        if running.words.sensitivity:
            more = progress.add_task("under other models", total=None)
            run_sensitivity(
                running, lambda done, total: progress.update(more, completed=done, total=total)
            )
