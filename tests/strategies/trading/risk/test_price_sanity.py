"""Price sanity and open stake: what may not be quoted, and what halts a desk."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from strategies.trading.model.events import (
    OfferChanged,
    ReferencePrice,
    TradeSeen,
    TradingState,
    TradingStateSet,
)
from strategies.trading.model.ids import LineId
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Denial
from tests.strategies.trading.conftest import REFRESH_NS, START_NS, DeskHarness

MakeHarness = Callable[..., DeskHarness]


@pytest.fixture
def sane(make_harness: MakeHarness) -> DeskHarness:
    """Return a desk that quotes at most 7.5 % of the price away, in an empty book."""
    return make_harness(max_price_deviation_percent=Decimal("7.5"), max_mispriced_in_row=3)


def denial(harness: DeskHarness, line: str, odds: int) -> Denial | None:
    """Return why a wager is not admitted, None if it is."""
    return harness.desk.risk.admit(harness.request(line, odds, 1_000), harness.clock.now_ns())


def reason(harness: DeskHarness, line: str, odds: int) -> str:
    """Return the reason of price sanity for not admitting a wager, empty if it is admitted."""
    found = denial(harness, line, odds)
    assert found is None or found.control == "price_sanity"
    return "" if found is None else found.reason


def state(harness: DeskHarness) -> str:
    """Return what the desk may do."""
    return harness.desk.risk.state.value


def show_even(harness: DeskHarness) -> None:
    """Let others offer both lines at 51.2 %: the middle is even."""
    for line in ("home", "away"):
        harness.take(OfferChanged(LineId(line), Odds(-105), 5_000))


def test_a_quote_is_near_the_middle_of_the_touch(sane: DeskHarness) -> None:
    """At even money 46.25 to 53.75 is permitted, on either line."""
    show_even(sane)
    for line in ("home", "away"):
        assert reason(sane, line, 116) == reason(sane, line, -116) == ""
        assert reason(sane, line, 117).startswith(
            "+117 is a price of 0.461, 7.8 % off the middle of the touch, 0.500; "
        )
        assert "middle of the touch" in reason(sane, line, -117)


def test_a_wide_touch_is_no_price(sane: DeskHarness) -> None:
    """Where others show 40 to 60 its middle means nothing; the last trade within a minute does."""
    for line in ("home", "away"):
        sane.take(OfferChanged(LineId(line), Odds(-150), 5_000))
    assert reason(sane, "home", 100) == "no last price and no reference to compare with"
    sane.take(TradeSeen(LineId("away"), Odds(-150), 1_000))
    assert "last trade, 0.400" in reason(sane, "home", 100)
    assert reason(sane, "home", 150) == reason(sane, "away", -150) == ""
    sane.clock.skip(60 * NS_PER_SECOND + 1)
    assert reason(sane, "home", 150) == "no last price and no reference to compare with"


def test_a_quote_is_near_the_reference_too(sane: DeskHarness) -> None:
    """An outside price within five minutes binds beside the last price, and alone."""
    sane.take(ReferencePrice(LineId("away"), 0.4))
    assert reason(sane, "home", -150) == ""
    assert "reference, 0.600" in reason(sane, "home", 100)
    show_even(sane)
    assert "middle of the touch" in reason(sane, "home", -150)
    sane.clock.skip(300 * NS_PER_SECOND + 1)
    assert reason(sane, "home", 100) == ""


def test_zero_checks_no_price(make_harness: MakeHarness) -> None:
    """Without the setting any price may be quoted."""
    harness = make_harness(max_price_deviation_percent=Decimal(0))
    show_even(harness)
    assert denial(harness, "home", 2_000) is None


def test_a_resting_quote_is_withdrawn_when_the_price_leaves_it(sane: DeskHarness) -> None:
    """The strategy repeats its quote, but the market moved away: the wager is cancelled."""
    show_even(sane)
    sane.set_quotes(sane.quote("home", 110, 1_000))
    sane.open_pending()
    assert sane.resting() == [("home", 110, 1_000)]
    for line, odds in (("home", 130), ("away", -140)):
        sane.take(OfferChanged(LineId(line), Odds(-105), 0))
        sane.take(OfferChanged(LineId(line), Odds(odds), 5_000))
    sane.refresh()
    sane.confirm_cancels()
    assert sane.resting() == []
    assert sane.journal.denials[-1].control == "price_sanity"


def test_a_price_that_costs_too_much_again_and_again_halts(sane: DeskHarness) -> None:
    """The third decision in a row with such a quote halts the desk, by name and with the quote."""
    show_even(sane)
    for _ in range(4):
        sane.set_quotes(sane.quote("home", -130, 1_000))
    assert state(sane) == "active"
    for _ in range(2):
        sane.set_quotes(sane.quote("home", -140, 1_000))
    assert state(sane) == "active"
    sane.set_quotes(sane.quote("home", -140, 1_000))
    assert state(sane) == "halted"
    (halt,) = [event for _, _, event in sane.journal.inputs if isinstance(event, TradingStateSet)]
    assert halt.reason.startswith("price_sanity: 3 decisions in a row, last -140 is a price of")
    sane.on_event(TradingStateSet(TradingState.ACTIVE, "a person"))
    sane.set_quotes(sane.quote("home", -140, 1_000))
    assert state(sane) == "active"


def test_a_sane_decision_ends_the_row(sane: DeskHarness) -> None:
    """Two wrong prices, a right one, and two wrong ones: no halt."""
    show_even(sane)
    for odds in (-140, -140, 105, -140, -140):
        sane.set_quotes(sane.quote("home", odds, 1_000))
    assert state(sane) == "active"


def test_asking_for_more_than_others_does_not_halt(sane: DeskHarness) -> None:
    """A quote far behind the touch is denied for ever; it costs nothing while it rests."""
    show_even(sane)
    for _ in range(10):
        sane.set_quotes(sane.quote("home", 150, 1_000))
        sane.clock.skip(REFRESH_NS)
    assert state(sane) == "active"
    assert sane.journal.denials[-1].control == "price_sanity"


def test_open_stake_is_limited_by_cash(make_harness: MakeHarness) -> None:
    """Half of the cash may be open: what is matched is none, unless it offsets."""
    harness = make_harness(
        balance_cents=10_000, max_open_stake_times_cash=Decimal("0.5"), exposure_credit=True
    )
    harness.fill_new("home", 100, 4_000)
    harness.rest("over", 100, 2_000)
    assert harness.desk.risk.admit(harness.request("over", 100, 1_000), START_NS) is None
    found = harness.desk.risk.admit(harness.request("over", 100, 1_001), START_NS)
    assert found is not None
    assert (found.control, found.reason) == (
        "open_stake",
        "$30.01 would be open on $60.00 of cash; risk.max_open_stake_times_cash is 0.5",
    )
    harness.fill_new("away", 100, 4_000)
    assert harness.desk.risk.admit(harness.request("over", 100, 3_000), START_NS) is None


def test_the_largest_open_stake_over_cash_is_kept(make_harness: MakeHarness) -> None:
    """It is kept after the wagers are gone, as the review of the exchange asks for it."""
    harness = make_harness(balance_cents=10_000)
    harness.set_quotes(harness.quote("home", 110, 5_000))
    harness.refresh()
    harness.set_quotes()
    harness.open_pending()
    harness.confirm_cancels()
    assert harness.desk.risk.max_open_times_cash == 0.5
