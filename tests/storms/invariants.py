"""The invariants of a storm, checked after each event against what the exchange itself does."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

from sim.exchange.participant import Participant
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    TradeBroken,
    TradingState,
    WagerMatched,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, MarketKey, WagerRef
from strategies.trading.model.position import Position
from strategies.trading.ports.exchange import Exchange
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager import Wager
from tests.storms.exchange_observer import ExchangeObserver, WagerState

Key = TypeVar("Key")


class CheckedExchange:
    """Checks the desk's commands at its port, and passes them on."""

    def __init__(self, behind: Exchange, observer: ExchangeObserver) -> None:
        """Pass every command on to `behind`, of which `observer` sees the other end."""
        self._behind = behind
        self.desk: Desk
        self.in_flight: dict[WagerRef, PlaceWager] = {}
        self.placed: dict[WagerRef, PlaceWager] = {}
        self._observer = observer
        # What was matched at the exchange when the desk first asked to cancel a wager.
        self._matched_cents: dict[WagerRef, int] = {}
        self.stopped = False

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Check that nothing is placed while halted, and every reference is new."""
        assert self.desk.risk.state is not TradingState.HALTED, "placed while halted"
        assert not self.stopped, "placed after the end of the emergency stop"
        for request in requests:
            assert request.ref not in self.placed, f"{request.ref} was used twice"
            self.placed[request.ref] = self.in_flight[request.ref] = request
        self._behind.place(requests)

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Check that only placed wagers are cancelled, and none after the end of the stop."""
        assert all(ref in self.placed for ref in refs)
        assert not self.stopped, "cancelled after the end of the emergency stop"
        for ref in refs:
            self._matched_cents.setdefault(ref, self._matched_at_exchange(ref))
        self._behind.cancel(refs)

    @property
    def filled_after_cancel(self) -> int:
        """Return how many wagers were matched further after the desk asked to cancel them."""
        before = self._matched_cents.items()
        return sum(self._matched_at_exchange(ref) > cents for ref, cents in before)

    def _matched_at_exchange(self, ref: WagerRef) -> int:
        wager_state = self._observer.wagers["desk"].get(ref)
        return 0 if wager_state is None else wager_state.matched_cents

    def cancel_all(self, *scope: Any) -> None:
        """Check that there is no mass cancel after the end of the stop."""
        assert not self.stopped, "cancelled all after the end of the emergency stop"
        self._behind.cancel_all(*scope)

    def ask_state(self) -> None:
        """Pass the request on."""
        self._behind.ask_state()


class LimitBetweenSettlements:
    """A limit on what may be lost, which nothing but a settlement or a broken trade may exceed.

    A market that is pushed or void takes with it what it would have won at the scores at which
    another one loses, and a broken trade what it offset. No desk can prevent that; from there on
    the figure may only fall.
    """

    def __init__(self, limit_cents: int) -> None:
        """Start within the limit."""
        self._limit_cents = limit_cents
        self._permitted_cents = limit_cents

    def permit(self, cents: int) -> None:
        """Permit what may be lost right after a settlement or a broken trade."""
        self._permitted_cents = max(self._limit_cents, cents)

    def check(self, cents: int) -> None:
        """Check what may be lost."""
        assert cents <= self._permitted_cents, f"{cents} of {self._limit_cents}"
        self.permit(cents)


class _Limits(defaultdict[Key, LimitBetweenSettlements]):
    """The same limit of many things."""

    def __init__(self, limit_cents: int) -> None:
        super().__init__(partial(LimitBetweenSettlements, limit_cents))


