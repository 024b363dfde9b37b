"""What is held against a storm after each event, by eyes that see what the exchange does itself."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sim.exchange.books import LineBook
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
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
from strategies.trading.model.odds import crosses, opposite
from strategies.trading.ports.exchange import Exchange
from strategies.trading.risk.limits import Limits


@dataclass(slots=True)
class Life:
    """One wager as the exchange has it: of whom, what is matched, and how often it ended."""

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
    """What is matched on a line: the stakes, and the profits they can win."""

    stake_cents: int = 0
    profit_cents: int = 0


class Truth:
    """Everything that participants do and are told, at the exchange itself and at once.

    It looks at each request, each answer and each private update before any link can lose it.
    """

    def __init__(self, exchange: SimulatedProphet, *, recorded: bool) -> None:
        """Stand between the exchange, with a recorded market or none, and all that comes to it."""
        self.exchange = exchange
        self.recorded = recorded
        self.lives: dict[str, dict[WagerRef, Life]] = defaultdict(dict)
        self.fills: list[tuple[Participant, WagerMatched]] = []
        self.trades = 0
        self.matched: dict[LineBook, None] = {}
        self.totals: dict[LineId, Tally] = defaultdict(Tally)
        self._tallies: dict[tuple[str, LineId], Tally] = defaultdict(Tally)
        self._on_trade = exchange.on_trade
        self._place, self._cancel = exchange.place, exchange.cancel
        exchange.place, exchange.cancel, exchange.on_trade = self.place, self.cancel, self.trade
        for participant in exchange.participants:
            participant.notify = partial(self.told, participant, participant.notify)

    def tally(self, name: str, line_id: LineId) -> Tally:
        """Return what a participant has matched on a line and not settled."""
        return self._tallies[name, line_id]

    def closed(self, line_id: LineId) -> bool:
        """Tell whether a line's market is closed for good."""
        market = self.exchange.books_by_line[line_id].market_index
        return self.exchange.markets.status_of(market) == MarketStatus.CLOSED

    def place(self, participant: Participant, requests: Sequence[PlaceWager]) -> list[Any]:
        """See requests come, and which of them are accepted."""
        answers = self._place(participant, requests)
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, WagerAccepted):
                lives = self.lives[participant.name]
                assert request.ref not in lives, f"{request.ref} was accepted twice"
                lives[request.ref] = Life(participant, request)
        return answers

    def cancel(self, participant: Participant, refs: Sequence[WagerRef]) -> list[Any]:
        """See cancels come, and which of them are granted."""
        answers = self._cancel(participant, refs)
        for answer in answers:
            self._see(participant, answer)
        return answers

    def told(
        self,
        participant: Participant,
        tell: Callable[[tuple[Event, ...]], None],
        events: tuple[Event, ...],
    ) -> None:
        """See what the exchange tells a participant."""
        for event in events:
            self._see(participant, event)
        tell(events)

    def trade(self, book: LineBook, odds: int, stake_cents: int) -> None:
        """See a trade: of two participants, or where a market is recorded, of one with it."""
        if self.recorded and not self._is_between_two(odds, stake_cents):
            self._see_trade_with_recorded(odds, stake_cents)
        else:
            self._see_trade_of_two(odds, stake_cents)
            self.trades += 1
        self._on_trade(book, odds, stake_cents)

    def _is_between_two(self, odds: int, stake_cents: int) -> bool:
        """Tell whether the last two fills are what a trade would be to its maker and its taker."""
        told = [(fill.odds, fill.stake_cents, fill.profit_cents) for _, fill in self.fills[-2:]]
        if len(told) < 2:
            return False
        (maker_odds, *maker), (_, *taker) = told
        return maker_odds == opposite(odds) and maker == taker[::-1] and taker[0] == stake_cents

    def _see_trade_of_two(self, odds: int, stake_cents: int) -> None:
        """See two participants, each winning the other's stake."""
        (maker, given), (taker, taken) = self.fills[-2:]
        assert maker is not taker, f"{maker.name} matched itself"
        assert (given.stake_cents, given.profit_cents) == (taken.profit_cents, taken.stake_cents)
        assert taken.stake_cents == stake_cents
        assert crosses(given.odds, taken.odds)
        assert given.odds == opposite(odds)

    def _see_trade_with_recorded(self, odds: int, stake_cents: int) -> None:
        """See one participant, as its taker or its maker; the other is nobody known."""
        _, fill = self.fills[-1]
        as_taker = (fill.odds, fill.stake_cents)
        as_maker = (opposite(fill.odds), fill.profit_cents)
        assert (odds, stake_cents) in (as_taker, as_maker)

    def worst_by_market(self, name: str) -> dict[MarketKey, int]:
        """Return the most that a participant can lose in each market, all that is open filled."""
        open_cents: dict[LineId, int] = {}
        for life in self.lives[name].values():
            if life.open_cents:
                line_id = life.request.line_id
                open_cents[line_id] = open_cents.get(line_id, 0) + life.open_cents
        worst: dict[MarketKey, int] = {}
        for book in self.exchange.books[::2]:
            key, other = book.line.market_key, book.opposite
            mine, theirs = self.tally(name, book.line_id), self.tally(name, other.line_id)
            if_first = mine.profit_cents - theirs.stake_cents - open_cents.get(other.line_id, 0)
            if_second = theirs.profit_cents - mine.stake_cents - open_cents.get(book.line_id, 0)
            worst[key] = worst.get(key, 0) - min(0, if_first, if_second)
        return worst

    def _see(self, participant: Participant, event: Event) -> None:
        match event:
            case WagerMatched():
                self._see_fill(participant, event)
            case WagerCancelled() | WagerWiped():
                life = self.lives[participant.name][event.ref]
                assert event.unmatched_cents == life.open_cents > 0
                life.ends += 1
            case WagerInvalid():
                life = self.lives[participant.name][event.ref]
                assert life.matched_cents == 0
                life.ends += 1
            case MarketSettled():
                self._see_settled(participant, event.market_key)

    def _see_fill(self, participant: Participant, event: WagerMatched) -> None:
        life = self.lives[participant.name][event.ref]
        book = self.exchange.books_by_line[life.request.line_id]
        assert self.exchange.markets.is_open(book), f"{event.ref} was filled while suspended"
        assert 0 < event.stake_cents <= life.open_cents, f"{event.ref}: {event} of {life}"
        assert event.profit_cents > 0
        assert event.odds >= life.request.odds
        life.matched_cents += event.stake_cents
        assert event.total_cents == life.matched_cents
        for tally in (self.tally(participant.name, book.line_id), self.totals[book.line_id]):
            tally.stake_cents += event.stake_cents
            tally.profit_cents += event.profit_cents
        self.matched[book] = None
        self.fills.append((participant, event))

    def _see_settled(self, participant: Participant, key: MarketKey) -> None:
        for book in self.exchange.books:
            if book.line.market_key == key:
                tally = self._tallies.pop((participant.name, book.line_id), Tally())
                self.totals[book.line_id].stake_cents -= tally.stake_cents
                self.totals[book.line_id].profit_cents -= tally.profit_cents
                self.matched[book] = None


