"""The outcomes of wagers, and when two of them agree."""

import pytest

from sim.compare.outcomes import ComparedWager, Outcome, outcome_of
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, LineId, WagerRef
from strategies.trading.model.odds import EVEN
from strategies.trading.wagers.wager_state import EndReason

REF, GAME = WagerRef("first-1-1"), EventId("g1")
REQUEST = PlaceWager(REF, LineId("home"), EVEN, 10_000, Intent.ADD_ONLY)
ACCEPTED, OPENED = WagerAccepted(REF), WagerOpened(REF)


def matched(cents: int) -> WagerMatched:
    """Return a fill at even money."""
    return WagerMatched(REF, EVEN, cents, cents)


@pytest.mark.parametrize(
    ("updates", "outcome"),
    [
        ([], Outcome(0, None, None)),
        ([ACCEPTED, OPENED], Outcome(0, None, None)),
        ([WagerRejected(REF, "no")], Outcome(0, None, EndReason.REJECTED)),
        ([ACCEPTED, WagerInvalid(REF, "no")], Outcome(0, None, EndReason.INVALID)),
        ([ACCEPTED, OPENED, WagerWiped(REF, 1)], Outcome(0, None, EndReason.WIPED)),
        ([OPENED, matched(4_000)], Outcome(4_000, 101, None)),
        (
            [OPENED, matched(4_000), WagerCancelled(REF, 6_000)],
            Outcome(4_000, 101, EndReason.CANCELLED),
        ),
        ([OPENED, matched(4_000), matched(6_000)], Outcome(10_000, 101, EndReason.MATCHED)),
        (
            [OPENED, WagerCancelled(REF, 6_000), matched(4_000)],
            Outcome(4_000, 102, EndReason.CANCELLED),
        ),
    ],
)
def test_an_outcome_is_built_from_the_updates_of_a_wager(
    updates: list[Event], outcome: Outcome
) -> None:
    """It holds the matched stake, the time to the first fill, and the end, if any."""
    assert (
        outcome_of(REQUEST, 900, [(1_000 + at, event) for at, event in enumerate(updates)])
        == outcome
    )


def compared(real_cents: int, **simulated_cents: int) -> ComparedWager:
    """Return a wager of $100 with its matched stake, really and under each queue model."""
    outcomes = {queue: Outcome(cents, None, None) for queue, cents in simulated_cents.items()}
    return ComparedWager(REQUEST, 0, Outcome(real_cents, None, None), outcomes, GAME)


@pytest.mark.parametrize(
    ("simulated_cents", "agrees"), [(5_000, True), (5_500, True), (4_500, True), (5_501, False)]
)
def test_outcomes_agree_within_a_twentieth_of_the_stake(simulated_cents: int, agrees: bool) -> None:
    """The matched stake is compared, above and below the real one."""
    assert compared(5_000, back=simulated_cents).agrees("back") is agrees


@pytest.mark.parametrize(
    ("back", "front", "between"),
    [
        (0, 10_000, True),
        (5_000, 5_000, True),
        (5_400, 10_000, True),
        (6_000, 10_000, False),
        (0, 4_000, False),
    ],
)
def test_a_wager_lies_between_two_models_with_the_same_tolerance(
    back: int, front: int, between: bool
) -> None:
    """It was matched no less than under one model and no more than under the other."""
    assert compared(5_000, back=back, front=front).lies_between("back", "front") is between


def test_a_wager_has_a_row_for_each_queue_model() -> None:
    """The table repeats the real outcome beside each simulated one, and whether they agree."""
    rows = list(compared(5_000, back=5_000, front=9_000).rows())
    assert [(row[6], row[7], row[12], row[17]) for row in rows] == [
        ("back", 5_000, 5_000, True),
        ("front", 5_000, 9_000, False),
    ]
