"""The invariants of a storm, checked after each event against what the exchange itself does."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sim.exchange.books import LineBook
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    TradeBroken,
    TradingState,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import LineId, MarketKey, WagerRef
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import Odds, crosses, opposite
from strategies.trading.model.position import Position
from strategies.trading.ports.exchange import Exchange
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager import Wager

Key = TypeVar("Key")


@dataclass(slots=True)
class WagerState:
    """One wager at the exchange: its owner, its matched stake, and how often it ended."""

    owner: Participant
    request: PlaceWager
    matched_cents: int = 0
    ends: int = 0

    @property
    def open_cents(self) -> int:
        """Return what may still be matched."""
        return 0 if self.ends else self.request.stake_cents - self.matched_cents


@dataclass(slots=True)
class Tally:
    """Matched stakes on a line, and the profits they can win, in cents."""

    stake_cents: int = 0
    profit_cents: int = 0

    def remove(self, event: TradeBroken) -> None:
        """Remove a broken trade."""
        self.stake_cents -= event.stake_cents
        self.profit_cents -= event.profit_cents


class ObservedProphet(SimulatedProphet):
    """A simulated exchange whose responses an observer sees, whoever asks."""

    observer: "ExchangeObserver | None" = None

    def place(self, participant: Participant, requests: Sequence[PlaceWager]) -> list[Any]:
        """Place, and show the responses."""
        responses: list[Any] = super().place(participant, requests)
        if self.observer is not None:
            self.observer.on_placed(participant, requests, responses)
        return responses

    def cancel(self, participant: Participant, refs: Sequence[WagerRef]) -> list[Any]:
        """Cancel, and show the responses."""
        responses: list[Any] = super().cancel(participant, refs)
        if self.observer is not None:
            self.observer.on_cancelled(participant, responses)
        return responses


class ExchangeObserver:
    """Records every request, response and private update at the exchange, without latency.

    It sees the exchange's responses, and wraps the participants' callbacks, so that it sees
    everything before a connection can lose it.
    """

    def __init__(self, exchange: ObservedProphet, *, recorded: bool) -> None:
        """Wrap an exchange; `recorded` is whether its tape has recorded offers."""
        self.exchange = exchange
        self.recorded = recorded
        self.wagers: dict[str, dict[WagerRef, WagerState]] = defaultdict(dict)
        self.fills: list[tuple[Participant, WagerMatched]] = []
        self.trades = 0
        self.matched: dict[LineBook, None] = {}
        self.totals: dict[LineId, Tally] = defaultdict(Tally)
        self._tallies: dict[tuple[str, LineId], Tally] = defaultdict(Tally)
        self._settled: set[tuple[str, MarketKey]] = set()
        self.broken = 0
        self._unreceived: dict[LineId, list[TradeBroken]] = defaultdict(list)
        self._on_trade = exchange.on_trade
        exchange.on_trade = self.trade
        exchange.observer = self
        for participant in exchange.participants:
            participant.notify = partial(self.on_updates, participant, participant.notify)

    def tally(self, name: str, line_id: LineId) -> Tally:
        """Return a participant's matched, unsettled stakes on a line."""
        return self._tallies[name, line_id]

    def closed(self, line_id: LineId) -> bool:
        """Return whether a line's market is closed."""
        market = self.exchange.books_by_line[line_id].market_index
        return self.exchange.markets.status_of(market) == MarketStatus.CLOSED

    def on_placed(
        self, participant: Participant, requests: Sequence[PlaceWager], responses: Sequence[Any]
    ) -> None:
        """Record the accepted wagers."""
        for request, response in zip(requests, responses, strict=True):
            if isinstance(response, WagerAccepted):
                wagers = self.wagers[participant.name]
                assert request.ref not in wagers, f"{request.ref} was accepted twice"
                wagers[request.ref] = WagerState(participant, request)

    def on_cancelled(self, participant: Participant, responses: Sequence[Any]) -> None:
        """Record the responses to cancels."""
        for response in responses:
            self._on_update(participant, response)

    def on_updates(
        self,
        participant: Participant,
        notify: Callable[[tuple[Event, ...]], None],
        events: tuple[Event, ...],
    ) -> None:
        """Record private updates, then pass them on."""
        for event in events:
            self._on_update(participant, event)
        notify(events)

    def trade(self, book: LineBook, odds: Odds, stake_cents: int) -> None:
        """Check a trade: between two participants, or of one with the recorded market."""
        if self.recorded and not self._is_between_two(odds, stake_cents):
            self._check_trade_with_recorded(odds, stake_cents)
        else:
            self._check_trade_of_two(odds, stake_cents)
            self.trades += 1
        self._on_trade(book, odds, stake_cents)

    def _is_between_two(self, odds: int, stake_cents: int) -> bool:
        """Return whether the last two fills are the maker's and the taker's of a trade."""
        last = [(fill.odds, fill.stake_cents, fill.profit_cents) for _, fill in self.fills[-2:]]
        # One participant may fill two wagers with recorded stake that are opposite by chance.
        if len({owner.name for owner, _ in self.fills[-2:]}) < 2:
            return False
        (maker_odds, *maker), (_, *taker) = last
        return maker_odds == opposite(odds) and maker == taker[::-1] and taker[0] == stake_cents

    def _check_trade_of_two(self, odds: int, stake_cents: int) -> None:
        """Check that the stake of each side is the profit of the other."""
        (maker, given), (taker, taken) = self.fills[-2:]
        assert maker is not taker, f"{maker.name} matched itself"
        assert (given.stake_cents, given.profit_cents) == (taken.profit_cents, taken.stake_cents)
        assert taken.stake_cents == stake_cents
        assert crosses(given.odds, taken.odds)
        assert given.odds == opposite(odds)

    def _check_trade_with_recorded(self, odds: int, stake_cents: int) -> None:
        """Check the one participant's fill, as taker or maker."""
        _, fill = self.fills[-1]
        as_taker = (fill.odds, fill.stake_cents)
        as_maker = (opposite(fill.odds), fill.profit_cents)
        assert (odds, stake_cents) in (as_taker, as_maker)

    def worst_by_market(self, name: str) -> dict[MarketKey, int]:
        """Return a participant's worst case in each market, with every open wager filled."""
        open_cents: dict[LineId, int] = {}
        for wager_state in self.wagers[name].values():
            if wager_state.open_cents:
                line_id = wager_state.request.line_id
                open_cents[line_id] = open_cents.get(line_id, 0) + wager_state.open_cents
        worst: dict[MarketKey, int] = {}
        for book in self.exchange.books[::2]:
            key, other = book.line.market_key, book.opposite
            mine, theirs = self.tally(name, book.line_id), self.tally(name, other.line_id)
            if_first = mine.profit_cents - theirs.stake_cents - open_cents.get(other.line_id, 0)
            if_second = theirs.profit_cents - mine.stake_cents - open_cents.get(book.line_id, 0)
            worst[key] = worst.get(key, 0) - min(0, if_first, if_second)
        return worst

    def _on_update(self, participant: Participant, event: Event) -> None:
        match event:
            case WagerMatched():
                self._on_fill(participant, event)
            case WagerCancelled() | WagerWiped():
                wager_state = self.wagers[participant.name][event.ref]
                assert event.unmatched_cents == wager_state.open_cents > 0
                wager_state.ends += 1
            case WagerInvalid():
                wager_state = self.wagers[participant.name][event.ref]
                assert wager_state.matched_cents == 0
                wager_state.ends += 1
            case TradeBroken():
                self._on_broken(participant, event)
            case MarketSettled():
                self._on_settled(participant, event.market_key)

    def _on_fill(self, participant: Participant, event: WagerMatched) -> None:
        wager_state = self.wagers[participant.name][event.ref]
        book = self.exchange.books_by_line[wager_state.request.line_id]
        assert self.exchange.markets.is_open(book), f"{event.ref} was filled while suspended"
        assert 0 < event.stake_cents <= wager_state.open_cents, (
            f"{event.ref}: {event} of {wager_state}"
        )
        assert event.profit_cents > 0
        assert event.odds >= wager_state.request.odds
        wager_state.matched_cents += event.stake_cents
        assert event.total_cents == wager_state.matched_cents
        for tally in (self.tally(participant.name, book.line_id), self.totals[book.line_id]):
            tally.stake_cents += event.stake_cents
            tally.profit_cents += event.profit_cents
        self.matched[book] = None
        self.fills.append((participant, event))

    def _on_broken(self, participant: Participant, event: TradeBroken) -> None:
        self.broken += 1
        line_id = self.wagers[participant.name][event.ref].request.line_id
        book = self.exchange.books_by_line[line_id]
        if (participant.name, book.line.market_key) in self._settled:
            return
        self.totals[line_id].remove(event)
        self.matched[book] = None
        # What the desk does not know yet is no fault of its limits.
        if participant.name == "desk":
            self._unreceived[line_id].append(event)
        else:
            self.tally(participant.name, line_id).remove(event)

    def on_break_received(self, event: TradeBroken) -> None:
        """Remove a broken trade that the desk received from what it has matched."""
        line_id = self.wagers["desk"][event.ref].request.line_id
        if event in self._unreceived[line_id]:
            self._unreceived[line_id].remove(event)
            self.tally("desk", line_id).remove(event)

    def _on_settled(self, participant: Participant, key: MarketKey) -> None:
        self._settled.add((participant.name, key))
        for book in self.exchange.books:
            if book.line.market_key == key:
                tally = self._tallies.pop((participant.name, book.line_id), Tally())
                if participant.name == "desk":
                    for event in self._unreceived.pop(book.line_id, []):
                        tally.remove(event)
                self.totals[book.line_id].stake_cents -= tally.stake_cents
                self.totals[book.line_id].profit_cents -= tally.profit_cents
                self.matched[book] = None


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