class WatchedExchange:
    """The desk's port, seen from the desk's side: what it asks for, and whether it may."""

    def __init__(self, behind: Exchange) -> None:
        """Pass everything on."""
        self._behind = behind
        self.desk: Desk
        self.in_flight: dict[WagerRef, PlaceWager] = {}
        self.placed: dict[WagerRef, PlaceWager] = {}
        self.stopped = False

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """See wagers asked for: never while halted."""
        assert self.desk.risk.state is not TradingState.HALTED, "placed while halted"
        assert not self.stopped, "placed after the end of the emergency stop"
        for request in requests:
            assert request.ref not in self.placed, f"{request.ref} was used twice"
            self.placed[request.ref] = self.in_flight[request.ref] = request
        self._behind.place(requests)

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """See cancels asked for: only of what may be open, and of nothing once all has ended."""
        assert all(ref in self.placed for ref in refs)
        assert not self.stopped, "cancelled after the end of the emergency stop"
        self._behind.cancel(refs)

    def cancel_all(self, *scope: Any) -> None:
        """See an emergency stop: none once all has ended."""
        assert not self.stopped, "cancelled all after the end of the emergency stop"
        self._behind.cancel_all(*scope)

    def ask_state(self) -> None:
        """Pass the question on."""
        self._behind.ask_state()


