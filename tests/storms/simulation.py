"""The simulation under a storm: a game with its markets, and other participants."""

from collections.abc import Callable
from functools import partial
from math import exp
from typing import Any

from numpy.random import Generator
from simpy import Event

from recordings.tape import NOWHERE, Clocks, Kind, Side, TapeInfo
from sim.crowd.crowd import Crowd
from sim.crowd.row_sinks import DeskListener
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.displayed_book import levels
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.settlement_rules import Ending, GameEnd, first_result
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Ladder, Odds, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import Priority
from tests.storms.scenario import (
    BackgroundTraderSettings,
    GameOutcome,
    Scenario,
    Timetable,
)

START_NS = 1_790_000_000 * NS_PER_SECOND
GAME = EventId("game")
# Market, lines, point of the first line, and the log-odds of its fair price at an even score.
_PAIRS = (
    (MarketType.MONEYLINE, "219", ("home", "away"), 0.0, 0.1),
    (MarketType.SPREAD, "223", ("home-4.5", "away+4.5"), -4.5, -0.2),
    (MarketType.SPREAD, "223", ("home+6.5", "away-6.5"), 6.5, 0.6),
    (MarketType.TOTAL, "225", ("over215.5", "under215.5"), 215.5, 0.0),
)
_ENDINGS = {
    GameOutcome.POSTPONED: Ending.POSTPONED,
    GameOutcome.BROKEN_OFF: Ending.SUSPENDED,
}
_LOST = {Result.WON: Result.LOST, Result.LOST: Result.WON}


def game_info() -> TapeInfo:
    """Return the dictionaries of the game: three markets, four pairs of lines."""
    info = TapeInfo("storm", True, Clocks.ONE, prophetx_ladder())
    starts_ns = START_NS + 30 * NS_PER_SECOND
    info.events.append(SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "", starts_ns))
    for type_, market_id, names, point, _ in _PAIRS:
        if market_id not in [market.market_id for market in info.markets]:
            info.markets.append(Market(GAME, MarketId(market_id), type_, type_.value))
        for name, sign in zip(names, (1, 1 if type_ is MarketType.TOTAL else -1), strict=True):
            selection = Selection(name.rstrip("0123456789.+-"))
            info.lines.append(
                Line(LineId(name), GAME, MarketId(market_id), selection, sign * point)
            )
    return info