class Invariants:
    """Checks what must hold between desk and exchange after every event."""

    def __init__(
        self, observer: ExchangeObserver, port: CheckedExchange, desk: Desk, limits: Limits
    ) -> None:
        """Check one desk, and the money of every participant."""
        self._observer = observer
        self._port = port
        self._desk = desk
        self._limits = limits
        everybody = observer.exchange.participants
        self._starting_cents = sum(one.account.cash_cents for one in everybody)
        self._checked: tuple[int, ...] = ()
        # There is one game in a storm.
        self._game = LimitBetweenSettlements(limits.max_event_exposure_cents)
        self._all = LimitBetweenSettlements(limits.max_total_exposure_cents)
        self._markets = _Limits[MarketKey](limits.max_market_exposure_cents)
        self._lines = _Limits[LineId](limits.max_position_cents)
        self._broken_cents: dict[WagerRef, int] = {}

    def on_event(self, event: Event) -> None:
        """Check an event that the desk received: its view of a wager never exceeds the stake."""
        if isinstance(event, TradeBroken):
            self._observer.on_break_received(event)
        ref: WagerRef | None = getattr(event, "ref", None)
        changed = None if ref is None else self._desk.wagers.find(ref)
        is_broken = changed is not None and self._is_broken_further(changed)
        if isinstance(event, MarketSettled) or is_broken:
            self._permit()
        if isinstance(event, WagerRejected):
            self._port.in_flight.pop(event.ref, None)
        wager = self._desk.wagers.find(event.ref) if isinstance(event, WagerMatched) else None
        if wager is not None:
            wager_state = self._observer.wagers["desk"][wager.ref]
            broken_cents = wager.broken.stake_cents
            matched_cents = wager.matched_cents + broken_cents
            assert matched_cents <= wager_state.matched_cents <= wager.stake_cents + broken_cents

    def _is_broken_further(self, wager: Wager) -> bool:
        before_cents = self._broken_cents.get(wager.ref, 0)
        self._broken_cents[wager.ref] = wager.broken.stake_cents
        return wager.broken.stake_cents > before_cents

    def _permit(self) -> None:
        """Permit what may be lost now, as no desk can prevent it."""
        exposure = self._desk.exposure
        self._all.permit(exposure.joint_total_cents())
        for position in exposure.positions.values():
            key = position.pair.market_key
            self._game.permit(exposure.joint_of_event(key.event_id))
            self._markets[key].permit(exposure.of_market(key))
            for line_id, cents in _held_by_line(position):
                self._lines[line_id].permit(cents)

    def check(self, *, recorded: bool) -> None:
        """Check everything that has changed since the last check."""
        if not recorded:
            self._check_money()
        now = self._desk_figures()
        if now != self._checked:
            self._checked = now
            self._check_exposure()

    def _desk_figures(self) -> tuple[int, ...]:
        """Return figures that change whenever the desk's exposure can change."""
        us, exposure = self._desk_account(), self._desk.exposure
        return (
            *(us.open_cents, us.account.matched_cents, us.account.cash_cents, len(us.ended)),
            *(exposure.total_cents, exposure.open_cents, exposure.matched_cents),
            *(len(self._port.placed), len(self._port.in_flight), self._desk.wagers.live_count),
        )

    def _desk_account(self) -> Participant:
        return next(one for one in self._observer.exchange.participants if one.name == "desk")

    def _check_money(self) -> None:
        """Check that every cent lost was won by somebody or charged as commission."""
        if not self._observer.matched:
            return
        accounts = [one.account for one in self._observer.exchange.participants]
        cash_cents = sum(account.cash_cents + account.commission_cents for account in accounts)
        assert cash_cents == self._starting_cents
        for book in self._observer.matched:
            staked = self._observer.totals[book.line_id].stake_cents
            won = self._observer.totals[book.opposite.line_id].profit_cents
            assert staked == won, f"{book.line_id}: {staked} staked, {won} to win against it"
        self._observer.matched = {}

    def _check_exposure(self) -> None:
        """Check that the true worst case is within the desk's figure, and that within limits."""
        limits, exposure = self._limits, self._desk.exposure
        truth = self._worst_with_in_flight()
        for key, cents in truth.items():
            assert cents <= exposure.of_market(key)
            self._markets[key].check(exposure.of_market(key))
        assert sum(truth.values()) <= exposure.total_cents
        (event_id,) = {key.event_id for key in truth}
        self._game.check(exposure.joint_of_event(event_id))
        self._all.check(exposure.joint_total_cents())
        for position in exposure.positions.values():
            for line_id, held_cents in _held_by_line(position):
                self._lines[line_id].check(held_cents)
        assert self._desk.wagers.live_count <= limits.max_concurrent_wagers

    def _worst_with_in_flight(self) -> dict[MarketKey, int]:
        """Return the worst case at the exchange, with the wagers in flight.

        Wagers in flight to a closed market do not count, as they will be refused.
        """
        observer, port = self._observer, self._port
        wagers, us = observer.wagers["desk"], self._desk_account()
        port.in_flight = {
            ref: request
            for ref, request in port.in_flight.items()
            if ref not in wagers and not observer.closed(request.line_id)
        }
        wagers.update({ref: WagerState(us, request) for ref, request in port.in_flight.items()})
        worst = observer.worst_by_market("desk")
        for ref in port.in_flight:
            del wagers[ref]
        return worst


def _held_by_line(position: Position) -> list[tuple[LineId, int]]:
    """Return the lines of a pair with what may be lost on each, open wagers included."""
    lines = (position.pair.first, position.pair.second)
    return [
        (line.line_id, position.line_loss_cents(side) + position.open_cents[side])
        for side, line in enumerate(lines)
    ]
