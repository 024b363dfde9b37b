"""A run says why it quoted nothing, and what was traded meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL = ("recording.path=tape", "markets=moneyline")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("strategy.default_stake=0.5", "stake: $0.50 is less than risk.min_stake, $1.00"),
        ("pricing.max_overround=0.0001", "no fair price"),
        ("strategy.spread_margin=0.499", "price_sanity: +7750 is a price of 0.013"),
        ("risk.stop_before_start_seconds=90000", "start is near"),
    ],
)
@pytest.mark.usefixtures("small_tape")
def test_a_run_that_placed_nothing_says_why(
    sim: Callable[..., Any], word: str, reason: str
) -> None:
    """One line names the reason that lasted longest, with its figures."""
    outcome = sim("run", *SMALL, word)
    assert outcome.status == 0
    (line,) = [line for line in outcome.out if line.startswith("no wager was placed")]
    assert reason in line
    assert "1 market" in line


def test_silences_count_what_was_traded_meanwhile(
    run_in: Callable[..., Any], tmp_path: Path, small_tape: Path
) -> None:
    """Twenty trades of $10, all while the stake was too small."""
    words = (f"recording.path={small_tape}", "markets=moneyline", "strategy.default_stake=0.5")
    run = run_in(tmp_path, *words)
    (total,) = [each for each in run.summary["silences"] if each["reason"] == "stake"]
    assert (total["markets"], total["traded_cents"]) == (1, 20_000)
    rows = run.table("silences")
    assert rows["traded_cents"].sum() == 20_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pricing=reference",), "needs outside prices, of which there are none"),
        (("+experiment=nfl", "pricing=in_game"), "needs a fit for play of NFL, moneyline"),
    ],
)
@pytest.mark.usefixtures("small_tape")
def test_a_pricing_that_cannot_price_is_refused(
    sim: Callable[..., Any], words: tuple[str, ...], message: str
) -> None:
    """No other pricing takes its place."""
    outcome = sim("run", *words, *(() if "+experiment=nfl" in words else SMALL))
    assert outcome.status == 2
    assert message in outcome.err[-1]
    assert outcome.err[-1].endswith("use pricing=consensus")
