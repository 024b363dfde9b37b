"""Arriving later never pays for a wager that only rests: it has more ahead, and less time."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sim.engine.latency import Delay
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel
from strategies.trading.model.commands import Intent
from strategies.trading.model.events import (
    WagerAccepted,
    WagerCancelled,
    WagerOpened,
)
from tests.sim.small_exchange import ExchangeScenario, filled_until

MODELS = st.sampled_from([Back(), Prorata(), Probable(0.3), Probable(3), Front()])
Row = tuple[str, int, int, int, int]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "offer", "offer", "trade", "trade", "across"]),
        st.integers(0, 400),
        st.integers(0, 12).map(lambda hundreds: hundreds * 100 + 7),
        st.sampled_from([-110, 100, 100, 110]),
        st.sampled_from([0, 1500, 2500]),
    ),
    min_size=5,
    max_size=40,
)


@pytest.mark.slow
@given(
    rows=ROWS,
    queue=MODELS,
    sent_ms=st.integers(0, 1500),
    entry_ms=st.integers(0, 600),
    more_ms=st.integers(1, 2500),
    stake_cents=st.integers(1, 50).map(lambda hundreds: hundreds * 100),
)
@settings(max_examples=100, deadline=None)
def test_more_entry_latency_gives_a_resting_wager_no_extra_fill(
    make_scenario: type[ExchangeScenario],
    constant_ms: Callable[[float], Delay],
    rows: list[Row],
    queue: QueueModel,
    sent_ms: int,
    entry_ms: int,
    more_ms: int,
    stake_cents: int,
) -> None:
    """At every moment a wager that came later has been filled no more than had it come earlier.

    It is one add-only wager that is never cancelled: one that takes may find more to take later,
    and one that was invalid when it came early may rest when it comes late.
    """
    early, late = (
        fills_of_one_wager(
            make_scenario(queue, {"entry": constant_ms(ms)}), rows, sent_ms + 0.5, stake_cents
        )
        for ms in (entry_ms, entry_ms + more_ms)
    )
    assume(early is not None)
    assert early is not None
    late = late or []
    for at_ms, _ in late:
        assert filled_until(late, at_ms) <= filled_until(early, at_ms)


def fills_of_one_wager(
    scenario: ExchangeScenario, rows: list[Row], sent_ms: float, stake_cents: int
) -> list[tuple[float, int]] | None:
    """Return when and by how much one wager is filled by the rows; None if it never opened."""
    ms = 0
    for kind, after_ms, cents, odds, quantity in rows:
        ms += after_ms
        if kind == "offer":
            scenario.offer(ms, "away", odds, cents, quantity=quantity)
        elif kind == "trade":
            scenario.trade(ms, "away", odds, cents)
        else:
            scenario.offer(ms, "home", odds, cents // 10)
    scenario.place(sent_ms, "w", "home", 100, stake_cents, Intent.ADD_ONLY)
    scenario.run()
    if not scenario.of(WagerOpened):
        return None
    return scenario.timed_fills()


def test_a_cancel_takes_its_own_time(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """A cancel is done later than a placement that was sent with it; until then it is matched."""
    delays = {"entry": constant_ms(10), "cancel": constant_ms(50), "response": constant_ms(5)}
    scenario = make_scenario(Back(), delays)
    scenario.place(0, "w", "home", 100, 1000)
    scenario.cancel(1000, "w")
    scenario.place(1000, "later", "home", -110, 1000)
    scenario.offer(1040, "home", -110, 400)
    scenario.run()
    assert scenario.times_of(WagerAccepted) == [15, 1015]
    assert scenario.times_of(WagerCancelled) == [1055]


def test_a_mass_cancel_travels_like_a_placement(
    make_scenario: type[ExchangeScenario], constant_ms: Callable[[float], Delay]
) -> None:
    """It takes the delay of placements, and does not overtake one that was sent before it."""
    delays = {"entry": constant_ms(10), "cancel": constant_ms(50)}
    scenario = make_scenario(Back(), delays, mass_cancel_pause_ns=0)
    scenario.place(0, "w", "home", 100, 1000)
    scenario.cancel_all(0)
    scenario.run()
    assert scenario.times_of(WagerAccepted) == [10]
    assert scenario.times_of(WagerCancelled) == [10]
