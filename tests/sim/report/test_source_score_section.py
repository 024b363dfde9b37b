"""The report's section on outside sources: which was right, and whether the games can say so."""

from dataclasses import dataclass, field

from sim.report.source_score_section import source_scores
from sim.results.run_summary import Losses, SourceScore


@dataclass
class _Summary:
    source_scores: list[SourceScore] = field(default_factory=list)


@dataclass
class _Run:
    summary: _Summary


def section(*scores: SourceScore) -> str:
    """Return the section on these scores."""
    return source_scores(_Run(_Summary(list(scores))))  # type: ignore[arg-type]


def score(
    game: str, source: str, loss: float, market: float = 0.6, samples: int = 10, close: float = 0.01
) -> SourceScore:
    """Return the score of a source in a game."""
    by_results = Losses(samples, loss, 0.61, market)
    return SourceScore(game, source, samples, 0.02, by_results, Losses(samples, close, 0.0, 0.02))


def test_one_game_names_no_winner() -> None:
    """Samples of one game hang together: the section says so, beside the numbers."""
    html = section(score("1", "sharp", 0.5), score("1", "slow", 0.7))
    assert "sharp was nearest to the results, with a log loss 0.1000 below the market" in html
    assert "one game cannot say which of the two is better" in html
    assert html.index("sharp") < html.index("slow")


def test_many_games_alike_say_which_was_right() -> None:
    """Where each game says the same, the standard error is small, and no doubt is added."""
    html = section(*(score(str(game), "sharp", 0.5 + game / 1000) for game in range(8)))
    assert "cannot say" not in html
    assert "do not say" not in html.partition("nearest to the close")[0]


def test_games_that_contradict_say_nothing() -> None:
    """A source that was better and worse by as much is not called better."""
    html = section(*(score(str(game), "sharp", 0.55 + 0.2 * (game % 2)) for game in range(8)))
    assert "these games do not say which is better" in html


def test_samples_weigh_games() -> None:
    """The mean is over samples, as those of a short game are few."""
    html = section(score("1", "a", 0.4, samples=30), score("2", "a", 0.8, samples=10))
    assert ">0.5000<" in html
    assert ">40<" in html


def test_without_results_it_says_so() -> None:
    """A run that ends before play has nothing to judge by."""
    html = section(SourceScore("1", "a", 5, 0.01, Losses(0, 0, 0, 0), Losses(0, 0, 0, 0)))
    assert "nothing says yet which source was right" in html
