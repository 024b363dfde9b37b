"""The crowd's book matches and shows as ProphetX does."""

import pytest

from sim.crowd.book import CrowdBook, Fill, Offer, RestingWager
from strategies.trading.odds import Odds, prophetx_ladder

FIRST, SECOND = 0, 1


@pytest.fixture
def book() -> CrowdBook:
    """Return an empty book."""
    return CrowdBook(prophetx_ladder())


def rest(book: CrowdBook, line: int, odds: int, stake_cents: int, maker: int = 0) -> RestingWager:
    """Let a wager rest in a book, and return it."""
    wager = RestingWager(maker, line, Odds(odds), stake_cents)
    book.rest(wager)
    return wager


def test_a_wager_shows_on_the_other_line_at_opposite_odds(book: CrowdBook) -> None:
    """Ten dollars at -146 on one line let a taker stake 6.85 at +146 on the other."""
    rest(book, FIRST, -146, 1000)
    assert book.offers(SECOND) == {Odds(146): Offer(685, 1000)}
    assert book.offers(FIRST) == {}


def test_a_partial_match_leaves_the_original_stake_shown(book: CrowdBook) -> None:
    """Three dollars taken off 6.85 leave 3.85 to take, with the original ten still shown."""
    rest(book, FIRST, -146, 1000)
    assert book.take(SECOND, 300, 1.0) == [Fill(Odds(146), 300)]
    assert book.offers(SECOND) == {Odds(146): Offer(385, 1000)}


def test_a_sweep_matches_longest_odds_first_and_first_come_first_served(book: CrowdBook) -> None:
    """A large stake takes the best offer, in order of arrival, and then the next."""
    worse = rest(book, FIRST, -110, 1100)
    early = rest(book, FIRST, -120, 1200)
    late = rest(book, FIRST, -120, 600)
    fills = book.take(SECOND, 1700, 1.0)
    assert fills == [Fill(Odds(120), 1000), Fill(Odds(120), 500), Fill(Odds(110), 200)]
    assert (early.takeable_cents, late.takeable_cents, worse.takeable_cents) == (0, 0, 800)
    assert book.wagers == [worse]


def test_a_taker_stops_at_his_limit(book: CrowdBook) -> None:
    """Offers that imply more than the taker's limit stay where they are."""
    rest(book, FIRST, -120, 1200)
    rest(book, FIRST, 110, 1000)
    assert book.take(SECOND, 100_000, 0.5) == [Fill(Odds(120), 1000)]
    assert list(book.offers(SECOND)) == [-110]


def test_a_maker_steps_back_from_a_wager_that_he_would_match(book: CrowdBook) -> None:
    """Against +110 on the other line, the shortest odds that rest are one rung above -110."""
    rest(book, FIRST, 110, 1000)
    assert book.passive_odds(SECOND, Odds(-115)) == -109
    assert book.passive_odds(SECOND, Odds(-110)) == -109
    assert book.passive_odds(SECOND, Odds(-105)) == -105


def test_no_more_than_ten_offers_are_shown(book: CrowdBook) -> None:
    """The eleventh and twelfth best offers rest unseen until better ones are gone."""
    wagers = [rest(book, FIRST, odds, 1000) for odds in range(101, 113)]
    assert list(book.offers(SECOND)) == [-odds for odds in range(101, 111)]
    book.remove(wagers[:2])
    assert list(book.offers(SECOND)) == [-odds for odds in range(103, 113)]
