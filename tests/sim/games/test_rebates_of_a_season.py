"""The monthly rebate over the games of a season: accrued by month, on one account."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recordings.utc_time import month_of
from sim.report.document import write_report
from strategies.trading.model.units import NS_PER_SECOND
from tests.sim.small_games import write_game

# The second is on the evening before in New York, so in September.
STARTS = ("2026-09-21T20:00", "2026-10-01T01:00", "2026-10-02T20:00")
WORDS = (
    *("markets=moneyline", "strategy.spread_margin=0.02", "latency=none"),
    *("fees.rebate.above_contracts=[1000,3000]", "fees.rebate.percents=[50,80]"),
)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three games of two months."""
    folder = tmp_path_factory.mktemp("rebates") / "season"
    for number, start in enumerate(STARTS):
        at = datetime.fromisoformat(start).replace(tzinfo=UTC)
        begins_ns = int(at.timestamp()) * NS_PER_SECOND
        write_game(folder / f"game-{number}", number, begins_ns, home_wins=True)
    return folder


@pytest.fixture(scope="module")
def together(run_in: Callable[..., Any], season: Path) -> Any:
    """Return the finished run of all games on one account."""
    return run_in(season.parent, *WORDS, "recording.path=season", "games=together")


@pytest.mark.parametrize(
    ("utc", "month"),
    [("2026-08-01T03:59:59", "2026-07"), ("2026-08-01T04:00:00", "2026-08")],
)
def test_a_month_turns_at_midnight_in_new_york(utc: str, month: str) -> None:
    """A fill late on the last evening belongs to the month that ends there."""
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert month_of(int(at.timestamp()) * NS_PER_SECOND) == month


def test_a_rebate_is_accrued_by_month_over_games(together: Any) -> None:
    """Two games of one month share its tiers, the third begins a month; all sums are exact."""
    summary, fills = together.summary, together.table("fills")
    months = {each["month"]: each for each in summary["rebates"]}
    volume: Counter[str] = Counter()
    for row in fills.iter_rows(named=True):
        month = "2026-10" if "game-2" in row["pair_id"] else "2026-09"
        volume[month] += row["stake_cents"] + row["profit_cents"]
    assert {month: each["volume_cents"] for month, each in months.items()} == volume
    september = months["2026-09"]
    above = [max(0, volume["2026-09"] - begin) for begin in (1_000_00, 3_000_00)]
    share = (50 * (above[0] - above[1]) + 80 * above[1]) / volume["2026-09"] / 100
    assert above[0] > 0
    expected = september["commission_cents"] * share
    assert expected * 0.999 - 1 < september["rebate_cents"] <= expected

    rebate_cents = sum(each["rebate_cents"] for each in months.values())
    split = summary["split"]
    assert split["rebate_cents"] == rebate_cents == fills["rebate_cents"].sum() > 0
    terms = [split[f"{name}_cents"] for name in ("edge", "adverse", "drift", "outcome")]
    assert split["profit_cents"] == sum(terms) - split["commission_cents"] + rebate_cents
    assert split["profit_cents"] == summary["profit_cents"]
    assert sum(each["net_cents"] for each in summary["settled"]) == summary["profit_cents"]
    for by in ("event", "market", "selection", "phase"):
        named = summary["splits"][by]
        assert sum(each["split"].get("rebate_cents", 0) for each in named) == rebate_cents
        assert sum(each["split"]["profit_cents"] for each in named) == summary["profit_cents"]
    equity = together.table("equity")["profit_cents"][-1]
    assert summary["profit_cents"] == equity + rebate_cents, "it is in no balance before its month"


@pytest.mark.slow
def test_apart_each_game_has_tiers_of_its_own(
    run_in: Callable[..., Any], season: Path, together: Any
) -> None:
    """An account that plays one game never reaches the tiers of all of them."""
    words = ("recording.path=season", "games=apart")
    apart = run_in(season.parent, *WORDS, *words).summary
    shared = together.summary
    for name in ("volume_cents", "commission_cents"):
        assert [each[name] for each in apart["rebates"]] == [
            each[name] for each in shared["rebates"]
        ]
    assert apart["rebates"][0]["rebate_cents"] < shared["rebates"][0]["rebate_cents"]
    assert apart["split"]["rebate_cents"] == sum(each["rebate_cents"] for each in apart["rebates"])


@pytest.mark.slow
def test_the_report_shows_the_effective_rate(together: Any) -> None:
    """A reader sees what the exchange keeps, by month and of what was won."""
    page = write_report(together.folder).read_text(encoding="utf-8")
    assert "an effective rate of" in page
    assert "2026-09" in page
    assert "with a monthly rebate from 2026-07 to 2027-06" in page


def test_the_rebate_is_not_in_force_before_it_began(
    run_in: Callable[..., Any], season: Path
) -> None:
    """On a month outside of those of the settings the exchange keeps its commission."""
    words = ("recording.path=season/game-2", "fees.rebate.first_month=2026-11")
    summary = run_in(season.parent, *WORDS, *words).summary
    assert [each["rebate_cents"] for each in summary["rebates"]] == [0]
    assert summary["commission_cents"] > 0
    assert "rebate_cents" not in summary["split"]
