"""What happens at the exchange of a storm, seen before a connection can delay or lose it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sim.exchange.books import LineBook
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerWiped,
)
from strategies.trading.model.ids import LineId, MarketKey, WagerRef
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.odds import Odds, crosses, opposite


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
