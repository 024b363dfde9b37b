"""What goes on beside the session of a rehearsal: faults, drills, and the figures of both."""

import asyncio
from contextlib import suppress
from pathlib import Path

from numpy.random import Generator

from live.prophetx.gateway import ProphetGateway
from live.prophetx.orders.order_history import OrderHistory
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.request_counts import RequestCounts
from live.prophetx.tools.rehearsal_drills import KillSwitch, SanityChecks
from live.prophetx.tools.rehearsal_faults import FaultInjector, RehearsalFault, schedule
from live.prophetx.tools.rehearsal_orders import RequoteDrill, quoting_ends_ns
from live.prophetx.tools.rehearsal_page import REVIEW_ORDERS, QuotesRow, RehearsalFigures
from live.session.gateway import Notify
from live.session.session_run import StartedRun
from recordings.journal.journal_reader import JournalReader
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, ExchangeError
from strategies.trading.model.events import WagerAccepted, WagerInvalid, WagerRejected
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.limits import Limits

_NS_PER_HOUR = 3_600 * NS_PER_SECOND
# The moment of the kill switch drill, as a share of the rehearsal.
_KILL_SWITCH_AT = 0.5


class RehearsalRun:
    """Causes faults and drills once a session trades, for some hours of its clock.

    `started` is the desk's start, None before it trades.
    """

    def __init__(
        self,
        gateway: ProphetGateway,
        endpoint: Endpoint,
        limits: Limits,
        hours: float,
        rng: Generator,
        notify: Notify,
    ) -> None:
        """Prepare; faults and their times are drawn from `rng`."""
        self.started: StartedRun | None = None
        self._trading = asyncio.Event()
        self._gateway = gateway
        self._clock = gateway.clock
        self._endpoint = endpoint
        self._limits = limits
        self._hours = hours
        self._rng = rng
        self._notify = notify
        self._began_ns = 0
        self._faults = self._too_many_caused = 0
        self._plan: list[tuple[float, RehearsalFault]] = []
        self._injector: FaultInjector | None = None
        self._counts: RequestCounts | None = None
        self._checks: SanityChecks | None = None
        self._kill_switch: KillSwitch | None = None
        self._requotes: RequoteDrill | None = None

    def on_started(self, run: StartedRun) -> None:
        """Begin with the desk of a start."""
        client = self._gateway.market.connection.client
        self.started = run
        self._counts = client.counts
        self._began_ns = self._clock.wall_ns()
        self._checks = SanityChecks(run, self._limits, self._clock)
        history = OrderHistory(client)
        self._kill_switch = KillSwitch(run, self._checks, history, self._clock)
        self._requotes = RequoteDrill(run, self._clock, REVIEW_ORDERS, self._hours)
        self._injector = FaultInjector(self._gateway.market, self._endpoint)
        self._plan = list(schedule(self._rng, self._endpoint, self._hours))
        minutes = 60 * self._hours / self._endpoint.speed
        speed = f" at speed {self._endpoint.speed:g}" * (self._endpoint.speed != 1)
        self._notify(
            f"rehearsal: {self._hours:g} h{speed}, which take {minutes:.0f} minutes, with "
            f"{counted(len(self._plan), 'fault')}"
        )
        self._trading.set()

    async def run(self) -> None:
        """Return once the session has traded for the hours.

        Raise ConfigError if our own sandbox was started too late for that.
        """
        await self._trading.wait()
        assert self._checks is not None, "the desk was started"
        assert self._requotes is not None, "the desk was started"
        self._require_games()
        tasks = (self._checks.run(), self._cause_faults(), self._drill(), self._requotes.run())
        beside = [asyncio.create_task(each) for each in tasks]
        try:
            await self._until(1.0)
        finally:
            for task in beside:
                task.cancel()
            results = await asyncio.gather(*beside, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _require_games(self) -> None:
        """Find out at once, and not after hours, that there is nothing to quote until then."""
        assert self.started is not None, "the desk was started"
        ends_ns = quoting_ends_ns(self.started.desk)
        if ends_ns is None or ends_ns - self._began_ns >= self._hours * _NS_PER_HOUR:
            return
        hours = max(0, ends_ns - self._began_ns) / _NS_PER_HOUR
        message = (
            f"rehearsal.hours={self._hours:g}: the last game on offer is quoted for {hours:.2f} h; "
            "begin the sandbox earlier (sandbox.begin_minutes_before_start), or rehearse a "
            "strategy that quotes in play (risk.in_play)"
        )
        if self._endpoint.is_local:
            raise ConfigError(message)
        self._notify(message)

    async def close(self) -> None:
        """Remove the faults that are still pending, so that the session can end."""
        if self._injector is None:
            return
        with suppress(ExchangeError):
            await self._injector.clear()
        await self._injector.close()

    async def _cause_faults(self) -> None:
        assert self._injector is not None, "the desk was started"
        for share, fault in self._plan:
            await self._until(share)
            try:
                await self._injector.inject(fault)
            except ExchangeError as error:
                self._notify(f"rehearsal: {fault.name}: not caused ({error})")
                continue
            self._faults += 1
            self._too_many_caused += fault.too_many
            self._notify(f"rehearsal: {fault.name}")

    async def _drill(self) -> None:
        assert self._kill_switch is not None, "the desk was started"
        await self._until(_KILL_SWITCH_AT)
        self._notify("rehearsal: kill switch")
        await self._kill_switch.drill()
        self._notify(f"rehearsal: the book was empty after {self._kill_switch.seconds:.2f} s")

    async def _until(self, share: float) -> None:
        """Return when this share of the rehearsal has passed."""
        await self._clock.sleep_until(self._began_ns + int(share * self._hours * _NS_PER_HOUR))

    # Figures ----------------------------------------------------------------------------------

    def figures(
        self, journal: Path, ended_by: str | None, differences: list[str] | None
    ) -> RehearsalFigures:
        """Return what was measured, once the session has ended; raise JournalError."""
        run, counts = self.started, self._counts
        assert run is not None, "the desk was started"
        assert counts is not None, "the desk was started"
        assert self._checks is not None, "the desk was started"
        assert self._kill_switch is not None, "the desk was started"
        assert self._requotes is not None, "the desk was started"
        now_ns = self._clock.wall_ns()
        placed, accepted, resolved = _wagers_of(journal, run.number)
        coverage = list(run.health.coverage.markets(now_ns))
        return RehearsalFigures(
            hours=self._hours,
            hours_run=(now_ns - self._began_ns) / _NS_PER_HOUR,
            ended_by=ended_by,
            faults=self._faults,
            orders=len(placed),
            accepted=len(accepted),
            pulls=self._requotes.pulls,
            batches=dict(counts.batches),
            gaps=run.health.gaps,
            whole=not run.desk.market_states.feed_lost,
            tokens_renewed=counts.tokens_renewed,
            too_many=counts.too_many,
            too_many_caused=self._too_many_caused,
            fastest_query=counts.fastest_query,
            queries=dict(counts.queries),
            checks=self._checks.refused,
            denials=run.health.denials,
            kill_switch_seconds=self._kill_switch.seconds,
            max_daily_loss_cents=self._limits.max_daily_loss_cents,
            stop_loss_percent=float(self._limits.stop_loss_percent),
            open_stake_times_cash=run.desk.risk.max_open_times_cash,
            unknown=counts.unknown,
            unresolved=len(placed - resolved),
            followed=len(run.desk.market_states.markets),
            markets=[QuotesRow(*row) for row in run.health.coverage_rows(coverage)],
            two_sided=sum(each.two_sided_ns > 0 for each in coverage),
            differences=differences,
        )


def _wagers_of(journal: Path, number: int) -> tuple[set[WagerRef], set[WagerRef], set[WagerRef]]:
    """Return the wagers that a start placed, those accepted, and those with any response.

    The exchange may find one that it accepted invalid when it opens it: that is no accepted one.
    """
    placed: set[WagerRef] = set()
    accepted: set[WagerRef] = set()
    invalid: set[WagerRef] = set()
    resolved: set[WagerRef] = set()
    with JournalReader(journal) as reader:
        for entry in reader.entries():
            if entry.run != number:
                continue
            match entry.payload:
                case PlaceWager(ref=ref):
                    placed.add(ref)
                case WagerAccepted(ref=ref):
                    accepted.add(ref)
                    resolved.add(ref)
                case WagerInvalid(ref=ref):
                    invalid.add(ref)
                case WagerRejected(ref=ref):
                    resolved.add(ref)
    return placed, accepted & placed - invalid, resolved
