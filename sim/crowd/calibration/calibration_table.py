"""`python -m sim calibrate --seeds`: the checks of several seeds side by side, in Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from recordings.writing import write_text
from sim.crowd.calibration.calibrate import GROUPS, ShowLine, calibrate
from sim.crowd.calibration.calibration_check import Check
from strategies.trading.model.errors import ConfigError

# Seeds with a column of their own; of further ones the least and the most are given.
SHOWN_SEEDS = 3


def calibrate_seeds(sport: str, seeds: Sequence[int], show: ShowLine, out: Path) -> list[Check]:
    """Show and return every check of a sport by each seed, and write the table after each of them.

    So what is done when it is interrupted is in the file. Raise ConfigError for a folder that does
    not exist, and WriteError if the table cannot be written.
    """
    if not out.parent.is_dir():
        message = f"{out}: the folder {out.parent} does not exist; make it first"
        raise ConfigError(message)
    by_seed: dict[int, list[Check]] = {}
    for seed in seeds:
        show(f"seed {seed}")
        by_seed[seed] = calibrate(sport, seed, show)
        write_text(out, table_of(by_seed))
    return [check for checks in by_seed.values() for check in checks]


def table_of(by_seed: Mapping[int, Sequence[Check]]) -> str:
    """Return the checks of several seeds, the same ones in the same order, as Markdown tables."""
    shown, further = list(by_seed)[:SHOWN_SEEDS], list(by_seed)[SHOWN_SEEDS:]
    heads = ["figure", "target", "tolerance", *(f"seed {seed}" for seed in shown)]
    heads += [f"{len(further)} further seeds"] if further else []
    heads += ["failed", "source of the target"]
    rows = list(zip(*by_seed.values(), strict=True))
    lines: list[str] = []
    for group in sorted({checks[0].group for checks in rows}):
        lines += ["", f"### {group}. {GROUPS[group]}", "", _row(heads), _row(["---"] * len(heads))]
        of_group = [checks for checks in rows if checks[0].group == group]
        lines += [_row(_cells(checks, len(shown))) for checks in of_group]
    return "\n".join(lines[1:]) + "\n"


def _cells(checks: Sequence[Check], shown: int) -> list[str]:
    first, further = checks[0], [check.measured for check in checks[shown:]]
    failed = sum(not check.passed for check in checks)
    return [
        first.name,
        first.target,
        first.tolerance,
        *(check.figure for check in checks[:shown]),
        *([f"{min(further):.4g} to {max(further):.4g}"] if further else []),
        f"**{failed} of {len(checks)}**" if failed else "",
        first.source,
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
