"""Two opinions on who cancelled."""

from hypothesis import given
from hypothesis import strategies as st

from sim.exchange.queue import Back, Front

CENTS = st.integers(0, 10_000)


@given(ahead=CENTS, behind=CENTS, share=st.floats(0, 1))
def test_the_fearful_model_lets_fewer_leave_ahead_and_both_stay_possible(ahead, behind, share):
    """What left ahead lies between what cannot have left behind and what stood ahead."""
    cancelled = round((ahead + behind) * share)
    back = Back().cancelled_ahead_cents(cancelled, ahead, behind)
    front = Front().cancelled_ahead_cents(cancelled, ahead, behind)
    assert max(0, cancelled - behind) == back <= front == min(cancelled, ahead)
