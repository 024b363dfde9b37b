"""Prices at other points: what the scales must keep, and how far real prices are from them."""

import csv
import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.trading.model.odds import implied_probability
from strategies.trading.pricing.score_scales import SCALES
from strategies.trading.pricing.vig import without_vig
from tests.paths import SHARED

CLOSING = SHARED / "data" / "real" / "closing_lines"
POLYMARKET = SHARED / "data" / "real" / "polymarket_us"
# Whole games alone: no innings, no halves.
SLUG = re.compile(
    r"(?:a[es]c|tsc)-(?P<game>[a-z]+-\w+-\w+-(?P<day>\d{4}-\d\d-\d\d))"
    r"(?:-(?:(?P<sign>neg|pos)-)?(?P<point>\d+pt\d+))?"
)
EVERY_SCALE = [(sport, scale) for sport, scales in SCALES.items() for scale in scales]
MEANS = {"basketball": 220.0, "american football": 45.0, "baseball": 9.0, "ice hockey": 6.0}


def _id(value: object) -> str:
    """Return a name of a sport or a scale that is the same in every process."""
    return value if isinstance(value, str) else type(value).__name__


def needs(path: Path) -> Path:
    """Return a file of measured prices; skip the test without it."""
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    return path


def fair_of(first: float, second: float) -> float:
    """Return the fair probability of the first of two American odds."""
    return without_vig([implied_probability(int(odds)) for odds in (first, second)], "power")[0]


@pytest.mark.parametrize(("sport", "scale"), EVERY_SCALE, ids=_id)
@settings(max_examples=40, deadline=None)
@given(fair=st.floats(0.03, 0.97), halves=st.integers(-6, 6))
def test_a_price_gives_the_mean_that_gives_the_price(
    sport: str, scale: object, fair: float, halves: int
) -> None:
    """At its own point a price is returned as it was, whole points and halves alike."""
    del sport
    point = halves / 2
    assert scale.fair(scale.mean(fair, point), point) == pytest.approx(fair, abs=1e-4)  # type: ignore[attr-defined]


@pytest.mark.parametrize("sport", SCALES)
def test_more_points_are_likelier_to_win(sport: str) -> None:
    """A point more never lowers the price of home, nor raises that of over."""
    margin, total = SCALES[sport]
    homes = [margin.fair(0.7, point / 2) for point in range(-40, 41)]
    overs = [total.fair(MEANS[sport], MEANS[sport] + point / 2) for point in range(-20, 21)]
    assert homes == sorted(homes)
    assert overs == sorted(overs, reverse=True)


@pytest.mark.parametrize("sport", ["basketball", "baseball", "ice hockey"])
def test_a_game_without_ties_has_one_price_around_zero(sport: str) -> None:
    """Half a point either way is the moneyline, as no game ends level."""
    margin = SCALES[sport].margin
    assert margin.fair(1.3, -0.5) == pytest.approx(margin.fair(1.3, 0.0))
    assert margin.fair(1.3, 0.5) == pytest.approx(margin.fair(1.3, 0.0))


def test_three_points_matter_most_in_the_nfl() -> None:
    """From -2.5 to -3.5 is worth more than from -4.5 to -5.5, by more than twice."""
    fair = SCALES["american football"].margin.fair
    key, other = (fair(3.0, at) - fair(3.0, at - 1.0) for at in (-2.5, -4.5))
    assert key > 2 * other


def _run_lines() -> Iterator[tuple[float, float]]:
    """Yield run lines of MLB by the moneyline and as the book had them."""
    path = needs(CLOSING / "mlb_closing_lines_2014_2016.csv.gz")
    margin = SCALES["baseball"].margin
    with gzip.open(path, "rt") as file:
        for game in csv.DictReader(file):
            try:
                winner = fair_of(float(game["home_close_ml"]), float(game["away_close_ml"]))
                book = fair_of(float(game["home_run_line_odds"]), float(game["away_run_line_odds"]))
                point = float(game["home_run_line"])
            except ValueError:
                continue
            if abs(point) == 1.5:
                yield margin.fair(margin.mean(winner, 0.0), point), book


