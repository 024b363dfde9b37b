"""Queue models in order: back fills least, front most, and any other model between them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.queue_models import Back, Front, Probable, Prorata
from tests.sim.small_exchange import ExchangeScenario, filled_until

Row = tuple[str, int, int, int, int]
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "offer", "trade", "across"]),
        st.integers(0, 400),
        st.integers(0, 12).map(lambda hundreds: hundreds * 100 + 7),
        st.sampled_from([-110, 100, 110]),
        st.sampled_from([0, 1500, 2500]),
    ),
    max_size=40,
)


@given(rows=_ROWS, joined_ms=st.integers(0, 3000), odds=st.sampled_from([-110, 100, 110]))
@settings(max_examples=60, deadline=None)
def test_fills_are_ordered_back_prorata_front(
    make_scenario: type[ExchangeScenario], rows: list[Row], joined_ms: float, odds: int
) -> None:
    """With the same rows and wager, the more optimistic model never fills less at any time."""
    back, prorata, front = (
        fills_of_one_wager(make_scenario(queue), rows, joined_ms, odds)
        for queue in (Back(), Prorata(), Front())
    )
    for ms in {ms for ms, _ in back + prorata + front}:
        assert filled_until(back, ms) <= filled_until(prorata, ms) <= filled_until(front, ms)


@given(rows=_ROWS, joined_ms=st.integers(0, 3000), power=st.floats(0.1, 9))
@settings(max_examples=60, deadline=None)
def test_fills_under_any_model_lie_between_back_and_front(
    make_scenario: type[ExchangeScenario], rows: list[Row], joined_ms: float, power: float
) -> None:
    """Whatever the power, the probable model fills between the two extreme models."""
    back, probable, front = (
        fills_of_one_wager(make_scenario(queue), rows, joined_ms, 100)
        for queue in (Back(), Probable(power), Front())
    )
    for ms in {ms for ms, _ in back + probable + front}:
        assert filled_until(back, ms) <= filled_until(probable, ms) <= filled_until(front, ms)


def fills_of_one_wager(
    scenario: ExchangeScenario, rows: list[Row], joined_ms: float, odds: int
) -> list[tuple[float, int]]:
    """Return when and by how much one wager is filled by the rows."""
    ms = 0
    for kind, after_ms, cents, row_odds, quantity in rows:
        ms += after_ms
        if kind == "offer":
            scenario.offer(ms, "away", row_odds, cents, quantity=quantity)
        elif kind == "trade":
            scenario.trade(ms, "away", row_odds, cents)
        else:
            scenario.offer(ms, "home", row_odds, cents // 10)
    scenario.place(joined_ms + 0.5, "w", "home", odds, 3000)
    scenario.run()
    return scenario.timed_fills()
