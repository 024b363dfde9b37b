"""Who stands ahead of us in a recorded offer."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.offers import Offer
from sim.exchange.queue import Back, Front
from sim.exchange.wager import ExchangeWager
from strategies.trading.commands import Intent, PlaceWager
from strategies.trading.ids import LineId, WagerRef
from strategies.trading.odds import EVEN

WINDOW = 500
STEPS = st.lists(
    st.tuples(
        st.integers(1, 300), st.sampled_from(["offer", "trade", "join"]), st.integers(1, 900)
    ),
    max_size=40,
)


def wager(number, opened_ns):
    """Return a wager of ours that opens at a time."""
    request = PlaceWager(WagerRef(str(number)), LineId("home"), EVEN, 1000, Intent.REST)
    made = ExchangeWager(request, 0, number)
    made.opened_ns = opened_ns
    return made


def play(offer, steps, tick=False):
    """Apply rows and joins in order of time; with `tick`, look at the offer each nanosecond too."""
    now_ns, aheads = 0, []
    for number, (after_ns, kind, cents) in enumerate(steps):
        if tick:
            for moment_ns in range(now_ns, now_ns + after_ns):
                offer.lapse(moment_ns)
        now_ns += after_ns
        if kind == "offer":
            offer.set_recorded(now_ns, cents)
        elif kind == "trade":
            offer.trade(now_ns, cents)
        else:
            offer.join(now_ns, wager(number, now_ns))
        offer.lapse(now_ns)
        aheads.append([ours.ahead_cents for ours in offer.wagers])
    return now_ns, aheads


@pytest.mark.parametrize("queue", [Back(), Front()])
@given(steps=STEPS)
@settings(max_examples=100, deadline=None)
def test_looking_only_when_touched_equals_a_timer_for_each_deadline(queue, steps):
    """Waiting times that are looked at late give what they would have given at their end."""
    lazy = play(Offer(EVEN, queue, WINDOW), steps)
    prompt = play(Offer(EVEN, queue, WINDOW), steps, tick=True)
    assert lazy == prompt


@pytest.mark.parametrize("queue", [Back(), Front()])
@given(steps=STEPS)
@settings(max_examples=200, deadline=None)
def test_what_is_ahead_is_never_more_than_what_is_shown_once_all_is_explained(queue, steps):
    """When nothing waits any more, no wager has more ahead of it than others show."""
    offer = Offer(EVEN, queue, WINDOW)
    now_ns, _ = play(offer, steps)
    offer.lapse(now_ns + WINDOW + 1)
    aheads = [ours.ahead_cents for ours in offer.wagers]
    assert all(0 <= ahead <= offer.available_cents for ahead in aheads)


@pytest.mark.parametrize("queue", [Back(), Front()])
@given(steps=STEPS)
@settings(max_examples=200, deadline=None)
def test_the_older_of_two_wagers_never_has_more_ahead(queue, steps):
    """Who joined earlier stays ahead: no more of others' stake is before him."""
    offer = Offer(EVEN, queue, WINDOW)
    _, aheads = play(offer, steps)
    for older, younger in itertools.pairwise(aheads[-1] if aheads else []):
        assert older <= younger


@pytest.mark.parametrize(("told_ns", "ahead_cents"), [(WINDOW, 100), (WINDOW + 1, 0)])
def test_a_trade_explains_a_fall_until_the_end_of_the_wait(told_ns, ahead_cents):
    """At the end of the wait it still does; after that the fall was a cancel, and the trade new."""
    offer = Offer(EVEN, Front(), WINDOW)
    offer.set_recorded(-10, 400)
    ours = wager(1, -5)
    offer.join(-5, ours)
    offer.set_recorded(-4, 800)
    offer.set_recorded(0, 500)
    offer.trade(told_ns, 300)
    assert ours.ahead_cents == ahead_cents


@pytest.mark.parametrize(("told_ns", "ahead_cents"), [(WINDOW, 100), (WINDOW + 1, 0)])
def test_a_fall_is_explained_by_a_trade_until_the_end_of_the_wait(told_ns, ahead_cents):
    """At the end of the wait a trade still explains a fall; after that the fall was a cancel."""
    offer = Offer(EVEN, Front(), WINDOW)
    offer.set_recorded(-10, 400)
    ours = wager(1, -5)
    offer.join(-5, ours)
    offer.set_recorded(-4, 800)
    offer.trade(0, 300)
    offer.set_recorded(told_ns, 500)
    offer.lapse(2000)
    assert ours.ahead_cents == ahead_cents


def test_stake_that_came_after_a_fall_cannot_have_left_in_it():
    """Even the fearful model lets only those leave who were there."""
    offer = Offer(EVEN, Back(), WINDOW)
    offer.set_recorded(0, 400)
    ours = wager(1, 1)
    offer.join(1, ours)
    offer.set_recorded(2, 300)
    offer.set_recorded(3, 900)
    offer.lapse(1000)
    assert ours.ahead_cents == 300


def test_a_debit_is_held_to_what_is_recorded():
    """We cannot have taken more than is there; what comes back later is new."""
    offer = Offer(EVEN, Back(), WINDOW)
    assert offer.set_recorded(0, 500) == 500
    offer.take(400)
    assert offer.set_recorded(2, 300) == 0
    assert (offer.debit_cents, offer.available_cents) == (300, 0)
    assert offer.set_recorded(3, 350) == 50