def test_mlb_run_lines_follow_from_the_moneyline() -> None:
    """Over 7,389 closing lines the error is 1.2 points on average, and not to one side."""
    errors = [ours - book for ours, book in _run_lines()]
    assert len(errors) > 7_000
    assert abs(sum(errors)) / len(errors) < 0.006
    assert sum(map(abs, errors)) / len(errors) < 0.0125


def test_nfl_spreads_follow_from_the_moneyline_within_their_reach() -> None:
    """Of lines up to three points, which books offer at even prices, the error is 1.9 points."""
    games = json.loads(needs(CLOSING / "nfl_closing_lines_2011_2016.json").read_text())
    margin, errors = SCALES["american football"].margin, []
    for game in games:
        point = game["home_close_spread"]
        odds = (game["home_close_ml"], game["away_close_ml"])
        if abs(point) <= margin.reach and min(map(abs, odds)) >= 100:
            errors.append(margin.fair(margin.mean(fair_of(*odds), 0.0), point) - 0.5)
    assert len(errors) > 400
    assert abs(sum(errors)) / len(errors) < 0.008
    assert sum(map(abs, errors)) / len(errors) < 0.021


def _ladders(league: str) -> Iterator[dict[str, dict[float, float]]]:
    """Yield the prices of each game of Polymarket US, hourly until 11:00, by kind and point.

    Those are mids of at most 3 cents, as probabilities of the first team or of over; the moneyline
    has point zero.
    """
    quotes = pl.read_parquet(needs(POLYMARKET / f"quotes_{league}.parquet"))
    tight = quotes.filter(
        (pl.col("ask") - pl.col("bid") <= 0.03)
        & (pl.col("bid") > 0.03)
        & (pl.col("ask") < 0.97)
        & (pl.col("ts_et").dt.minute() < 3)
    )
    found: dict[tuple[str, ...], dict[str, dict[float, float]]] = {}
    for at, slug, kind, bid, ask in tight.select("ts_et", "slug", "kind", "bid", "ask").iter_rows():
        parts = SLUG.fullmatch(slug)
        if parts is None or at >= datetime.fromisoformat(f"{parts['day']}T11:00"):
            continue
        sign = -1.0 if parts["sign"] == "neg" else 1.0
        point = sign * float((parts["point"] or "0").replace("pt", "."))
        key = (parts["game"], f"{at:%m%d%H}")
        found.setdefault(key, {}).setdefault(kind, {})[point] = (bid + ask) / 2
    yield from found.values()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("league", "sport", "kind", "distance", "count", "size"),
    [
        ("wnba", "basketball", "asc", 3.0, 150, 0.0170),
        ("wnba", "basketball", "tsc", 3.0, 200, 0.0115),
        ("wnba", "basketball", "tsc", 6.0, 75, 0.0125),
        ("mlb", "baseball", "asc", 1.0, 390, 0.0065),
        ("mlb", "baseball", "asc", 2.0, 350, 0.0080),
        ("mlb", "baseball", "tsc", 1.0, 1_300, 0.0160),
        ("mlb", "baseball", "tsc", 2.0, 850, 0.0150),
    ],
)
def test_ladders_of_a_market_follow_from_its_main_line(
    league: str, sport: str, kind: str, distance: float, count: int, size: float
) -> None:
    """The mean size of the error, of which the mids themselves have about a cent."""
    margin, total = SCALES[sport]
    errors = []
    for prices in _ladders(league):
        points = prices.get(kind, {})
        if len(points) < 2:
            continue
        main = min(points, key=lambda point: abs(points[point] - 0.5))
        for point, market in points.items():
            if abs(point - main) != distance:
                continue
            if kind == "tsc":
                ours = total.fair(total.mean(points[main], main), point)
            else:
                # The first team of a name is away.
                ours = 1 - margin.fair(margin.mean(1 - points[main], -main), -point)
            errors.append(abs(ours - market))
    assert len(errors) >= count
    assert sum(errors) / len(errors) < size
