"""The stake ahead of us in a recorded offer."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.exchange_account import ExchangeAccount
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.offers import Offer
from sim.exchange.participant import ExchangeWager, Participant
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import EVEN

Step = tuple[int, str, int, int]

WINDOW = 500
MODELS = [Back(), Prorata(), Probable(0.5), Probable(4), Front()]
STEPS = st.lists(
    st.tuples(
        st.integers(1, 300),
        st.sampled_from(["offer", "trade", "join"]),
        st.integers(1, 900),
        st.sampled_from([0, 0, 1000, 2000]),
    ),
    max_size=40,
)


def wager(number: int, opened_ns: int) -> ExchangeWager:
    """Return a wager of ours that opens at a time."""
    request = PlaceWager(WagerRef(str(number)), LineId("home"), EVEN, 1000, Intent.REST)
    account = ExchangeAccount(Catalogue([], [], []), 100_000, Commission(0))
    owner = Participant("us", account, ExchangeRules(), lambda _: None)
    made = ExchangeWager(owner, request, 0, number)
    made.opened_ns = opened_ns
    return made


def play(offer: Offer, steps: list[Step], tick: bool = False) -> tuple[int, list[list[int]]]:
    """Apply rows and joins in order of time; with `tick`, look at the offer each nanosecond too."""
    now_ns, aheads = 0, []
    for number, (after_ns, kind, cents, quantity_cents) in enumerate(steps):
        if tick:
            for moment_ns in range(now_ns, now_ns + after_ns):
                offer.expire_entries(moment_ns)
        now_ns += after_ns
        if kind == "offer":
            offer.advance_queue(-min(0, offer.set_recorded(now_ns, cents, quantity_cents)))
        elif kind == "trade":
            offer.advance_queue(offer.on_reported_trade(now_ns, cents))
        else:
            offer.join(now_ns, wager(number, now_ns))
        offer.expire_entries(now_ns)
        aheads.append([ours.ahead_cents for ours in offer.wagers])
    return now_ns, aheads


@pytest.mark.slow
@pytest.mark.parametrize("queue", MODELS, ids=str)
@given(steps=STEPS)
@settings(max_examples=40, deadline=None)
def test_lazy_deadlines_equal_a_timer_for_each(queue: QueueModel, steps: list[Step]) -> None:
    """Deadlines that are checked late give the same as deadlines checked on time."""
    lazy = play(Offer(EVEN, queue, WINDOW), steps)
    prompt = play(Offer(EVEN, queue, WINDOW), steps, tick=True)
    assert lazy == prompt


@pytest.mark.slow
@pytest.mark.parametrize("queue", MODELS, ids=str)
@given(steps=STEPS)
@settings(max_examples=70, deadline=None)
def test_the_stake_ahead_is_never_more_than_shown_once_explained(
    queue: QueueModel, steps: list[Step]
) -> None:
    """Once nothing is pending, no wager has more ahead of it than others show."""
    offer = Offer(EVEN, queue, WINDOW)
    now_ns, _ = play(offer, steps)
    offer.expire_entries(now_ns + WINDOW + 1)
    aheads = [ours.ahead_cents for ours in offer.wagers]
    assert all(0 <= ahead <= offer.available_cents for ahead in aheads)


@pytest.mark.slow
@pytest.mark.parametrize("queue", MODELS, ids=str)
@given(steps=STEPS)
@settings(max_examples=70, deadline=None)
def test_the_older_of_two_wagers_never_has_more_ahead(queue: QueueModel, steps: list[Step]) -> None:
    """An earlier wager never has more of others' stake ahead than a later one."""
    offer = Offer(EVEN, queue, WINDOW)
    _, aheads = play(offer, steps)
    for older, younger in itertools.pairwise(aheads[-1] if aheads else []):
        assert older <= younger


@pytest.mark.parametrize(("reported_ns", "ahead_cents"), [(WINDOW, 100), (WINDOW + 1, 0)])
def test_a_trade_explains_a_decrease_until_the_end_of_the_pairing_time(
    reported_ns: int, ahead_cents: int
) -> None:
    """Up to the pairing time it does; after it the decrease was a cancel and the trade is new."""
    offer = Offer(EVEN, Front(), WINDOW)
    offer.set_recorded(-10, 400, 0)
    ours = wager(1, -5)
    offer.join(-5, ours)
    offer.set_recorded(-4, 800, 0)
    offer.set_recorded(0, 500, 0)
    offer.advance_queue(offer.on_reported_trade(reported_ns, 300))
    assert ours.ahead_cents == ahead_cents


