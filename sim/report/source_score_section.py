"""The desk's price and the market's beside each outside source, and which source was right."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

from sim.report.number_text import count
from sim.report.page import Html, join, paragraph, subheading, table
from sim.report.run_folder import Run
from sim.results.run_summary import Losses, SourceScore

_MOST = 30
_BY_RESULTS = (
    "From the desk is how far the source's price was from ours, a mean in percentage points (pp). "
    "Losses are mean log losses by the results, less is better: minus the logarithm of the "
    "probability given to what happened. Source, desk and market are compared on the same samples, "
    "every five minutes for each pair that all three priced. Read the last column first: below "
    "zero the source was nearer to the truth than the market, by as much; where the range of two "
    "standard errors, over games, includes zero, these games do not say which. One game says "
    "nothing: its samples hang together."
)
_BY_CLOSE = (
    "The same against the close, the market's last price before play started: the log loss beyond "
    "that of the close itself, before the game only. It needs far fewer games than the results do, "
    "and says who knew early where the market would end, not who was right."
)


_Of = Callable[[SourceScore], Losses]


class _Ranked(NamedTuple):
    """One source over games: its distance from the desk, its losses, and source less market."""

    source: str
    games: int
    gap: float
    losses: Losses
    excess: float
    error: float | None


def source_scores(run: Run) -> Html:
    """Return how right each source was by the results and by the close, the best first."""
    by_results = _ranked(run.summary.source_scores, _results_of)
    by_close = _ranked(run.summary.source_scores, _close_of)
    return join(
        [
            paragraph(_verdict(by_results, by_close)),
            _table(by_results),
            paragraph(_BY_RESULTS, "aside"),
            subheading("Against the close"),
            _table(by_close),
            paragraph(_BY_CLOSE, "aside"),
        ]
    )


def _results_of(score: SourceScore) -> Losses:
    return score.by_results


def _close_of(score: SourceScore) -> Losses:
    return score.by_close


def _verdict(by_results: Sequence[_Ranked], by_close: Sequence[_Ranked]) -> str:
    """Return which source was nearest to the results and to the close, as far as games say so."""
    sentences = [
        _nearest(what, ranked[0])
        for what, ranked in (("the results", by_results), ("the close", by_close))
        if ranked
    ]
    return " ".join(sentences) or "No game has started: nothing says yet which source was right."


def _nearest(what: str, best: _Ranked) -> str:
    side = "below" if best.excess < 0 else "above"
    sentence = (
        f"Of the sources {best.source} was nearest to {what}, with a log loss "
        f"{abs(best.excess):.4f} {side} the market's"
    )
    if best.error is None:
        return f"{sentence}; one game cannot say which of the two is better."
    within = f"{sentence} (two standard errors: {2 * best.error:.4f})"
    certain = abs(best.excess) > 2 * best.error
    return f"{within}." if certain else f"{within}; these games do not say which is better."


def _table(ranked: Sequence[_Ranked]) -> Html:
    heads = ("source", "#games", "#samples", "#from the desk")
    losses = ("#loss of the source", "#of the desk", "#of the market", "#source less market")
    return table([*heads, *losses], [_row(each) for each in ranked[:_MOST]])


def _row(ranked: _Ranked) -> tuple[str, ...]:
    losses, error = ranked.losses, ranked.error
    within = "" if error is None else f" \N{PLUS-MINUS SIGN} {2 * error:.4f}"
    return (
        ranked.source,
        count(ranked.games),
        count(losses.samples),
        f"{100 * ranked.gap:.2f} pp",
        *(f"{each:.4f}" for each in (losses.source, losses.desk, losses.market)),
        f"{ranked.excess:+.4f}{within}",
    )


def _ranked(scores: Sequence[SourceScore], of: _Of) -> list[_Ranked]:
    """Return each source that was judged, the one with the least loss less the market's first."""
    by_source: dict[str, list[SourceScore]] = defaultdict(list)
    for score in scores:
        if of(score).samples:
            by_source[score.source].append(score)
    ranked = [_over_games(source, games, of) for source, games in by_source.items()]
    return sorted(ranked, key=lambda each: (each.excess, each.source))


def _over_games(source: str, games: Sequence[SourceScore], of: _Of) -> _Ranked:
    """Return a source over games, with the standard error of its excess over these."""
    losses = [of(game) for game in games]
    samples = sum(each.samples for each in losses)
    looks = sum(game.samples for game in games)

    def mean(value: Callable[[Losses], float]) -> float:
        return sum(each.samples * value(each) for each in losses) / samples

    whole = Losses(
        samples, mean(lambda x: x.source), mean(lambda x: x.desk), mean(lambda x: x.market)
    )
    excess = whole.source - whole.market
    error = None
    if len(games) > 1:
        off = (each.samples * (each.source - each.market - excess) for each in losses)
        error = sqrt(sum(x * x for x in off) * len(games) / (len(games) - 1)) / samples
    gap = sum(game.samples * game.desk_gap for game in games) / looks
    return _Ranked(source, len(games), gap, whole, excess, error)
