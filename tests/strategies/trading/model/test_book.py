"""The book as the desk sees it, with our own wagers separated from others' offers."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.trading.model.book import Offers
from strategies.trading.model.odds import Odds

rungs = st.sampled_from([Odds(odds) for odds in (-150, -110, 100, 105, 110, 250)])
puts = st.lists(st.tuples(rungs, st.integers(0, 3).map(lambda hundreds: hundreds * 100)))


SECOND = 1_000_000_000


def offers_after(changes: list[tuple[Odds, int]]) -> Offers:
    """Return the offers of a line after these changes."""
    offers = Offers()
    for odds, cents in changes:
        offers.put(odds, cents, 0)
    return offers


@given(puts)
def test_the_touch_is_the_longest_odds_still_offered(changes: list[tuple[Odds, int]]) -> None:
    """After any changes the touch is the longest odds with stake left, with all of that stake."""
    left = {odds: cents for odds, cents in dict(changes).items() if cents}
    best = max(left, default=None)
    expected = None if best is None else (best, left[best])
    assert offers_after(changes).touch() == expected


@given(st.dictionaries(rungs, st.integers(0, 3)), st.dictionaries(rungs, st.integers(0, 400)))
def test_the_touch_excludes_our_own_stake(others: dict[Odds, int], own: dict[Odds, int]) -> None:
    """Our own stake is subtracted offer by offer, and an offer that is all ours does not count."""
    offers = offers_after(list(others.items()))
    for odds, cents in own.items():
        offers.expect_own(odds, cents)
        offers.put(odds, others.get(odds, 0) + cents, 0)
    shown = max(((odds, cents) for odds, cents in others.items() if cents), default=None)
    assert offers.touch() == shown


@given(puts, st.dictionaries(rungs, st.integers(0, 400)), puts)
def test_the_touch_changes_only_when_put_reports_it(
    before: list[tuple[Odds, int]], own: dict[Odds, int], after: list[tuple[Odds, int]]
) -> None:
    """The touch stays the same until a change reports that it is at the touch."""
    offers = offers_after(before)
    for odds, cents in own.items():
        offers.expect_own(odds, cents)
    touch = offers.touch()
    for odds, cents in after:
        if offers.put(odds, cents, 0):
            return
        assert offers.touch() == touch


AT = Odds(110)


def rested(others_cents: int, own_cents: int) -> Offers:
    """Return offers that hold our wager and others'."""
    offers = offers_after([(AT, others_cents)])
    offers.expect_own(AT, own_cents)
    offers.put(AT, others_cents + own_cents, 0)
    return offers


def test_our_wager_may_be_sent_long_before_it_is_shown() -> None:
    """Until the book shows our wager, the whole offer is others'."""
    offers = offers_after([(AT, 200)])
    offers.expect_own(AT, 300)
    assert offers.others_cents(AT) == 200
    offers.put(AT, 500, 0)
    assert offers.others_cents(AT) == 200


def test_our_wager_is_ours_until_the_book_shows_it_gone() -> None:
    """Even after a confirmed cancel, our stake is not counted as others' while still shown."""
    offers = rested(0, 300)
    offers.expect_own(AT, -300)
    assert offers.touch() is None
    offers.put(AT, 0, SECOND)
    offers.put(AT, 200, 2 * SECOND)
    assert offers.touch() == (AT, 200)


def test_a_fill_may_arrive_before_the_book_shows_it() -> None:
    """Matched stake stays ours until the offer falls."""
    offers = rested(200, 300)
    offers.lose_own(AT, 100, SECOND)
    assert offers.others_cents(AT) == 200
    offers.put(AT, 400, SECOND)
    assert offers.others_cents(AT) == 200


def test_the_book_may_show_a_fill_before_it_arrives() -> None:
    """A fall just before a fill is that fill; one long before is others'."""
    offers = rested(200, 300)
    offers.put(AT, 400, SECOND)
    assert offers.others_cents(AT) == 100
    offers.lose_own(AT, 100, SECOND + 1)
    assert offers.others_cents(AT) == 200
    offers.put(AT, 350, 2 * SECOND)
    offers.lose_own(AT, 50, 9 * SECOND)
    assert offers.others_cents(AT) == 150


def test_a_refused_wager_was_never_in_the_book() -> None:
    """A rise that was counted as our wager is others' once our wager is refused."""
    offers = offers_after([(AT, 200)])
    offers.expect_own(AT, 300)
    offers.put(AT, 400, 0)
    assert offers.others_cents(AT) == 200
    offers.disown(AT, 300)
    assert offers.others_cents(AT) == 400


def test_only_what_others_do_is_news_of_others() -> None:
    """A level that our own placing or cancelling explains, to a cent of rounding, is no news."""
    offers = offers_after([(AT, 200)])
    offers.expect_own(AT, 300)
    news = []
    for cents in (501, 601, 600):
        offers.put(AT, cents, 0)
        news.append(offers.by_others)
    offers.expect_own(AT, -300)
    for cents in (300, 250, 250):
        offers.put(AT, cents, SECOND)
        news.append(offers.by_others)
    assert news == [False, True, False, False, True, True]


def test_a_level_that_ours_pushes_out_of_the_display_is_no_news() -> None:
    """The last of ten levels goes when ours is shown and returns when ours is gone."""
    offers = offers_after([(Odds(110 + step), 100) for step in range(10)])
    offers.expect_own(Odds(130), 500)
    news = []
    for odds, cents in ((130, 500), (110, 0), (115, 90), (130, 0), (110, 100), (110, 90)):
        offers.put(Odds(odds), cents, 0)
        news.append(offers.by_others)
    assert news == [False, False, True, False, False, True]


histories = st.lists(st.tuples(st.sampled_from(["others", "ours", "sent"]), st.integers(0, 4)))


@given(histories)
def test_the_own_part_is_never_wrong_in_any_order(steps: list[tuple[str, int]]) -> None:
    """In any order of book changes and own updates, others' stake is never wrong.

    It is never below zero or above what is shown, and once our wagers are gone and shown to be
    gone, all that is left is others'.
    """
    offers = Offers()
    others = ours = sent = 0
    for what, hundreds in steps:
        if what == "others":
            others = 100 * hundreds
        elif what == "ours":
            ours = min(sent, 100 * hundreds)
        else:
            offers.expect_own(AT, 100 * hundreds - sent)
            sent = 100 * hundreds
        offers.put(AT, others + ours, 0)
        assert 0 <= offers.others_cents(AT) <= others + ours
    offers.expect_own(AT, -sent)
    offers.put(AT, others, 0)
    offers.put(AT, 0, 0)
    offers.put(AT, others, 0)
    assert offers.others_cents(AT) == others
