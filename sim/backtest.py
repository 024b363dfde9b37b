"""A backtest: one desk on a market source, its results, and the same under other queue models."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from conf.modes import Mode
from recordings.logs.log_file import remove_log
from recordings.logs.log_settings import LogSettings
from sim.compare.fill_verdicts import SESSIONS, drift_limits
from sim.engine.faults import Faults
from sim.engine.latency import Latency
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.engine.virtual_clock import VirtualClock
from sim.exchange.exchange_connection import Inbox
from sim.exchange.faulty_connection import open_connection
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import QueueModel
from sim.forked import spare_processors
from sim.games.daily_resumption import DailyResumption
from sim.played_source import play_source
from sim.pricing_notes import pricing_notes
from sim.queue_passes import QueuePasses, queue_label
from sim.results.logged_journal import RUN_LOG, PassLog
from sim.results.monthly_rebates import monthly_rebates
from sim.results.price_sampler import PriceSampler
from sim.results.price_scores import PriceScores
from sim.results.queue_bracket import QueueFigures
from sim.results.run_journal import RunJournal
from sim.results.run_summary import TRUE_QUEUE, BacktestSummary, FeedFigures
from sim.results.run_tables import RunTables
from sim.results.source_scores import SourceScores
from sim.results.summary import desk_models, exchange_models, summary_of
from sim.results.summary_file import write_summary
from sim.results.wager_recorder import WagerRecorder
from sim.run_socket import BACKTEST, RunSocket, run_socket
from sim.sources.market_source import (
    MarketSource,
    Progress,
    SourceRun,
    SourceSummary,
    require_simulated,
    require_simulated_exchange,
)
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.desk.desk import Desk
from strategies.trading.desk.strategy_checks import make_strategy
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import WagerRefFactory
from strategies.trading.model.money import cents_from_dollars
from strategies.trading.model.settings import Seed, Switch, is_on
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.control import Control
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import NO_CONTROLS, require_controls
from strategies.trading.risk.limits import Limits
from strategies.trading.risk.trading_day import read_trading_days
from strategies.trading.wagers.wager_settings import WagerSettings

_SAMPLE_NS = 15 * NS_PER_SECOND
NO_CODE: Mapping[str, str] = MappingProxyType({})
_LOG = LogSettings()


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the feed: the desk, its records, and how long the pass took.

    `trade_pairing` says within which time trades and decreases were taken to be one.
    """

    desk: Desk
    journal: RunJournal
    wagers: WagerRecorder
    source_run: SourceRun
    scores: PriceScores
    source_scores: SourceScores
    seconds: float
    resumption: DailyResumption
    trade_pairing: str

    @property
    def figures(self) -> QueueFigures:
        """Return the settled profit with the rebates of its months, and the matched stake."""
        ledger = self.desk.ledger
        rebates = monthly_rebates(self.wagers.fills, ledger)
        profit_cents = ledger.profit_cents + sum(each.rebate_cents for each in rebates)
        return QueueFigures(profit_cents, ledger.turnover_cents)


