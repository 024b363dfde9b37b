"""`summary.json`: what was written before is read, and what is read is written the same."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from sim.results.run_summary import BacktestSummary, OpenPosition, SessionRunSummary
from sim.results.summary_file import read_summary, write_summary
from sim.run_console import remarks
from strategies.trading.model.errors import ConfigError

OF_0_2 = Path(__file__).parent / "of_0_2"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("backtest", BacktestSummary), ("paper", SessionRunSummary), ("live", SessionRunSummary)],
)
def test_a_summary_of_an_older_version_is_read_and_written_byte_for_byte(
    tmp_path: Path, name: str, kind: type
) -> None:
    """No key, number or order of the file changes on its way through the type."""
    content = (OF_0_2 / f"{name}.json").read_bytes()
    (tmp_path / "summary.json").write_bytes(content)
    summary = read_summary(tmp_path)
    assert type(summary) is kind
    write_summary(tmp_path, summary)
    assert (tmp_path / "summary.json").read_bytes() == content


def test_a_summary_without_one_of_its_figures_is_refused_by_its_path(tmp_path: Path) -> None:
    """A file that lacks a key is named, with the key."""
    text = (OF_0_2 / "backtest.json").read_text(encoding="utf-8")
    (tmp_path / "summary.json").write_text(text.replace('"fills"', '"filled"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"^{tmp_path}/summary.json: .*`fills`"):
        read_summary(tmp_path)


def test_a_position_without_a_fair_price_is_reported_as_that(tmp_path: Path) -> None:
    """What is not settled is listed, with its mark only where there is one."""
    (tmp_path / "summary.json").write_bytes((OF_0_2 / "backtest.json").read_bytes())
    summary = read_summary(tmp_path)
    assert isinstance(summary, BacktestSummary)
    positions = [
        OpenPosition("a", "A at B: moneyline", 100, -100, -250),
        OpenPosition("b", "A at B: total 9.5", 100, -100, None),
    ]
    assert remarks(replace(summary, notes=[], open_positions=positions)) == [
        "not settled: A at B: moneyline, marked at -$2.50",
        "not settled: A at B: total 9.5, without a fair price",
    ]
