"""The book as the desk knows it, with our own wagers told apart from the offers of others."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.book import Offers
from strategies.trading.odds import Odds

rungs = st.sampled_from([Odds(odds) for odds in (-150, -110, 100, 105, 110, 250)])
puts = st.lists(st.tuples(rungs, st.integers(0, 3).map(lambda hundreds: hundreds * 100)))


def offers_after(changes: list[tuple[Odds, int]]) -> Offers:
    """Return the offers of a line after these changes."""
    offers = Offers()
    for odds, cents in changes:
        offers.put(odds, cents)
    return offers


@given(puts)
def test_the_touch_is_the_longest_odds_still_offered(changes: list[tuple[Odds, int]]) -> None:
    """After any changes the touch is the longest odds with stake left, with all of that stake."""
    left = {odds: cents for odds, cents in dict(changes).items() if cents}
    best = max(left, default=None)
    expected = None if best is None else (best, left[best])
    assert offers_after(changes).touch() == expected


@given(puts, st.dictionaries(rungs, st.integers(0, 400)))
def test_the_touch_is_what_others_offer(
    changes: list[tuple[Odds, int]], own: dict[Odds, int]
) -> None:
    """Our own stake is taken off offer by offer, and an offer that is all ours is not there."""
    offers = offers_after(changes)
    for odds, cents in own.items():
        offers.add_own(odds, cents)
    others = {odds: cents - own.get(odds, 0) for odds, cents in dict(changes).items()}
    shown = max(((odds, cents) for odds, cents in others.items() if cents > 0), default=None)
    assert offers.touch() == shown


@given(puts, st.dictionaries(rungs, st.integers(0, 400)), puts)
def test_the_touch_moves_only_with_a_change_that_says_so(
    before: list[tuple[Odds, int]], own: dict[Odds, int], after: list[tuple[Odds, int]]
) -> None:
    """Once asked for, the touch is the same until a change tells that it is at the touch."""
    offers = offers_after(before)
    for odds, cents in own.items():
        offers.add_own(odds, cents)
    touch = offers.touch()
    for odds, cents in after:
        if offers.put(odds, cents):
            return
        assert offers.touch() == touch


def test_our_own_stake_goes_as_it_came() -> None:
    """Once our wager is gone the whole offer counts as that of others again."""
    offers = offers_after([(Odds(110), 500)])
    offers.add_own(Odds(110), 300)
    offers.add_own(Odds(110), -300)
    assert offers.touch() == (Odds(110), 500)


def test_our_wager_may_be_known_before_it_is_shown() -> None:
    """An offer that does not yet show our wager is never counted below zero."""
    offers = offers_after([(Odds(110), 200)])
    offers.add_own(Odds(110), 300)
    assert offers.others_cents(Odds(110)) == 0
    offers.put(Odds(110), 500)
    assert offers.others_cents(Odds(110)) == 200
