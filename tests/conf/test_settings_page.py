"""docs/settings.md, and the meanings that `--cfg job` prints."""

from collections.abc import Callable
from typing import Any

import pytest

from conf.settings_page import page
from sim.__main__ import main
from tests.paths import PROJECT

PAGE = PROJECT / "docs" / "settings.md"


@pytest.mark.slow
def test_the_page_is_up_to_date_with_the_types() -> None:
    """docs/settings.md is as the types make it; `python -m conf.settings_page` writes it again."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_cfg_job_prints_the_meaning_beside_the_value(
    run_main: Callable[..., Any], tmp_path: Any
) -> None:
    """`--cfg job` runs nothing and prints every setting with its meaning and unit."""
    outcome = run_main(main, tmp_path, "run", "+experiment=nba", "--cfg", "job")
    assert outcome.status == 0, outcome.err
    line = next(each for each in outcome.out if "max_daily_loss:" in each)
    assert line.startswith("  max_daily_loss: 1000  # The loss of one day")
    assert line.endswith("(dollars)")
    assert not (tmp_path / "runs").exists()


def test_cfg_with_multirun_is_refused_in_one_line(
    run_main: Callable[..., Any], tmp_path: Any
) -> None:
    """`--cfg` shows one run, so `--multirun` with it is refused with the remedy, status 2."""
    outcome = run_main(main, tmp_path, "run", "--cfg", "job", "--multirun", "seed=1,2")
    assert outcome.status == 2
    assert outcome.err == ["python -m sim run: --cfg: shows one run; leave out --multirun"]


def test_every_setting_has_a_meaning_and_says_what_is_allowed() -> None:
    """No row of the page lacks its meaning, its default, or the values that are allowed."""
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert len(cells) > 100
    incomplete = [
        name
        for name, meaning, _, default, allowed in cells
        if not (meaning and default and allowed)
    ]
    assert incomplete == []


def test_a_duration_names_its_unit() -> None:
    """A setting whose name ends in a unit of time says so in its column of units."""
    units = {"seconds": "seconds", "minutes": "minutes", "hours": "hours", "ms": "milliseconds"}
    wrong = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            name, _, unit = (cell.strip() for cell in line.split("|")[1:4])
            wanted = units.get(name.strip("`").rpartition("_")[2])
            wrong += [name] if wanted not in (None, unit) else []
    assert wrong == []