class GameRows:
    """The rows of the game, which do not depend on who trades."""

    def __init__(
        self, info: TapeInfo, timetable: Timetable, outcome: GameOutcome, rng: Generator
    ) -> None:
        """Draw all rows; `score` is the last one, None if it was never played."""
        self._info = info
        self._outcome = outcome
        self._timetable = timetable
        self._rng = rng
        self._rows: list[tuple[Any, ...]] = []
        self.score: tuple[int, int] | None = None
        self._write()

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows in order, each its own message except the results of a market."""
        return sorted(self._rows, key=lambda row: row[0])

    def _write(self) -> None:
        times, markets = self._timetable, range(len(self._info.markets))
        for market in markets:
            self._row(0, Kind.MARKET_STATUS, market=market, state=MarketStatus.OPEN)
        for market, from_s, to_s in times.suspensions:
            self._row(from_s, Kind.MARKET_STATUS, market=market, state=MarketStatus.SUSPENDED)
            if to_s < times.ends_s:
                self._row(to_s, Kind.MARKET_STATUS, market=market, state=MarketStatus.OPEN)
        if self._outcome is GameOutcome.POSTPONED:
            next_day_ns = START_NS + 86_400 * NS_PER_SECOND
            self._row(times.starts_s, Kind.SCHEDULE, state=next_day_ns)
        else:
            self._row(times.starts_s, Kind.EVENT_STATUS, state=EventStatus.LIVE)
            self._write_scores()
        if times.recorded:
            self._write_offers()
        self._row(times.ends_s, Kind.EVENT_STATUS, state=EventStatus.ENDED)
        for market in markets:
            if times.results:
                self._write_results(market, times.ends_s + 1)
                if times.corrected:
                    self._write_results(market, times.ends_s + 8)
            else:
                self._row(
                    times.ends_s, Kind.MARKET_STATUS, market=market, state=MarketStatus.CLOSED
                )

    def _write_scores(self) -> None:
        times, score = self._timetable, (0, 0)
        for at_s in sorted(self._rng.uniform(times.starts_s, times.ends_s, 8).tolist()):
            home, away = self._rng.integers(4, size=2).tolist()
            if self._outcome is GameOutcome.TIED:
                away = home
            self.score = score = (score[0] + home, score[1] + away)
            self._row(at_s, Kind.SCORE, text=f"{score[0]}-{score[1]}")

    def _write_offers(self) -> None:
        ladder = self._info.ladder
        for at_s in self._rng.uniform(0, self._timetable.ends_s, 400).tolist():
            line = int(self._rng.integers(len(self._info.lines)))
            base = 0.5 + 0.08 * float(self._rng.standard_normal())
            odds = ladder.shortest_implying_at_most(min(0.9, max(0.1, base)))
            cents = int(self._rng.integers(0, 20)) * 1_000
            assert odds is not None, "a probability of at least 0.1 has odds on the ladder"
            if self._rng.random() < 0.3:
                self._row(
                    at_s, Kind.TRADE, side=Side.TAKER, line=line, odds=odds, amount=cents + 50
                )
            else:
                self._row(at_s, Kind.OFFER, line=line, odds=odds, amount=cents)

    def _write_results(self, market: int, at_s: float) -> None:
        lines = [n for n, line in enumerate(self._info.lines) if self._market_of(line) == market]
        for first, second in zip(lines[::2], lines[1::2], strict=True):
            result = self._result(self._info.lines[first])
            self._row(at_s, Kind.RESULT, line=first, market=market, state=result, seq=market)
            other = _LOST.get(result, result)
            self._row(at_s, Kind.RESULT, line=second, market=market, state=other, seq=market)

    def _result(self, line: Line) -> Result:
        """Return the result of the first line of a pair, home or over."""
        drawn = list(Result)[int(self._rng.integers(len(Result)))]
        if self._outcome is GameOutcome.RANDOM:
            return drawn
        home, away = self.score or (0, 0)
        ending = _ENDINGS.get(self._outcome, Ending.FINISHED)
        # A moneyline stands then, and nothing else that is not decided.
        end = GameEnd("baseball", home, away, ending, half_innings=10)
        type_ = self._info.markets[self._market_of(line)].type
        surplus = home + away - line.point if type_ is MarketType.TOTAL else end.lead + line.point
        return first_result(type_, surplus, end)

    def _market_of(self, line: Line) -> int:
        ids = [market.market_id for market in self._info.markets]
        return ids.index(line.market_id)

    def _row(
        self,
        at_s: float,
        kind: Kind,
        line: int = NOWHERE,
        market: int = NOWHERE,
        odds: int = 0,
        amount: int = 0,
        side: Side = Side.NONE,
        state: int = 0,
        text: str | None = None,
        seq: int | None = None,
    ) -> None:
        at_ns = START_NS + int(at_s * NS_PER_SECOND)
        number = 1_000 + len(self._rows) if seq is None else int(at_s) * 10 + seq
        if line != NOWHERE:
            market = self._market_of(self._info.lines[line])
        self._rows.append(
            (at_ns, at_ns, number, kind, line, market, 0, odds, amount, 0, side, state, text)
        )


class BackgroundTraders:
    """Other participants: makers that quote around a common fair value, and random takers.

    They call the exchange without delay and ignore its responses, except that makers cancel what
    they placed before.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        settings: BackgroundTraderSettings,
        rng: Generator,
    ) -> None:
        """Open an account for each."""
        self._env = env
        self._exchange = exchange
        self._settings = settings
        self._rng = rng
        self._ladder: Ladder = prophetx_ladder()
        self._score = 0.0
        self._quoted: dict[tuple[str, int], list[WagerRef]] = {}
        self._refs = 0
        for number in range(settings.makers):
            self._join(f"maker{number}", settings.maker_seconds, self._quote)
        for number in range(settings.takers):
            self._join(f"taker{number}", settings.taker_seconds, self._take)

    def _join(self, name: str, seconds: float, act: Callable[[Participant, int], None]) -> None:
        one = self._exchange.open_account(name, self._settings.balance_cents, _ignore_updates)
        self._wait(one, seconds, act)

    def _wait(
        self, one: Participant, seconds: float, act: Callable[[Participant, int], None]
    ) -> None:
        due_ns = self._env.now_ns + int(self._rng.exponential(seconds) * NS_PER_SECOND)
        turn = partial(self._turn, one, seconds, act)
        self._env.schedule_call(due_ns, Priority.EXCHANGE, turn)

    def _turn(
        self, one: Participant, seconds: float, act: Callable[[Participant, int], None]
    ) -> None:
        self._score += 0.05 * float(self._rng.standard_normal())
        act(one, int(self._rng.integers(len(_PAIRS))))
        self._wait(one, seconds, act)

    def _quote(self, maker: Participant, pair: int) -> None:
        """Cancel a maker's wagers in a pair, and quote both lines around the fair value."""
        old = self._quoted.pop((maker.name, pair), [])
        if old:
            self._exchange.cancel(maker, old)
        fair = 1 / (1 + exp(-(self._score + _PAIRS[pair][4])))
        spread = self._settings.half_spread * float(self._rng.uniform(0.3, 2))
        requests = [
            self._request(_PAIRS[pair][2][side], self._odds(probability - spread), Intent.REST)
            for side, probability in enumerate((fair, 1 - fair))
        ]
        self._quoted[maker.name, pair] = [request.ref for request in requests]
        self._exchange.place(maker, requests)

    def _take(self, taker: Participant, pair: int) -> None:
        """Take one of the best offers on a line, or rest an add-only wager."""
        line_id = _PAIRS[pair][2][int(self._rng.integers(2))]
        book = self._exchange.books_by_line[LineId(line_id)]
        offers = book.offered_from(-10_000)
        if not offers or self._rng.random() < 0.1:
            odds = self._odds(float(self._rng.uniform(0.3, 0.7)))
            request = self._request(line_id, odds, Intent.ADD_ONLY)
        else:
            best = offers[min(int(self._rng.integers(3)), len(offers) - 1)]
            request = self._request(line_id, best.odds, Intent.TAKE)
        self._exchange.place(taker, [request])

    def _odds(self, probability: float) -> Odds:
        odds = self._ladder.shortest_implying_at_most(min(0.95, max(0.05, probability)))
        assert odds is not None
        return odds

    def _request(self, line_id: str, odds: Odds, intent: Intent) -> PlaceWager:
        self._refs += 1
        stake_cents = 100 + int(self._settings.stake_cents * self._rng.pareto(1.5))
        ref = WagerRef(f"crowd-{self._refs}")
        return PlaceWager(ref, LineId(line_id), odds, stake_cents, intent)


