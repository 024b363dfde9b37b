"""The words of a study: what makes arms, what all share, and what is refused."""

import pytest

from sim.study.study_words import study_words
from strategies.trading.model.errors import ConfigError


def test_every_value_makes_arms_with_every_other() -> None:
    """A grid in the order of the words; the first arm, the baseline, has the first values."""
    words = study_words(
        ["+experiment=nba", "strategy.spread_margin=0.01,0.02", "strategy=a,b", "seed=3"]
    )
    assert words.shared == ("+experiment=nba", "seed=3")
    assert words.arms == (
        ("strategy.spread_margin=0.01", "strategy=a"),
        ("strategy.spread_margin=0.01", "strategy=b"),
        ("strategy.spread_margin=0.02", "strategy=a"),
        ("strategy.spread_margin=0.02", "strategy=b"),
    )


def test_lists_and_options_make_no_arms() -> None:
    """A list is one value, and the folder after --config-dir is that of the option."""
    words = study_words(["--config-dir", "conf", "recording.path=[a,b]"])
    assert words.arms == ((),)
    assert words.shared == ("--config-dir", "conf", "recording.path=[a,b]")


def test_words_of_the_study_are_no_settings() -> None:
    """They have defaults, and are not passed on to runs."""
    given = study_words(["objective=profit", "unseen=0.3", "sensitivity=off"])
    assert (given.objective, given.unseen, given.sensitivity) == ("profit", 0.3, False)
    assert given.shared == ()
    left_out = study_words([])
    assert (left_out.objective, left_out.unseen, left_out.sensitivity) == ("early", 0.5, True)


def test_an_interval_is_searched_for_a_number_of_trials() -> None:
    """It makes no arm of the grid."""
    words = study_words(["strategy.spread_margin=interval(0.002,0.02)", "trials=20"])
    (interval,) = words.intervals
    assert (interval.setting, interval.low, interval.high) == (
        "strategy.spread_margin", 0.002, 0.02,
    )  # fmt: skip
    assert (words.trials, words.arms) == (20, ((),))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["margin"], "margin: no setting; write NAME=VALUE"),
        (["strategy.spread_margin=interval(0,1)"], "spread_margin: an interval is searched"),
        (["objective=luck"], "objective: 'luck' is not one of early, close"),
        (["unseen=1"], "unseen: '1' is not a share of the games"),
        (["unseen=half"], "unseen: 'half' is not a share of the games"),
        (["sensitivity=maybe"], "sensitivity: 'maybe' is neither on nor off"),
        (["trials=-1"], "trials: '-1' is not a whole number"),
        (["a=range(100)", "b=range(100)"], "10,000 arms are too many; 1,000 at most"),
    ],
)
def test_wrong_words_are_refused(words: list[str], message: str) -> None:
    """The message names the word and what is right."""
    with pytest.raises(ConfigError) as refused:
        study_words(words)
    assert message in str(refused.value)