class Watch:
    """Holds desk and exchange against what must be so after every event."""

    def __init__(self, truth: Truth, port: WatchedExchange, desk: Desk, limits: Limits) -> None:
        """Watch one desk, and everybody's money."""
        self._truth = truth
        self._port = port
        self._desk = desk
        self._limits = limits
        everybody = truth.exchange.participants
        self._starting_cents = sum(one.account.cash_cents for one in everybody)
        self._checked: tuple[int, ...] = ()

    def heard(self, event: Event) -> None:
        """Take what the desk has just heard: its view of a wager never passes the stake."""
        if isinstance(event, WagerRejected):
            self._port.in_flight.pop(event.ref, None)
        wager = self._desk.wagers.find(event.ref) if isinstance(event, WagerMatched) else None
        if wager is not None:
            life = self._truth.lives["desk"][wager.ref]
            assert wager.matched_cents <= life.matched_cents <= wager.stake_cents

    def check(self, *, recorded: bool) -> None:
        """Hold to account all that has changed since the last time."""
        if not recorded:
            self._check_money()
        now = self._where_the_desk_stands()
        if now != self._checked:
            self._checked = now
            self._check_exposure()

    def _where_the_desk_stands(self) -> tuple[int, ...]:
        """Return what changes whenever anything does that the desk's exposure rests on."""
        us, exposure = self._desk_account(), self._desk.exposure
        return (
            *(us.open_cents, us.account.matched_cents, us.account.cash_cents, len(us.ended)),
            *(exposure.total_cents, exposure.open_cents, exposure.matched_cents),
            *(len(self._port.placed), len(self._port.in_flight), self._desk.wagers.live_count),
        )

    def _desk_account(self) -> Participant:
        return next(one for one in self._truth.exchange.participants if one.name == "desk")

    def _check_money(self) -> None:
        """Every cent that anybody lost somebody won, or the house took."""
        if not self._truth.matched:
            return
        accounts = [one.account for one in self._truth.exchange.participants]
        cash_cents = sum(account.cash_cents + account.commission_cents for account in accounts)
        assert cash_cents == self._starting_cents
        for book in self._truth.matched:
            staked = self._truth.totals[book.line_id].stake_cents
            won = self._truth.totals[book.opposite.line_id].profit_cents
            assert staked == won, f"{book.line_id}: {staked} staked, {won} to win against it"
        self._truth.matched = {}

    def _check_exposure(self) -> None:
        """What can be lost in truth is no more than the desk reckons, and that within limits."""
        limits, exposure = self._limits, self._desk.exposure
        truth = self._worst_with_flight()
        for key, cents in truth.items():
            assert cents <= exposure.of_market(key) <= limits.max_market_exposure_cents
            assert exposure.of_event(key.event_id) <= limits.max_event_exposure_cents
        assert sum(truth.values()) <= exposure.total_cents <= limits.max_total_exposure_cents
        for position in exposure.positions.values():
            for side in (0, 1):
                staked_cents = position.matched_cents[side] + position.open_cents[side]
                assert staked_cents <= limits.max_position_cents
        assert self._desk.wagers.live_count <= limits.max_concurrent_wagers

    def _worst_with_flight(self) -> dict[MarketKey, int]:
        """Return the worst case at the exchange, with what is on its way there.

        What is on its way to a market that is closed for good will not be taken.
        """
        truth, port = self._truth, self._port
        lives, us = truth.lives["desk"], self._desk_account()
        port.in_flight = {
            ref: request
            for ref, request in port.in_flight.items()
            if ref not in lives and not truth.closed(request.line_id)
        }
        lives.update({ref: Life(us, request) for ref, request in port.in_flight.items()})
        worst = truth.worst_by_market("desk")
        for ref in port.in_flight:
            del lives[ref]
        return worst
