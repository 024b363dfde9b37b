"""Whether what the fair price called likely happened as often: prices against results."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from sim.games.game_clusters import ClusteredMean, GameClusters
from sim.games.game_results import TOO_FEW
from sim.report.number_text import NONE, count
from sim.report.page import Html, figure, join, paragraph, table
from sim.report.panel import DOT, INK, MUTED, Box, LegendKey, Panel, picture, side_by_side
from sim.report.run_folder import Run, indices_by_pair
from sim.report.series import Series, floats, implied, round_ticks
from sim.results.price_scores import EVERY_NS, MOST_CERTAIN
from strategies.trading.model.counted import counted

_BINS = 10
_HEIGHT = 250
# Prices that differ by less are the same.
_ALIKE = 1e-9
# Points at either end of the scale are drawn whole.
_SCALE = (-4.0, 104.0)
_CLOSE, _IN_PLAY = "at the close", "in play"
_ONE_DRAW = (
    "Prices of one game have one result in common, so each game is a single draw. Calibration "
    f"takes many: how often what was called likely happened is drawn for {TOO_FEW} games or more."
)
# Of a price that says nothing.
_COIN = float(np.log(2))


@dataclass(frozen=True, slots=True)
class _Prices:
    """Prices of first selections, with whether these won, as 0 or 1, and their games.

    `market` is the middle of the touch then, NaN where it had one side only.
    """

    fair: Series
    market: Series
    won: Series
    games: Sequence[str]


def calibration(run: Run) -> Html:
    """Return how prices compare with results, or a sentence without any."""
    prices = {name: samples for name, samples in _sampled(run).items() if samples.games}
    if not prices:
        return paragraph("No pair has both a fair price and a result, so none is compared.")
    readings = " ".join(_reading(name, samples) for name, samples in prices.items())
    if max(len(set(samples.games)) for samples in prices.values()) < TOO_FEW:
        return join([paragraph(f"{readings} {_ONE_DRAW}"), _scores(prices)])
    return join([_figure(prices, readings), _scores(prices)])


def _sampled(run: Run) -> dict[str, _Prices]:
    """Return the last price of every pair before its start, and its prices in play.

    Those in play are taken every five minutes, as they stood then.
    """
    rows = indices_by_pair(run.prices)
    columns = (run.prices[name] for name in ("ns", "fair", "first_touch", "second_touch"))
    ns, fair, first, second = columns
    times = np.array(ns, dtype=np.int64)
    fairs = floats(fair)
    middles = (implied(first) + 100 - implied(second)) / 200
    found: dict[str, tuple[list[int], list[float], list[str]]] = {
        name: ([], [], []) for name in (_CLOSE, _IN_PLAY)
    }
    for pair_id, indices in rows.items():
        first_won, event = run.pair_name(pair_id).first_won, run.event_of(pair_id)
        if first_won is None or event is None:
            continue
        own = np.array(indices)
        priced = own[~np.isnan(fairs[own])]
        start_ns = event.live_ns or event.scheduled_ns
        end_ns = event.ended_ns or run.summary.last_ns
        # The exchange empties its books at the start, so the close is the last price before that.
        moments = {
            _CLOSE: (priced, np.array([start_ns - 1])),
            _IN_PLAY: (own, np.arange(start_ns + EVERY_NS, end_ns, EVERY_NS)),
        }
        for name, (rows_then, at_ns) in moments.items():
            places = np.searchsorted(times[rows_then], at_ns, side="right") - 1
            chosen = rows_then[places[places >= 0]]
            chosen = chosen[~np.isnan(fairs[chosen])]
            kept, won, games = found[name]
            kept += chosen.tolist()
            won += [float(first_won)] * len(chosen)
            games += [event.event_id] * len(chosen)
    return {
        name: _Prices(fairs[kept], middles[kept], np.array(won), games)
        for name, (kept, won, games) in found.items()
    }


def _figure(prices: dict[str, _Prices], readings: str) -> Html:
    boxes, height = side_by_side(2, _HEIGHT)
    drawn = [
        _panel(box, name, _binned(samples))
        for box, (name, samples) in zip(boxes, prices.items(), strict=False)
    ]
    caption = (
        "A point is all prices of one tenth of the scale: their mean across, and upwards how often "
        "these selections won, with an interval by games where there are at least "
        f"{TOO_FEW}. On the dashed line the two are equal. {readings}"
    )
    panels = [panel for panel in drawn if panel is not None]
    return figure("calibration", picture("calibration", height, panels), caption)


_Bin = tuple[float, ClusteredMean]


def _binned(samples: _Prices) -> list[_Bin]:
    """Return the mean price of each bin that has prices, and how often its selections won."""
    clusters = GameClusters(samples.games)
    places = np.minimum((samples.fair * _BINS).astype(int), _BINS - 1)
    bins = []
    for number in range(_BINS):
        inside = places == number
        if inside.any():
            won = clusters.mean(samples.won, inside.astype(np.float64))
            bins.append((float(samples.fair[inside].mean()), won))
    return bins


def _panel(box: Box, name: str, bins: list[_Bin]) -> Panel:
    panel = Panel(box, _SCALE, _SCALE, "%")
    panel.title(f"Won, {name}")
    panel.value_ticks(round_ticks(panel.upwards, 5), lambda value: f"{value:g} %")
    panel.diagonal(MUTED)
    x = 100 * np.array([price for price, _ in bins])
    means, lows, highs = 100 * np.array([won[:3] for _, won in bins]).T
    panel.line_with_intervals(x, means, lows, highs, INK, "won")
    panel.numbers.over("fair price", 100, unit="%")
    panel.ticks_beneath(round_ticks(panel.across, 5), lambda value: f"{value:g} %")
    panel.label("fair price of the selection", lines=1)
    panel.legend([LegendKey(DOT, INK, "with 95 % interval by games")])
    return panel


def _reading(name: str, samples: _Prices) -> str:
    bins = _binned(samples)
    games = len(set(samples.games))
    text = f"{name.capitalize()}: {count(len(samples.games))} prices of {counted(games, 'game')}"
    certain = [(price, won) for price, won in bins if not isnan(won.low)]
    if not certain:
        return f"{text}."
    inside = sum(won.low <= price <= won.high for price, won in certain)
    return f"{text}; {inside} of {len(certain)} intervals hold the mean price of their bin."


def _scores(prices: dict[str, _Prices]) -> Html:
    alike = _is_market(prices)
    rows = [_score_row(name, samples)[: 4 if alike else None] for name, samples in prices.items()]
    heads: tuple[str, ...] = ("prices", "#number", "#games", "#log score")
    explanation = (
        "Log score: minus the logarithm of the probability that was given to what happened, less "
        f"is better; a price of one half has {_COIN:.4f}. The market's price is the middle of the "
        "touch, where it had both sides"
    )
    if alike:
        explanation += ": here the fair price itself, so that there is nothing to compare it with."
    else:
        heads = (*heads, "#of the market", "#difference", "#95 %")
        explanation += ". A difference below zero says that the fair price was better."
    return join([table(heads, rows), paragraph(explanation, "aside")])


def _is_market(prices: dict[str, _Prices]) -> bool:
    """Return whether the fair price was the middle of the touch wherever that had both sides."""
    apart = np.concatenate([each.fair - each.market for each in prices.values()])
    return not (np.abs(apart[~np.isnan(apart)]) > _ALIKE).any()


def _score_row(name: str, samples: _Prices) -> tuple[str, ...]:
    clusters, all_alike = GameClusters(samples.games), np.ones(len(samples.games))
    own, market = _losses(samples.fair, samples.won), _losses(samples.market, samples.won)
    score = clusters.mean(own, all_alike)
    of_market = clusters.mean(market, all_alike)
    apart = clusters.mean(own - market, all_alike)
    return (
        name,
        count(len(samples.games)),
        count(score.games),
        f"{score.mean:.4f}",
        NONE if isnan(of_market.mean) else f"{of_market.mean:.4f}",
        NONE if isnan(apart.mean) else f"{apart.mean:+.4f}",
        NONE if isnan(apart.low) else f"{apart.low:+.4f} to {apart.high:+.4f}",
    )


def _losses(prices: Series, won: Series) -> Series:
    likely = np.where(won == 1.0, prices, 1.0 - prices)
    losses: Series = -np.log(np.clip(likely, 1.0 - MOST_CERTAIN, MOST_CERTAIN))
    return losses
