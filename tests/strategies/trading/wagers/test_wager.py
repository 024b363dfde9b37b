"""One wager and its life."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Catalogue
from strategies.trading.model.odds import Odds
from strategies.trading.wagers.wager import EndReason, Wager, WagerState

ORDER = list(WagerState)


@pytest.fixture
def wager(catalogue: Catalogue) -> Wager:
    """Return a wager of $10 at +150 on the away team, just sent."""
    command = PlaceWager(WagerRef("w"), LineId("away"), Odds(150), 1_000, Intent.ADD_ONLY)
    return Wager(command, catalogue.pair_of(LineId("away")), 7)


@pytest.fixture
def wager_in(wager: Wager) -> Callable[[WagerState], Wager]:
    """Return what moves the wager to a state, step by step."""

    def move(state: WagerState) -> Wager:
        for _, following in pairwise(ORDER[: ORDER.index(state) + 1]):
            wager.step(following)
        return wager

    return move


@pytest.mark.parametrize("start", ORDER[:-1])
def test_a_wager_may_skip_forwards_from_anywhere(start: WagerState, wager_in: Any) -> None:
    """News that was overtaken is not needed: from each state every later one can be reached."""
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
    """A step backwards, or out of the end, says that our books are wrong."""
    with pytest.raises(InvariantError, match=f"w cannot go from {start} to {wrong}"):
        wager_in(start).step(wrong)


def test_a_refused_cancel_leaves_the_wager_open(wager_in: Any) -> None:
    """A wager being cancelled may turn out to stay open."""
    wager_in(WagerState.CANCELLING).step(WagerState.OPEN)


def test_fills_may_come_after_the_end_but_not_beyond_the_stake(wager: Wager) -> None:
    """A late fill is booked while the stake allows; a cent more is an error of the books."""
    wager.match(Odds(150), 400)
    wager.end(EndReason.CANCELLED, 400, 1)
    assert (wager.unmatched_cents, wager.reason) == (0, EndReason.CANCELLED)
    wager.match(Odds(150), 600)
    with pytest.raises(InvariantError, match="1001 cents matched of 1000"):
        wager.match(Odds(150), 1)


def test_a_wager_knows_what_it_was_not_told(wager: Wager) -> None:
    """What a later fill or the end says was matched lacks its fills until they are told."""
    wager.match(Odds(150), 300, 700)
    assert (wager.lacks_fill, wager.matched_cents) == (True, 300)
    wager.match(Odds(150), 400, 400)
    assert not wager.lacks_fill
    wager.end(EndReason.CANCELLED, 900, 1)
    assert (wager.lacks_fill, wager.open_cents, wager.unmatched_cents) == (True, 200, 0)
    wager.match(Odds(150), 200, 900)
    assert (wager.lacks_fill, wager.open_cents) == (False, 0)


def test_a_wager_that_is_said_to_be_invalid_keeps_what_a_fill_has_named(wager: Wager) -> None:
    """An end that names no amount does not hide stake that a fill has said was matched."""
    wager.match(Odds(150), 300, 700)
    wager.end(EndReason.INVALID, 0, 1)
    assert wager.open_cents == 400


def test_a_taker_is_due_to_see_what_the_rest_can_win(wager: Wager) -> None:
    """$10 at +150 will show up opposite as $15; a fill of $4 leaves $9, a cancel nothing."""
    assert wager.offered_cents() == 1_500
    wager.step(WagerState.OPEN)
    assert wager.offered_cents() == 1_500
    wager.match(Odds(150), 400)
    assert wager.offered_cents() == 900
    wager.step(WagerState.CANCELLING)
    assert wager.offered_cents() == 0
    wager.step(WagerState.OPEN)
    assert wager.offered_cents() == 900
    wager.end(EndReason.CANCELLED, 400, 1)
    assert wager.offered_cents() == 0


def test_what_was_taken_at_longer_odds_is_not_part_of_the_rest(catalogue: Catalogue) -> None:
    """94 cents left at -110 show up as 85, whatever the first 6 cents won as a taker."""
    command = PlaceWager(WagerRef("w"), LineId("away"), Odds(-110), 100, Intent.REST)
    wager = Wager(command, catalogue.pair_of(LineId("away")), 7)
    wager.match(Odds(-105), 6)
    wager.step(WagerState.OPEN)
    assert wager.offered_cents() == 85
