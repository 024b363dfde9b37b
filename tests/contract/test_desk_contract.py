"""A desk on top of every implementation of the port `Exchange`: they agree on money."""

from typing import Any

import pytest

from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.model.events import (
    OfferChanged,
    TradeBroken,
    WagerMatched,
    WagerOpened,
    WagerWiped,
)
from strategies.trading.model.market import Result
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import View
from tests.contract.exchange_harness import (
    ExchangeHarness,
    account,
    received_of,
    until,
    updates_of,
)
from tests.contract.moneyline import (
    AWAY,
    BALANCE_CENTS,
    HOME,
    OTHERS,
    POSTPONED_BY_HOURS,
)


class Watcher:
    """A strategy that rests one wager on each line, ahead of the others, and records its views."""

    quote_refresh_ns = NS_PER_SECOND

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.touches: list[Any] = []
        self.fairs: list[float | None] = []

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Record both touches; always return the same two quotes."""
        (pair,) = view.pairs
        self.touches += [pair.first_touch, pair.second_touch]
        self.fairs.append(pair.fair)
        return (Quote(HOME, Odds(105), 2_000), Quote(AWAY, Odds(-104), 5_000))


def attach_watcher(harness: ExchangeHarness) -> tuple[Any, Watcher]:
    """Attach a desk that trades with a watcher; return both."""
    watcher = Watcher()

    def assemble(parts: dict[str, Any], **parts_of_desk: Any) -> Any:
        settings = DeskSettings(
            strategy=lambda: watcher,
            pricing=parts["pricing"],
            limits=parts["risk"],
            wagers=parts["wagers"],
            commission=parts["fees"],
            starting_balance_cents=BALANCE_CENTS,
            session_name="contract",
            start_number=1,
        )
        return assemble_desk(settings, **parts_of_desk)

    return harness.attach_desk(assemble), watcher


@pytest.mark.slow
def test_a_strategy_never_sees_itself(harness: ExchangeHarness) -> None:
    """The exchange displays our wagers to takers; the strategy sees only the offers of others."""
    _, watcher = attach_watcher(harness)
    until(harness, lambda: bool(received_of(harness, WagerOpened)))
    asked = len(watcher.fairs)
    until(harness, lambda: bool(received_of(harness, WagerMatched)))
    ours = [event for event in received_of(harness, OfferChanged) if event.odds == opposite(-104)]
    assert {event.line_id for event in ours} == {HOME}
    assert ours[0].amount_cents > 0
    assert len(watcher.fairs) > asked
    assert set(watcher.touches) == {OTHERS}
    assert watcher.fairs == [pytest.approx(0.5)] * len(watcher.fairs)


@pytest.mark.slow
def test_a_desk_and_the_exchange_agree_on_money(harness: ExchangeHarness) -> None:
    """After fills and cancels the desk's stakes and balance equal the exchange's."""
    desk, _ = attach_watcher(harness)
    until(harness, lambda: desk.ledger.turnover_cents == 5_000)
    until(harness, lambda: desk.wagers.at_rest and desk.wagers.live_count == 2)
    state = account(harness)
    assert state.balance_cents == desk.ledger.available_cents
    assert dict(state.open_cents) == {w.ref: w.unmatched_cents for w in desk.wagers.live()}
    desk.stop("the test has ended")
    until(harness, lambda: not desk.wagers.live())
    assert account(harness).open_cents == ()


def agree(harness: ExchangeHarness, desk: Any) -> None:
    """Check that the desk's balance and open wagers equal the exchange's."""
    state = account(harness)
    assert state.balance_cents == desk.ledger.available_cents
    assert dict(state.open_cents) == {w.ref: w.unmatched_cents for w in desk.wagers.live()}


@pytest.mark.slow
def test_what_the_operator_changes_is_booked(harness: ExchangeHarness) -> None:
    """A trade broken, a result, its correction, a void, and a trade broken after all of them.

    Each is booked once, and money agrees after each.
    """
    desk, _ = attach_watcher(harness)
    until(harness, lambda: desk.ledger.turnover_cents == 5_000)
    desk.stop("the position is held")
    until(harness, lambda: not desk.wagers.live())
    (fill,) = received_of(harness, WagerMatched)
    won_cents = fill.profit_cents - round(fill.profit_cents * 2 / 100)
    for results, profit_cents in (
        ({AWAY: Result.LOST, HOME: Result.WON}, -5_000),
        ({AWAY: Result.WON, HOME: Result.LOST}, won_cents),
        ({AWAY: Result.VOIDED, HOME: Result.VOIDED}, 0),
        ({AWAY: Result.LOST, HOME: Result.WON}, -5_000),
    ):
        harness.settle(results)
        until(harness, lambda cents=profit_cents: desk.ledger.profit_cents == cents)  # type: ignore[misc]
        agree(harness, desk)
    harness.break_trade(fill.ref)
    until(harness, lambda: desk.ledger.profit_cents == 0)
    agree(harness, desk)
    assert len(received_of(harness, TradeBroken)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("as_void", [False, True], ids=["shown", "void"])
def test_a_broken_trade_is_no_position(harness: ExchangeHarness, as_void: bool) -> None:
    """Its stake is free again, its exposure gone, nothing of it rests; its market goes on.

    The exchange shows it as less matched, or as void with its fills unchanged.
    """
    desk, _ = attach_watcher(harness)
    until(harness, lambda: desk.ledger.turnover_cents == 5_000)
    (fill,) = received_of(harness, WagerMatched)
    (harness.void_wager if as_void else harness.break_trade)(fill.ref)
    until(harness, lambda: bool(updates_of(harness, fill.ref, TradeBroken)))
    (broken,) = updates_of(harness, fill.ref, TradeBroken)
    assert (broken.stake_cents, broken.profit_cents) == (fill.stake_cents, fill.profit_cents)
    desk.stop("the test has ended")
    until(harness, lambda: not desk.wagers.live())
    assert (desk.exposure.matched_cents, desk.exposure.total_cents) == (0, 0)
    assert not desk.ledger.settlements
    assert desk.ledger.available_cents == BALANCE_CENTS
    agree(harness, desk)


@pytest.mark.slow
def test_a_postponed_game_a_wipe_and_a_missing_result_are_booked(played: ExchangeHarness) -> None:
    """Each is booked and shown to a person, money agrees, and the position is kept for its result.

    Nothing of a wiped wager is open, and nothing is quoted in the game.
    """
    desk, _ = attach_watcher(played)
    until(played, lambda: desk.ledger.turnover_cents == 5_000)
    (event,) = desk.market_states.events.values()
    first_ns = event.scheduled_ns
    until(played, lambda: event.scheduled_ns != first_ns)
    assert event.scheduled_ns - first_ns == POSTPONED_BY_HOURS * 3_600 * NS_PER_SECOND
    assert desk.wagers.live_count == 2
    until(played, lambda: bool(received_of(played, WagerWiped)))
    until(played, lambda: not desk.wagers.live())
    agree(played, desk)
    assert desk.exposure.total_cents == desk.exposure.matched_cents == 5_000
    assert played.journal.lines == [
        "postponed by 3.0 hours: Away at Home; $50.00 stays matched until it is played or void",
        "wagers wiped by the exchange: Away at Home; what is quoted now is placed again",
    ]
    alerts = played.journal.alerts
    assert alerts is not None
    assert list(alerts.overdue(event.scheduled_ns)) == []
    overdue_ns = event.scheduled_ns + 25 * 3_600 * NS_PER_SECOND
    assert list(alerts.overdue(overdue_ns)) == [
        "no result of Away at Home, moneyline 25 hours after the start; $50.00 is at risk; "
        "look it up at the exchange"
    ]
    played.settle({AWAY: Result.LOST, HOME: Result.WON})
    until(played, lambda: desk.ledger.profit_cents == -5_000)
    agree(played, desk)
    assert list(alerts.overdue(2 * overdue_ns)) == []
