"""The verdict on a run, in sentences that a reader sees first."""

from collections.abc import Iterator, Sequence
from math import isfinite

from sim.games.game_results import TOO_FEW, GameMean, GameResult, game_mean, game_results
from sim.report.number_text import count, dollars, percent, signed_dollars
from sim.report.page import Html, verdict
from sim.report.run_folder import Run
from sim.results.run_summary import BacktestSummary, RunSummary
from sim.results.split_text import nothing_placed
from strategies.trading.model.counted import counted

# An outcome within as many standard deviations says nothing about a strategy.
_USUAL_SDS = 2


def run_verdict(run: Run) -> Html:
    """Return what a run shows of its strategy: a headline, and the sentences that it rests on."""
    s = run.summary
    nothing = nothing_placed(s)
    if nothing is not None:
        return verdict("No wager was placed.", [f"{nothing[:1].upper()}{nothing[1:]}."])
    if not (s.split.fills or s.unsettled.fills):
        return verdict("No wager was filled.", [_unfilled(s)])
    games = game_results(s)
    headline = _of_games(games) if len(games) > 1 else _of_one(s)
    return verdict(headline, list(_reasons(s, games)))


def _unfilled(s: RunSummary) -> str:
    return f"{counted(s.wagers_placed, 'wager')} placed, so there is nothing to judge but prices."


def _of_one(s: RunSummary) -> str:
    if not s.split.fills:
        return "Nothing is settled yet, so there is no result to judge."
    cents = s.split.profit_cents
    came_to = f"lost {dollars(-cents)}" if cents < 0 else f"won {dollars(cents)}"
    return f"One game is no verdict on a strategy; this one {came_to}."


def _of_games(games: Sequence[GameResult]) -> str:
    """Return whether the games show that the prices earned or lost, by edge and adverse moves."""
    early = game_mean([game.early_cents for game in games])
    over = f"over {counted(len(games), 'game')}"
    if len(games) < TOO_FEW:
        return f"{counted(len(games), 'game')} are too few for a verdict; it needs {TOO_FEW}."
    if early.low > 0:
        return f"The prices earned: edge and adverse moves are above zero {over}."
    if early.high < 0:
        return f"The prices lost: edge and adverse moves are below zero {over}."
    return f"Neither gain nor loss is shown: edge and adverse moves span zero {over}."


def _reasons(s: RunSummary, games: Sequence[GameResult]) -> Iterator[str]:
    if s.split.fills:
        yield _early(s, games)
        yield _outcome(s)
    if len(games) > 1:
        yield _profit(games)
    if isinstance(s, BacktestSummary) and s.profits_by_other_queue:
        yield _queue_models(s)
    if s.unsettled.fills:
        stake = dollars(s.unsettled.stake_cents)
        yield f"{counted(s.unsettled.fills, 'fill')} of {stake} have no result and are not counted."


def _early(s: RunSummary, games: Sequence[GameResult]) -> str:
    cents = s.split.edge_cents + s.split.adverse_cents
    share = percent(cents / s.split.stake_cents, 2) if s.split.stake_cents else "none"
    text = (
        f"Edge and adverse moves, of which the game decides least, came to {signed_dollars(cents)}"
        f", {share} of the {dollars(s.split.stake_cents)} that was matched in "
        f"{counted(s.split.fills, 'fill')}"
    )
    if len(games) < 2:
        return f"{text}."
    mean = game_mean([game.early_cents for game in games])
    return f"{text}: {_mean(mean)} a game{_needed(mean)}."


def _mean(mean: GameMean) -> str:
    text = signed_dollars(round(mean.mean))
    if not isfinite(mean.low):
        return text
    low, high = (signed_dollars(round(bound)) for bound in (mean.low, mean.high))
    return f"{text} (95 % {low} to {high})"


def _needed(mean: GameMean) -> str:
    if mean.games_needed is None or mean.games_needed <= mean.games:
        return ""
    return f"; to show a mean of that size takes about {count(mean.games_needed)} games"


def _outcome(s: RunSummary) -> str:
    sd_cents, outcome_cents = s.split.outcome_sd_cents, s.split.outcome_cents
    text = f"What the results decided was {signed_dollars(outcome_cents)}"
    if not sd_cents:
        return f"{text}."
    times = abs(outcome_cents) / sd_cents
    usual = (
        "within what chance brings" if times <= _USUAL_SDS else "more than chance usually brings"
    )
    one_sd = f"one standard deviation of chance ({dollars(sd_cents)})"
    return f"{text}, {times:.1f} times {one_sd}, {usual}."


def _profit(games: Sequence[GameResult]) -> str:
    profit = game_mean([game.split.profit_cents for game in games])
    return f"Settled profit was {_mean(profit)} a game{_needed(profit)}."


def _queue_models(s: BacktestSummary) -> str:
    others = s.profits_by_other_queue
    each = " and ".join(f"{signed_dollars(cents)} under {name}" for name, cents in others.items())
    signs = {cents > 0 for cents in (s.profit_cents, *others.values())}
    changes = "so its sign hangs on that assumption" if len(signs) > 1 else "of the same sign"
    return f"With other queue models the profit is {each}, {changes}."