@pytest.mark.parametrize(("reported_ns", "ahead_cents"), [(WINDOW, 100), (WINDOW + 1, 0)])
def test_a_decrease_is_explained_by_a_trade_until_the_end_of_the_pairing_time(
    reported_ns: int, ahead_cents: int
) -> None:
    """Up to the pairing time a trade explains a decrease; after it that was a cancel."""
    offer = Offer(EVEN, Front(), WINDOW)
    offer.set_recorded(-10, 400, 0)
    ours = wager(1, -5)
    offer.join(-5, ours)
    offer.set_recorded(-4, 800, 0)
    offer.advance_queue(offer.on_reported_trade(0, 300))
    offer.set_recorded(reported_ns, 500, 0)
    offer.expire_entries(2000)
    assert ours.ahead_cents == ahead_cents


def test_stake_added_after_a_decrease_cannot_have_left_in_it() -> None:
    """Even the pessimistic model cancels only stake that was present."""
    offer = Offer(EVEN, Back(), WINDOW)
    offer.set_recorded(0, 400, 0)
    ours = wager(1, 1)
    offer.join(1, ours)
    offer.set_recorded(2, 300, 0)
    offer.set_recorded(3, 900, 0)
    offer.expire_entries(1000)
    assert ours.ahead_cents == 300


def test_a_debit_is_limited_to_the_recorded_stake() -> None:
    """Our debit is at most the recorded stake; stake that returns later is new."""
    offer = Offer(EVEN, Back(), WINDOW)
    assert offer.set_recorded(0, 500, 0) == 500
    offer.consume(400)
    assert offer.set_recorded(2, 300, 0) == 0
    assert (offer.debit_cents, offer.available_cents) == (300, 0)
    assert offer.set_recorded(3, 350, 0) == 50


def test_a_trade_in_a_decrease_is_the_whole_decrease_even_where_we_had_taken_it() -> None:
    """A recorded taker of stake that we had taken is matched with the stake behind it."""
    offer = Offer(EVEN, Back(), WINDOW)
    offer.set_recorded(0, 500, 500)
    offer.consume(400)
    assert offer.set_recorded(2, 300, 500) == -200
    assert (offer.debit_cents, offer.available_cents) == (300, 0)


def test_of_a_decrease_that_is_a_trade_only_the_unreported_part_is_new() -> None:
    """A trade reported before the decrease explains it in part; one after it is not new."""
    offer = Offer(EVEN, Back(), WINDOW)
    offer.set_recorded(0, 1000, 1000)
    assert offer.on_reported_trade(1, 300) == 300
    assert offer.set_recorded(2, 600, 1000) == -100
    assert offer.on_reported_trade(3, 100) == 0
    assert offer.on_reported_trade(4, 100) == 100


def test_a_cancel_is_still_possible_after_a_trade_took_what_came_since() -> None:
    """What a trade left of an increased offer does not make an older cancel impossible."""
    offer = Offer(EVEN, Back(), WINDOW)
    offer.set_recorded(0, 150, 150)
    ours = wager(1, 1)
    offer.join(1, ours)
    offer.set_recorded(2, 100, 100)
    offer.set_recorded(3, 600, 600)
    offer.advance_queue(-offer.set_recorded(4, 40, 600))
    offer.expire_entries(1000)
    assert ours.ahead_cents == 0


def test_a_quantity_that_was_missing_in_between_proves_no_trade() -> None:
    """Makers may have joined and left while the tape had no quantity."""
    offer = Offer(EVEN, Back(), WINDOW)
    offer.set_recorded(0, 1000, 1600)
    offer.set_recorded(1, 800, 0)
    assert offer.set_recorded(2, 300, 1600) == 0


def test_a_cancel_lets_no_younger_wager_overtake_an_older_one() -> None:
    """The model expects more to have left ahead of the younger; our own keep their order."""
    offer = Offer(EVEN, Probable(3), WINDOW)
    older, younger = wager(1, 1), wager(2, 3)
    offer.set_recorded(0, 480, 0)
    offer.join(1, older)
    offer.set_recorded(2, 520, 0)
    offer.join(3, younger)
    offer.set_recorded(4, 1000, 0)
    offer.set_recorded(5, 200, 0)
    offer.expire_entries(1000)
    assert (older.ahead_cents, younger.ahead_cents) == (128, 128)