class Backtest:
    """Trades one strategy on a recording or in a simulated crowd, from configured parts.

    Parts that hold state are factories, so that every pass begins with new ones.
    """

    def __init__(
        self,
        *,
        feed: MarketSource,
        exchange: Callable[..., SimulatedProphet],
        clock: Callable[..., VirtualClock],
        latency: Callable[..., Latency],
        queue: Callable[[], QueueModel],
        faults: Faults,
        fees: Commission,
        pricing: Pricing,
        strategy: Callable[[], Strategy],
        risk: Limits,
        wagers: WagerSettings,
        markets: MarketFilter,
        seed: Seed,
        starting_balance: float,
        session: dict[str, Any],
        controls: Mapping[str, Control] = NO_CONTROLS,
        report: Switch = True,
        watch: Switch = False,
        log: LogSettings = _LOG,
        overrides: Sequence[str] = (),
        code: Mapping[str, str] = NO_CODE,
    ) -> None:
        """Take the parts; raise ConfigError or TapeError for those that do not fit together.

        `report` is whether whoever presents the run draws its report, `watch` whether its first
        pass answers snapshots in the folder of the run; `overrides` are the settings that were
        given for it, by which it is named; `code` the digests of the user's own modules.
        """
        require_simulated(feed)
        require_simulated_exchange(exchange)
        self.feed = feed
        self.seed = seed
        self.queue = queue
        self.latency = latency
        self.faults = faults
        # Every pass makes its own; this one shows a wrong setting before anything else happens.
        make_strategy(strategy)
        self.strategy = strategy
        self.pricing = pricing
        self.limits = risk
        self.controls = controls
        self.fees = fees
        self.balance_cents = cents_from_dollars(starting_balance)
        self.session_name = str(session["name"])
        self.draws_report = is_on(report)
        self.is_watched = is_on(watch)
        self.log = log
        self._overrides = overrides
        self._code = code
        self._exchange = exchange
        self._clock = clock
        self._wagers = wagers
        self.catalogue = feed.info.catalogue()
        chosen = markets.choose(self.catalogue)
        self.market_keys = tuple(key for key in chosen if feed.follows(key.event_id))
        self._check_parts()

    def run(self, folder: Path, show: Progress, *, beside: bool = True) -> BacktestSummary:
        """Run the feed under the chosen queue model, then under front and back; write the results.

        A feed in which every wager's place in the queue is known runs once. `show` is called with
        the progress of each pass; with `beside`, passes may run in copies of this process. The
        folder then holds the tables and, written last, `summary.json`; an error leaves neither.
        """
        notes = self.examine()
        passes = QueuePasses(self.queue(), self._figures_under, show)
        beside = beside and not self.feed.knows_queue
        with passes.beside(spare_processors() if beside else 0):
            tables = RunTables(folder)
            try:
                with ExitStack() as opened:
                    watched, log_path = None, folder / RUN_LOG
                    if self.is_watched:
                        socket = run_socket(folder, BACKTEST, self.feed.name)
                        watched = opened.enter_context(socket)
                    chosen = self.run_pass(self.queue(), tables, show, log_path, watched)
                by_queue = self._by_queue(chosen, passes)
                tables.close()
            except BaseException:
                tables.abandon()
                remove_log(folder / RUN_LOG)
                raise
        summary = self._summary(chosen, by_queue, notes)
        write_summary(folder, summary)
        return summary

    def examine(self) -> list[str]:
        """Check the whole source, and return what the pricing lacks for some markets of it.

        Raise TapeError for an invalid row, and ConfigError if no market can be priced.
        """
        self.feed.examine()
        markets = [self.catalogue.markets[key] for key in self.market_keys]
        return pricing_notes(self.pricing, markets, self.catalogue, self.feed.outside_prices)

    def _check_parts(self) -> None:
        """Make once what every pass makes, so that a wrong setting is reported before any runs."""
        WagerRefFactory(self.session_name, 1)
        self._clock_of(ReplayEnvironment(), lambda _: None)
        self.latency(RandomStreams(self.seed))
        self.queue()
        require_controls(self.controls)
        self.desk_settings()

    def _clock_of(self, env: ReplayEnvironment, before: Callable[[int], None]) -> VirtualClock:
        try:
            return self._clock(env=env, before=before)
        except TypeError:
            message = "clock: a backtest is as fast as it can be; use clock=virtual"
            raise ConfigError(message) from None

    def run_pass(
        self,
        queue: QueueModel,
        tables: RunTables | None = None,
        show: Progress | None = None,
        log_path: Path | None = None,
        watched: RunSocket | None = None,
    ) -> Pass:
        """Trade the feed once, logged at `log_path`; raise InvariantError if the books differ."""
        began = perf_counter()
        env = self.feed.environment(self._label(queue), show or _show_nothing, self.market_keys)
        inbox = Inbox(env)
        info, streams = self.feed.info, RandomStreams(self.seed)
        latency = self.latency(streams)
        exchange = self._exchange(
            env=env, info=info, activation=latency.activation, queue=queue, fees=self.fees
        )
        publisher = Publisher(env, inbox, latency.feed, info.clocks, self.market_keys)
        faults = self.faults, streams.named("faults")
        connection = open_connection(env, exchange, latency, inbox, publisher.markets, *faults)
        source_run = self.feed.join(env, exchange, publisher, connection.participant)
        clock = self._clock_of(env, inbox.drain)
        journal = RunJournal(self.catalogue, tables)
        logging = PassLog(log_path, self.log, clock, journal)
        desk = assemble_desk(
            self.desk_settings(),
            catalogue=self.catalogue,
            market_keys=self.market_keys,
            ladder=info.ladder,
            clock=clock,
            exchange=connection,
            journal=logging.journal if watched is None else watched.journal(logging.journal),
        )
        if watched is not None:
            watched.start(desk, clock)
        logging.follow(desk, self.catalogue)
        if journal.silences is not None:
            journal.silences.observe(desk.market_states)
        wagers = WagerRecorder(desk, clock, tables)
        resumption = DailyResumption(desk, clock, read_trading_days(self.limits.day_starts))
        if self.feed.has_days:
            resumption.start()
        inbox.connect(desk.take, desk.act, desk.wants_every_change, on_response=wagers.take)
        scores, source_scores = PriceScores(desk, clock), SourceScores(desk, clock)
        if tables is not None:
            PriceSampler(desk, clock, tables, _SAMPLE_NS).start()
            scores.start()
            source_scores.start()
        with logging.active():
            play_source(env, connection, desk, source_run)
        wagers.close()
        if journal.silences is not None:
            journal.silences.close(clock.now_ns())
        seconds = perf_counter() - began
        pairing = str(exchange.trade_pairing)
        return Pass(
            desk, journal, wagers, source_run, scores, source_scores, seconds, resumption, pairing
        )

    def _label(self, queue: QueueModel) -> str:
        return self.feed.name if self.feed.knows_queue else queue_label(queue)

    def desk_settings(self) -> DeskSettings:
        """Return the settings of the desk."""
        return DeskSettings(
            strategy=self.strategy,
            pricing=self.pricing,
            limits=self.limits,
            wagers=self._wagers,
            commission=self.fees,
            starting_balance_cents=self.balance_cents,
            session_name=self.session_name,
            start_number=1,
            controls=self.controls,
        )

    def _by_queue(self, chosen: Pass, passes: QueuePasses) -> dict[str, QueueFigures]:
        """Return the figures under the extreme queue models, none if the true queue is known."""
        if self.feed.knows_queue:
            return {}
        return passes.figures(chosen.figures, chosen.source_run.summary().rows)

    def _figures_under(self, queue: QueueModel, show: Progress) -> QueueFigures:
        return self.run_pass(queue, show=show).figures

    def _summary(
        self, chosen: Pass, by_queue: dict[str, QueueFigures], notes: list[str]
    ) -> BacktestSummary:
        """Return the summary of the chosen pass, with what is needed to reproduce it."""
        source, info = chosen.source_run.summary(), self.feed.info
        front, back = by_queue.get("front"), by_queue.get("back")
        models = self._models(chosen)
        summary = summary_of(
            BacktestSummary,
            chosen.desk,
            chosen.journal,
            chosen.wagers,
            mode=Mode.BACKTEST,
            session=self.session_name,
            recording=self.feed.name,
            recording_source=info.source,
            overrides=list(self._overrides),
            code=dict(self._code),
            simulated=info.simulated,
            limits=[*self.feed.limits, *drift_limits(SESSIONS, models)],
            notes=[*info.notes, *notes, *chosen.resumption.notes(), *chosen.wagers.notes()],
            seed=self.seed,
            strategy=type(self.strategy()).__name__,
            first_ns=source.first_ns,
            last_ns=source.last_ns,
            profit_cents_front=front and front.profit_cents,
            profit_cents_back=back and back.profit_cents,
            turnover_cents_front=front and front.turnover_cents,
            turnover_cents_back=back and back.turnover_cents,
            trades_of_unknown_side=chosen.source_run.trades_of_unknown_taker,
            rows=source.rows,
            rows_per_second=round(source.rows / chosen.seconds),
            recording_digest=source.digest,
            models=models,
            price_scores=chosen.scores.scores(),
            source_scores=chosen.source_scores.scores(),
        )
        return replace(summary, feed=_with_recording(summary.feed, source))

    def _models(self, chosen: Pass) -> dict[str, Any]:
        known = self.feed.knows_queue
        pairing = {} if known else {"trade pairing": chosen.trade_pairing}
        queue = TRUE_QUEUE if known else str(self.queue())
        return {
            **exchange_models(queue, self.latency(RandomStreams(self.seed))),
            **pairing,
            "faults": str(self.faults),
            **desk_models(self.pricing, self.fees, self.limits),
        }


def _with_recording(feed: FeedFigures, source: SourceSummary) -> FeedFigures:
    """Return the figures of a desk's feed with those of the recording that it came from."""
    return replace(
        feed,
        longest_silence_seconds=source.longest_silence_ns // NS_PER_SECOND,
        rows_undated=source.rows_undated,
        longest_hold_seconds=source.longest_hold_ns // NS_PER_SECOND,
    )


def _show_nothing(_label: str, _rows: int, _rows_total: int) -> None:
    """Show no progress."""
