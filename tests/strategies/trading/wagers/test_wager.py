"""The states and stakes of one wager."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from strategies.trading.wagers.wager import Wager
from strategies.trading.wagers.wager_state import EndReason, WagerState

ORDER = list(WagerState)


@pytest.fixture
def wager(catalogue: Catalogue) -> Wager:
    """Return a wager of $10 at +150 on the away team, just sent."""
    command = PlaceWager(WagerRef("w"), LineId("away"), Odds(150), 1_000, Intent.ADD_ONLY)
    return Wager(command, catalogue.pair_of(LineId("away")), 7)


@pytest.fixture
def wager_in(wager: Wager) -> Callable[[WagerState], Wager]:
    """Return a function that moves the wager to a state, step by step."""

    def move(state: WagerState) -> Wager:
        for _, following in pairwise(ORDER[: ORDER.index(state) + 1]):
            wager.step(following)
        return wager

    return move


@pytest.mark.parametrize("start", ORDER[:-1])
def test_a_wager_may_skip_states_forwards(start: WagerState, wager_in: Any) -> None:
    """An overtaken update is not needed: from each state every later one can be reached."""
    for later in ORDER[ORDER.index(start) + 1 :]:
        moved = wager_in(start) if start is not ORDER[0] else wager_in(ORDER[0])
        moved.step(later)
        assert moved.state is later
        moved.state = ORDER[0]


@pytest.mark.parametrize(
    ("start", "wrong"),
    [
        (WagerState.ACCEPTED, WagerState.PENDING),
        (WagerState.OPEN, WagerState.ACCEPTED),
        (WagerState.CANCELLING, WagerState.ACCEPTED),
        (WagerState.ENDED, WagerState.OPEN),
        (WagerState.ENDED, WagerState.ENDED),
    ],
)
def test_a_wager_never_goes_back(start: WagerState, wrong: WagerState, wager_in: Any) -> None:
    """A step backwards, or out of the end, means that our books are wrong."""
    with pytest.raises(InvariantError, match=f"w cannot go from {start} to {wrong}"):
        wager_in(start).step(wrong)


def test_a_refused_cancel_leaves_the_wager_open(wager_in: Any) -> None:
    """A wager being cancelled may stay open."""
    wager_in(WagerState.CANCELLING).step(WagerState.OPEN)


def test_fills_may_come_after_the_end_but_not_beyond_the_stake(wager: Wager) -> None:
    """A late fill is booked within the stake; a cent more is an error."""
    wager.book_fill(Odds(150), 400)
    wager.end(EndReason.CANCELLED, 400, 1)
    assert (wager.unmatched_cents, wager.reason) == (0, EndReason.CANCELLED)
    wager.book_fill(Odds(150), 600)
    with pytest.raises(InvariantError, match=r"\$10.01 is matched of a stake of \$10.00"):
        wager.book_fill(Odds(150), 1)


def test_a_wager_knows_its_missing_fills(wager: Wager) -> None:
    """Stake matched by a total or an end lacks its fills until they arrive."""
    wager.book_fill(Odds(150), 300, 700)
    assert (wager.lacks_fill, wager.matched_cents) == (True, 300)
    wager.book_fill(Odds(150), 400, 400)
    assert not wager.lacks_fill
    wager.end(EndReason.CANCELLED, 900, 1)
    assert (wager.lacks_fill, wager.open_cents, wager.unmatched_cents) == (True, 200, 0)
    wager.book_fill(Odds(150), 200, 900)
    assert (wager.lacks_fill, wager.open_cents) == (False, 0)


def test_an_invalid_wager_keeps_the_total_of_its_fills(wager: Wager) -> None:
    """An end without an amount does not hide stake that a fill's total reported as matched."""
    wager.book_fill(Odds(150), 300, 700)
    wager.end(EndReason.INVALID, 0, 1)
    assert wager.open_cents == 400


def test_an_open_wager_is_displayed_as_what_it_can_win(wager: Wager) -> None:
    """$10 at +150 is displayed as $15; a fill of $4 leaves $9, and a cancel nothing."""
    assert wager.offered_cents() == 1_500
    wager.step(WagerState.OPEN)
    assert wager.offered_cents() == 1_500
    wager.book_fill(Odds(150), 400)
    assert wager.offered_cents() == 900
    wager.step(WagerState.CANCELLING)
    assert wager.offered_cents() == 0
    wager.step(WagerState.OPEN)
    assert wager.offered_cents() == 900
    wager.end(EndReason.CANCELLED, 400, 1)
    assert wager.offered_cents() == 0


def test_a_fill_at_longer_odds_does_not_change_the_displayed_rest(catalogue: Catalogue) -> None:
    """94 cents left at -110 are displayed as 85, whatever the first 6 cents won as a taker."""
    command = PlaceWager(WagerRef("w"), LineId("away"), Odds(-110), 100, Intent.REST)
    wager = Wager(command, catalogue.pair_of(LineId("away")), 7)
    wager.book_fill(Odds(-105), 6)
    wager.step(WagerState.OPEN)
    assert wager.offered_cents() == 85
