"""Queue models: which part of the queue cancelled."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.exchange.queue_models import Back, Front, Probable, Prorata
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings

CENTS = st.integers(0, 10_000)
POWERS = st.floats(0.01, 1000)


@given(ahead=CENTS, behind=CENTS, share=st.floats(0, 1))
def test_the_pessimistic_model_removes_less_ahead(ahead: int, behind: int, share: float) -> None:
    """What left ahead lies between what cannot have left behind and what was ahead."""
    cancelled = round((ahead + behind) * share)
    back = Back().cancelled_ahead_cents(cancelled, ahead, behind)
    front = Front().cancelled_ahead_cents(cancelled, ahead, behind)
    assert max(0, cancelled - behind) == back <= front == min(cancelled, ahead)


@given(ahead=CENTS, behind=CENTS, share=st.floats(0, 1), power=POWERS)
def test_every_model_stays_between_back_and_front(
    ahead: int, behind: int, share: float, power: float
) -> None:
    """The result of `prorata` and `probable` is between those of `back` and `front`, in cents."""
    cancelled = round((ahead + behind) * share)
    back = Back().cancelled_ahead_cents(cancelled, ahead, behind)
    front = Front().cancelled_ahead_cents(cancelled, ahead, behind)
    for model in (Prorata(), Probable(power)):
        ahead_cents = model.cancelled_ahead_cents(cancelled, ahead, behind)
        assert isinstance(ahead_cents, int)
        assert back <= ahead_cents <= front


def test_prorata_removes_each_part_by_its_stake() -> None:
    """A quarter of the queue is ahead, so a quarter of what left was."""
    assert Prorata().cancelled_ahead_cents(300, 250, 750) == 75


def test_prorata_leaves_a_split_cent_ahead() -> None:
    """What cannot be divided in cents is counted against us."""
    assert Prorata().cancelled_ahead_cents(5, 2, 4) == 1


@given(ahead=CENTS, behind=CENTS, share=st.floats(0, 1))
def test_probable_with_power_one_is_prorata(ahead: int, behind: int, share: float) -> None:
    """The proportional model equals power one, up to a rounded cent."""
    cancelled = round((ahead + behind) * share)
    probable = Probable(1).cancelled_ahead_cents(cancelled, ahead, behind)
    assert abs(probable - Prorata().cancelled_ahead_cents(cancelled, ahead, behind)) <= 1


@pytest.mark.parametrize(("power", "ahead_cents"), [(1, 25), (2, 10), (3, 4), (9, 0)])
def test_with_more_power_the_smaller_part_of_the_queue_cancels_less(
    power: float, ahead_cents: int
) -> None:
    """A third as much ahead as behind: of 100, one in 4, in 10, in 28 was ahead, by the power."""
    assert Probable(power).cancelled_ahead_cents(100, 200, 600) == ahead_cents
    assert Probable(power).cancelled_ahead_cents(100, 600, 200) == 100 - ahead_cents


@pytest.mark.parametrize("wrong", ["3", True, None, 0, -1, float("nan"), float("inf")])
def test_a_power_that_is_not_above_zero_is_refused_by_name(wrong: Any) -> None:
    """Text, booleans, None, zero, negatives and NaN are refused before anything runs."""
    with pytest.raises(ConfigError, match=r"queue\.power"):
        read_settings("queue", Probable, {"power": wrong})


def test_a_model_has_a_description() -> None:
    """The report names the model, and its setting where it has one."""
    descriptions = [str(model) for model in (Back(), Front(), Prorata(), Probable(2.5))]
    assert descriptions == ["back", "front", "prorata", "probable, power 2.5"]
