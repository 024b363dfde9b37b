"""What was ahead of our wagers in the queue when they opened, and how each of them ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from sim.games.game_clusters import ClusteredMean, GameClusters
from sim.games.game_results import TOO_FEW
from sim.report.number_text import NONE, count, dollars, percent, seconds
from sim.report.page import Html, figure, join, paragraph, table
from sim.report.panel import FIRST, MUTED, Box, Panel, picture, side_by_side
from sim.report.run_folder import Run
from sim.report.series import Series, floats, limits_around, round_ticks
from sim.results.measured_fill import ADVERSE_S
from strategies.trading.model.commands import Intent
from strategies.trading.model.counted import counted

_HEIGHT = 170
# Upper ends of the groups by what was ahead, in cents, and their names in sentences and on axes.
_GROUPS = (
    (0, "nothing", "nothing"),
    (10_00, "up to $10", "\N{LESS-THAN OR EQUAL TO} $10"),
    (100_00, "$10 to $100", "\N{LESS-THAN OR EQUAL TO} $100"),
    (1_000_00, "$100 to $1,000", "\N{LESS-THAN OR EQUAL TO} $1,000"),
    (None, "above $1,000", "> $1,000"),
)


@dataclass(frozen=True, slots=True)
class _Group:
    """The wagers that had about as much ahead of them; `kept` is that of their fills in cents."""

    name: str
    tick: str
    wagers: int
    full: int
    partly: int
    stake_cents: int
    matched: ClusteredMean
    kept: ClusteredMean
    lifetime_ns: float | None


def queue_places(run: Run) -> Html:
    """Return how wagers ended by what was ahead of them, or a sentence without any."""
    groups = _grouped(run)
    if not groups:
        return paragraph(
            "Nothing is known of the queue: no wager opened, or the run is of an earlier version."
        )
    rows = [_row(group) for group in groups]
    heads = ("ahead at the opening", "#wagers", "#matched in full", "#partly", "#stake")
    more = ("#of it matched", "#95 %", f"#kept after {ADVERSE_S} s", "#median lifetime")
    explanation = (
        "Ahead is what others offered at the same odds when a wager opened, as it was displayed to "
        "takers and in their cents: all of it is matched before the wager, or withdrawn. Levels "
        "too deep to be displayed are left out, and wagers that take. Kept: the fair price "
        f"{ADVERSE_S} s after the fills less the price paid, in cents of a dollar of payout."
    )
    return join([_figure(groups), table((*heads, *more), rows), paragraph(explanation, "aside")])


def _grouped(run: Run) -> list[_Group]:
    wagers = run.wagers
    ahead = floats(wagers["ahead_cents"])
    rests = np.array([intent != Intent.TAKE.value for intent in wagers["intent"]], dtype=bool)
    known = rests & ~np.isnan(ahead)
    if not known.any():
        return []
    wager_games, fill_games = (GameClusters(run.games(each)) for each in (wagers, run.fills))
    stakes, matched = floats(wagers["stake_cents"]), floats(wagers["matched_cents"])
    lasted = floats(wagers["ended_ns"]) - floats(wagers["placed_ns"])
    ahead_of = dict(zip(wagers["ref"], ahead.tolist(), strict=True))
    fill_ahead = floats([ahead_of.get(ref) for ref in run.fills["ref"]])
    kept, payouts = _kept(run)
    found = []
    above = -1.0
    for end, name, tick in _GROUPS:
        upper = np.inf if end is None else float(end)
        chosen = known & (ahead > above) & (ahead <= upper)
        fills = (fill_ahead > above) & (fill_ahead <= upper)
        above = upper
        if chosen.any():
            share = np.divide(matched, stakes, out=np.zeros_like(stakes), where=stakes > 0)
            found.append(
                _Group(
                    name,
                    tick,
                    wagers=int(chosen.sum()),
                    full=int((chosen & (matched >= stakes)).sum()),
                    partly=int((chosen & (matched > 0) & (matched < stakes)).sum()),
                    stake_cents=int(stakes[chosen].sum()),
                    matched=wager_games.mean(share, np.where(chosen, stakes, 0.0)),
                    kept=fill_games.mean(kept, np.where(fills, payouts, 0.0)),
                    lifetime_ns=_median(lasted[chosen]),
                )
            )
    return found


def _kept(run: Run) -> tuple[Series, Series]:
    """Return what each fill had kept of a dollar of payout, in cents, and its payout."""
    stakes = floats(run.fills["stake_cents"])
    payouts = stakes + floats(run.fills["profit_cents"])
    fair = floats(run.fills[f"fair_{ADVERSE_S}s"])
    return 100 * (fair - stakes / np.maximum(payouts, 1.0)), payouts


def _median(values: Series) -> float | None:
    known = np.sort(values[~np.isnan(values)])
    return float(known[len(known) // 2]) if known.size else None


def _row(group: _Group) -> tuple[str, ...]:
    return (
        group.name,
        count(group.wagers),
        count(group.full),
        count(group.partly),
        dollars(group.stake_cents),
        percent(group.matched.mean),
        _interval(group.matched),
        NONE if isnan(group.kept.mean) else f"{group.kept.mean:+.2f} c",
        seconds(group.lifetime_ns),
    )


def _interval(mean: ClusteredMean) -> str:
    return NONE if isnan(mean.low) else f"{100 * mean.low:.1f} to {100 * mean.high:.1f} %"


def _figure(groups: Sequence[_Group]) -> Html:
    (left, right), height = side_by_side(2, _HEIGHT)
    shares = _means([group.matched for group in groups], 100.0)
    kept = _means([group.kept for group in groups], 1.0)
    panels = [
        _panel(left, "Of the stake, matched", groups, shares, "%"),
        _panel(right, f"Kept {ADVERSE_S} s after the fills, cents", groups, kept, "c"),
    ]
    caption = (
        f"{_reading(groups)} The first chart shows how much of the stake was matched, by what was "
        "ahead of it in the queue: where the line falls, the queue costs fills. The second shows "
        "what these fills were worth: below zero, the price had moved through the place."
    )
    return figure("queue", picture("queue", height, panels), caption)


def _means(means: Sequence[ClusteredMean], scale: float) -> NDArray[np.float64]:
    """Return rows of means, lower and upper bounds."""
    found: NDArray[np.float64] = scale * np.array([mean[:3] for mean in means]).T
    return found


def _panel(
    box: Box, title: str, groups: Sequence[_Group], drawn: NDArray[np.float64], unit: str
) -> Panel:
    panel = Panel(box, (-0.5, len(groups) - 0.5), limits_around(list(drawn)), unit)
    panel.title(title)
    panel.value_ticks(round_ticks(panel.upwards, 5), lambda value: f"{value:g} {unit}")
    panel.horizontal(0, MUTED)
    places = np.arange(len(groups), dtype=np.float64)
    means, lows, highs = drawn
    panel.line_with_intervals(places, means, lows, highs, FIRST, "mean")
    panel.categories("ahead:", [f"{group.tick}\n{count(group.wagers)}" for group in groups])
    panel.label("stake ahead at the opening; number of wagers beneath", lines=2)
    return panel


def _reading(groups: Sequence[_Group]) -> str:
    """Return the best and the worst place in the queue in one sentence."""
    parts = [
        f"{percent(group.matched.mean)} of the {dollars(group.stake_cents)} that had {group.name} "
        "ahead"
        for group in (groups[0], groups[-1])
    ]
    text = f"Matched was {' and '.join(dict.fromkeys(parts))}."
    if all(isnan(group.matched.low) for group in groups):
        games = counted(max(group.matched.games for group in groups), "game")
        return f"{text} Intervals need {TOO_FEW} games; these places are of {games}."
    return text
