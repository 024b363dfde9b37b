"""Settlement: the final balances of two participants who traded, and the commission."""

import pytest

from recordings.tape import Kind
from sim.exchange.line_results import LineResults
from strategies.trading.model.events import (
    MarketSettled,
    MarketStatusChanged,
    WagerCancelled,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from tests.sim.small_exchange import ExchangeScenario

WON, LOST, PUSHED, VOIDED = Result
BALANCE = 1_000_000
MONEYLINE, TOTAL = 0, 1


@pytest.fixture
def matched(scenario: ExchangeScenario) -> ExchangeScenario:
    """Return a scenario in which m and t have matched.

    m staked 400 on home at +150, to win 600, and 500 on over at even money; t the other sides.
    """
    scenario.join("m", BALANCE)
    scenario.join("t", BALANCE)
    scenario.place(1, "h", "home", 150, 400, by="m")
    scenario.place(2, "o", "over", 100, 500, by="m")
    scenario.place(10, "a", "away", -150, 600, by="t")
    scenario.place(11, "u", "under", 100, 500, by="t")
    return scenario


# Reported results by market, and the final gains of m and t.
CASES = {
    "won": ([(MONEYLINE, {"home": WON, "away": LOST})], 600 - 12, -600),
    "lost": ([(MONEYLINE, {"home": LOST, "away": WON})], -400, 400 - 8),
    "pushed": ([(MONEYLINE, {"home": PUSHED, "away": PUSHED})], 0, 0),
    "void": ([(MONEYLINE, {"home": VOIDED, "away": VOIDED})], 0, 0),
    "half of the lines reported": ([(MONEYLINE, {"home": WON})], 600 - 12, -600),
    "the other half reported": ([(MONEYLINE, {"away": WON})], -400, 400 - 8),
    "half reported as pushed": ([(MONEYLINE, {"away": PUSHED})], 0, 0),
    "one half after the other": (
        [(MONEYLINE, {"home": WON}), (MONEYLINE, {"away": LOST})],
        600 - 12,
        -600,
    ),
    "reported twice": ([(MONEYLINE, {"home": WON, "away": LOST})] * 2, 600 - 12, -600),
    "both markets": (
        [(MONEYLINE, {"home": WON, "away": LOST}), (TOTAL, {"over": LOST, "under": WON})],
        600 - 12 - 500,
        -600 + 500 - 10,
    ),
    "void of one market of two": (
        [(MONEYLINE, {"home": VOIDED, "away": VOIDED}), (TOTAL, {"over": WON, "under": LOST})],
        500 - 10,
        -500,
    ),
    "changed later": (
        [(MONEYLINE, {"home": WON, "away": LOST}), (MONEYLINE, {"home": LOST, "away": WON})],
        -400,
        400 - 8,
    ),
    "voided later": (
        [(MONEYLINE, {"home": WON, "away": LOST}), (MONEYLINE, {"home": VOIDED, "away": VOIDED})],
        0,
        0,
    ),
    "changed twice": (
        [
            (MONEYLINE, {"home": WON, "away": LOST}),
            (MONEYLINE, {"home": PUSHED, "away": PUSHED}),
            (MONEYLINE, {"home": WON, "away": LOST}),
        ],
        600 - 12,
        -600,
    ),
    "changed by its other half": (
        [(MONEYLINE, {"home": WON}), (MONEYLINE, {"away": WON})],
        -400,
        400 - 8,
    ),
    "changed after the other market": (
        [
            (MONEYLINE, {"home": WON, "away": LOST}),
            (TOTAL, {"over": WON, "under": LOST}),
            (MONEYLINE, {"home": LOST, "away": WON}),
        ],
        -400 + 500 - 10,
        400 - 8 - 500,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_market_pays_by_its_latest_results(matched: ExchangeScenario, case: str) -> None:
    """Each has what its wagers won or lost, less 2 % of what it won net in each market."""
    reported, m_gain, t_gain = CASES[case]
    for number, (market, results) in enumerate(reported):
        matched.settle(1000 + number, market, **results)
    matched.run()
    m, t = matched.participants["m"].account, matched.participants["t"].account
    assert (m.cash_cents - BALANCE, t.cash_cents - BALANCE) == (m_gain, t_gain)
    assert m.commission_cents + t.commission_cents == -(m_gain + t_gain)
    settled = {market for market, _ in reported}
    assert m.matched_cents == sum(
        stake for market, stake in ((0, 400), (1, 500)) if market not in settled
    )


def test_every_participant_receives_all_known_results_at_a_settlement(
    matched: ExchangeScenario,
) -> None:
    """Participants without a wager receive it too; a later one repeats the earlier results."""
    matched.settle(1000, MONEYLINE, home=WON)
    matched.settle(2000, MONEYLINE, away=WON)
    matched.join("idle")
    matched.run()
    for name in ("m", "t", "idle", None):
        assert [dict(event.results) for event in matched.of(MarketSettled, by=name)] == [
            {"home": WON},
            {"home": LOST, "away": WON},
        ]


def test_no_pair_has_two_winners(scenario: ExchangeScenario) -> None:
    """Of results for both lines of a pair in one message, the last one decides."""
    results = LineResults(scenario.info.catalogue())
    known = results.apply(scenario.info.markets[0].key, {LineId("home"): WON, LineId("away"): WON})
    assert known == {LineId("home"): LOST, LineId("away"): WON}


def test_commission_is_on_what_each_won_net_in_the_market(scenario: ExchangeScenario) -> None:
    """What was lost on one line of a market is set off against what was won on the other."""
    scenario.join("m", BALANCE)
    scenario.offer(0, "home", 200, 1000)
    scenario.offer(0, "away", 100, 500)
    scenario.place(1, "w", "home", 200, 1000, by="m")
    scenario.place(2, "v", "away", -110, 500, by="m")
    scenario.settle(1000, MONEYLINE, home=WON, away=LOST)
    scenario.run()
    account = scenario.participants["m"].account
    assert account.commission_cents == (2000 - 500) * 2 // 100
    assert account.cash_cents == BALANCE + 1500 - 30


def test_stakes_are_not_taken_from_the_balance_before_settlement(matched: ExchangeScenario) -> None:
    """Until then what is matched is at risk, and cannot be staked again, but it is still there."""
    matched.run()
    m = matched.participants["m"]
    assert m.account.cash_cents == BALANCE
    assert m.available_cents == BALANCE - 900


def test_settlement_closes_the_market_for_good(matched: ExchangeScenario) -> None:
    """What is open is wiped first; nothing can be wagered, cancelled or opened again after it."""
    matched.place(20, "left", "home", 110, 300, by="m")
    matched.settle(1000, MONEYLINE, home=WON, away=LOST)
    matched.market_status(1001, MarketStatus.OPEN)
    matched.place(1002, "late", "home", 110, 300, by="m")
    matched.cancel(1003, "left", by="m")
    matched.run()
    assert [event.ref for event in matched.of(WagerWiped, by="m")] == ["left"]
    assert [event.code for event in matched.of(WagerRejected, by="m")] == ["event_not_available"]
    assert matched.codes("left", by="m") == ["order_already_cancelled"]
    assert matched.of(WagerCancelled, by="m") == []
    statuses = [
        e.status for e in matched.of(MarketStatusChanged) if e.market_key.market_id == "219"
    ]
    assert statuses == [MarketStatus.OPEN]


def test_the_other_markets_of_the_event_go_on(matched: ExchangeScenario) -> None:
    """A settled moneyline leaves the total open."""
    matched.settle(1000, MONEYLINE, home=WON, away=LOST)
    matched.place(1001, "w", "over", 110, 300, by="m")
    matched.run()
    assert matched.codes("w", by="m") == []
    assert list(matched.participants["m"].live) == ["w"]


def test_at_tip_off_every_participant_is_wiped(scenario: ExchangeScenario) -> None:
    """Everything unmatched in the event is removed; matched stakes stay."""
    scenario.join("b")
    scenario.place(1, "ours", "home", 100, 500)
    scenario.place(2, "b", "away", 100, 200, by="b")
    scenario.place(3, "c", "over", 110, 300, by="b")
    scenario.event_status(1000, EventStatus.LIVE)
    scenario.row(2000, Kind.UNTYPED)
    scenario.run()
    assert scenario.of(WagerWiped) == [WagerWiped(WagerRef("ours"), 300)]
    assert scenario.of(WagerWiped, by="b") == [WagerWiped(WagerRef("c"), 300)]
    assert scenario.us.account.matched_cents == 200
    assert scenario.us.open_cents == scenario.participants["b"].open_cents == 0
