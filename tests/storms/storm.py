"""A storm: a short game with a desk in it, everything drawn from one seed, watched throughout."""

from collections.abc import Callable

from sim.engine.inbox import Inbox
from sim.engine.virtual_clock import Priority, VirtualClock
from sim.exchange.faulty_connection import FaultyConnection
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.results.run_journal import RunJournal
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.model.events import (
    Event,
    OfferChanged,
    TradeSeen,
    TradingState,
    TradingStateSet,
)
from strategies.trading.model.units import NS_PER_SECOND
from tests.storms.invariants import Truth, Watch, WatchedExchange
from tests.storms.scenario import Weather, weather
from tests.storms.simulation import City, Town

# How long after the last row everything must have come to rest, at the latest.
_MOST_SECONDS_TO_REST = 300

MakeLink = Callable[..., FaultyConnection]


class Storm:
    """One seed's storm. `run` raises whatever it finds wrong."""

    def __init__(self, seed: int, make_link: MakeLink = FaultyConnection) -> None:
        """Put everything in its place."""
        self.weather: Weather = weather(seed)
        self.heard: list[Event] = []
        sky = self.weather
        self.stage = Town(sky) if sky.crowd is None else City(sky)
        self.env, self.info = self.stage.env, self.stage.info
        self.inbox = Inbox(self.env)
        self.exchange = SimulatedProphet(
            self.env, self.info, sky.latency.activation, sky.queue, sky.fees, sky.exchange
        )
        keys = tuple(market.key for market in self.info.markets)
        publisher = Publisher(self.env, self.inbox, sky.latency.feed, self.info.clocks, keys)
        self.link = make_link(
            *(self.env, self.exchange, sky.latency, self.inbox, publisher),
            *(sky.faults, sky.streams["faults"]),
        )
        self.ended = self.stage.join(self.exchange, publisher)
        self.truth = Truth(self.exchange, recorded=self.recorded)
        self._open_desk()

    @property
    def recorded(self) -> bool:
        """Tell whether anonymous recorded stake is among those who trade."""
        return self.weather.crowd is None and self.weather.timetable.recorded

    def run(self) -> "Storm":
        """Play the game to its end, stop the desk, and hold both books against each other."""
        self.desk.start()
        self._run_until(lambda: self.ended.processed)
        last_ns = self.env.now_ns + 15 * NS_PER_SECOND
        self._run_until(lambda: self.env.now_ns >= last_ns)
        self.desk.stop("the storm is over")
        deadline_ns = last_ns + _MOST_SECONDS_TO_REST * NS_PER_SECOND
        self._run_until(lambda: self._rests() or self.env.now_ns >= deadline_ns)
        assert self._rests(), "the desk does not come to rest"
        self.port.stopped = True
        self.link.ask_state()
        # What is late or missed of settlements may still come.
        quiet_ns = self.env.now_ns + 60 * NS_PER_SECOND
        self._run_until(lambda: self.env.now_ns >= quiet_ns)
        self.journal.close()
        self._check_end()
        return self

    def _open_desk(self) -> None:
        sky = self.weather
        self.port = WatchedExchange(self.link)
        clock = VirtualClock(self.env, self.inbox.drain)
        self.journal = RunJournal(self.info.catalogue(), None)
        self.desk = assemble_desk(
            DeskSettings(
                strategy=sky.strategy,
                pricing=sky.pricing,
                limits=sky.limits,
                wagers=sky.wagers,
                commission=sky.fees,
                starting_balance_cents=sky.balance_cents,
                session_name="storm",
                start_number=1,
            ),
            catalogue=self.info.catalogue(),
            market_keys=tuple(market.key for market in self.info.markets),
            ladder=self.info.ladder,
            clock=clock,
            exchange=self.port,
            journal=self.journal,
        )
        self.journal.measure_with(clock, self.desk.fair_of)
        self.port.desk = self.desk
        self.watch = Watch(self.truth, self.port, self.desk, sky.limits)
        self.inbox.connect(self._hear, self.desk.act, self.desk.wants_every_change)
        for halted_s, active_s in sky.timetable.halts:
            self._word(halted_s, TradingState.HALTED)
            self._word(active_s, TradingState.ACTIVE)

    def _word(self, at_s: float, state: TradingState) -> None:
        """Let the operator speak at a time."""
        at_ns = self.stage.opens_ns + int(at_s * NS_PER_SECOND)
        word = TradingStateSet(state, "the operator's word")
        self.env.schedule_call(at_ns, Priority.DESK, lambda: self.inbox.deliver(word))

    def _hear(self, event: Event, at_ns: int) -> None:
        if not isinstance(event, OfferChanged | TradeSeen):
            self.heard.append(event)
        self.desk.take(event, at_ns)
        self.watch.heard(event)

    def _run_until(self, over: Callable[[], bool]) -> None:
        while not over():
            self.env.step()
            self.watch.check(recorded=self.recorded)

    def _rests(self) -> bool:
        return not self.desk.wagers.live_count and self.desk.wagers.at_rest

    def _check_end(self) -> None:
        """Nothing is open, every wager has one end, and the ledger is the exchange's."""
        us, ledger, exposure = self.link.participant, self.desk.ledger, self.desk.exposure
        assert self._rests()
        assert not us.live, f"left open at the exchange: {list(us.live)}"
        assert exposure.open_cents == us.open_cents == 0
        assert ledger.balance_cents == us.account.cash_cents
        assert ledger.commission_cents == us.account.commission_cents
        assert ledger.available_cents == us.available_cents
        assert exposure.matched_cents == us.account.matched_cents
        for book in self.exchange.books:
            position = exposure.position(self.desk.board.catalogue.pair_of(book.line_id))
            side = 0 if position.pair.first.line_id == book.line_id else 1
            tally = self.truth.tally("desk", book.line_id)
            assert position.matched_cents[side] == tally.stake_cents
        for ref in self.port.placed:
            self._check_final_state(ref)
        self._check_board()

    def _check_board(self) -> None:
        """The desk knows the market as it is, whatever it missed meanwhile."""
        board, markets = self.desk.board, self.exchange.markets
        for book in self.exchange.books:
            assert board.offers_on(book.line_id).by_odds == self.stage.shown(book)
            assert board.markets[book.line.market_key].status == markets.status_of(
                book.market_index
            )
        (event,) = board.events.values()
        assert event.status == markets.event_status_of(0)
        assert event.score == self.stage.score

    def _check_final_state(self, ref: str) -> None:
        wager = self.desk.wagers.find(ref)
        assert wager is not None, f"{ref} was forgotten"
        assert wager.ended, f"{ref} has no end"
        life = self.truth.lives["desk"].get(wager.ref)
        if life is None:
            assert (wager.reason, wager.matched_cents) == ("rejected", 0)
            return
        matched_whole = life.matched_cents == life.request.stake_cents
        assert life.ends + matched_whole == 1, f"{ref} ended {life.ends} times"
        assert wager.matched_cents == life.matched_cents
        assert (wager.reason == "matched") == matched_whole