class SmallGame:
    """A small scripted game with background traders."""

    def __init__(self, scenario: Scenario) -> None:
        """Draw the game's rows."""
        self.info = game_info()
        self.opens_ns = START_NS
        self._scenario = scenario
        self._game_rows = GameRows(
            self.info, scenario.timetable, scenario.outcome, scenario.streams["game"]
        )
        self.env = ReplayEnvironment(self._game_rows.rows())

    @property
    def score(self) -> tuple[int, int] | None:
        """Return the last official score, None without one."""
        return self._game_rows.score

    def join(self, exchange: SimulatedProphet, publisher: Publisher) -> Event:
        """Replay the game at an exchange; return the event that fires when it has ended."""

        def publish(book: LineBook, odds: Odds, stake_cents: int) -> None:
            arrival_ns = self.env.now_ns + self._scenario.latency.feed.sample_ns()
            publisher.publish_trade(book, odds, stake_cents, arrival_ns)

        market = TapeReplayer(self.env, self.info, exchange, publisher)
        exchange.on_trade = publish
        BackgroundTraders(
            self.env, exchange, self._scenario.background_traders, self._scenario.streams["crowd"]
        )
        self.env.replay_to(market.apply_row)
        return self.env.rows_ended

    def displayed(self, book: LineBook) -> dict[Odds, int]:
        """Return the displayed offers of a line."""
        displayed = {Odds(odds): offer.displayed_cents() for odds, offer in book.offers.items()}
        return {odds: cents for odds, cents in displayed.items() if cents}


class CrowdGame:
    """A simulated NBA game with a crowd calibrated on real games."""

    def __init__(self, scenario: Scenario) -> None:
        """Draw the game."""
        self._crowd = Crowd("nba", scenario.seed, scenario.crowd)
        self.info = self._crowd.info
        self.opens_ns = self._crowd.opens_ns
        self.env = ReplayEnvironment(start_ns=self.opens_ns)

    @property
    def score(self) -> tuple[int, int] | None:
        """Return the last official score."""
        home, away = self._crowd.game.scores[-1][1]
        return home, away

    def join(self, exchange: SimulatedProphet, publisher: Publisher) -> Event:
        """Replay the game at an exchange; return the event that fires when it has ended."""
        return self._crowd.join(self.env, exchange, [DeskListener(self.info, publisher)]).ended

    def displayed(self, book: LineBook) -> dict[Odds, int]:
        """Return the displayed offers of a line."""
        return {level.odds: level.value_cents for level in levels(book)}


def _ignore_updates(_: object) -> None:
    """Ignore private updates."""
