"""How good the pricing was in play, beside the market's own price."""

from sim.report.number_text import count
from sim.report.page import Html, join, paragraph, table
from sim.report.run_folder import Run
from sim.results.price_scores import joined_score
from sim.results.run_summary import PriceScore

_EXPLANATION = (
    "Mean log loss by the results, less is better: minus the logarithm of the probability given to "
    "what happened, every five minutes of play for every pair that had both prices. The market's "
    "price is the middle of the touch. Samples of one game hang together, so a single game says "
    "little. Where the pricing is worse than the market, its edge is an error of its own."
)


def price_scores(run: Run) -> Html:
    """Return the log loss of the pricing and of the market, by phase and in all."""
    scores = run.summary.price_scores
    rows = [_row(score) for score in [*scores, joined_score("all", scores)]]
    heads = ("phase", "#samples", "#pricing", "#market", "#difference")
    return join([table(heads, rows), paragraph(_EXPLANATION, "aside")])


def _row(score: PriceScore) -> tuple[str, ...]:
    worse = score.pricing - score.market
    figures = (f"{score.pricing:.4f}", f"{score.market:.4f}", f"{worse:+.4f}")
    return (score.phase, count(score.samples), *figures)
