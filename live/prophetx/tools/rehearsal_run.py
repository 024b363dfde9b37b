"""What goes on beside the session of a rehearsal: faults, drills, and the figures of both."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from numpy.random import Generator

from live.prophetx.gateway import ProphetGateway
from live.prophetx.orders.order_history import OrderHistory
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.request_counts import RequestCounts
from live.prophetx.tools.rehearsal_drills import KillSwitch, SanityChecks
from live.prophetx.tools.rehearsal_faults import FaultInjector, schedule
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


class _Parts(NamedTuple):
    """What a rehearsal has once its desk trades."""

    run: StartedRun
    counts: RequestCounts
    checks: SanityChecks
    kill_switch: KillSwitch
    requotes: RequoteDrill
    injector: FaultInjector
    began_ns: int


class RehearsalRun:
    """Causes faults and drills once a session trades, for some hours of its clock."""

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
        self._started: _Parts | None = None
        self._trading = asyncio.Event()
        self._gateway = gateway
        self._clock = gateway.clock
        self._endpoint = endpoint
        self._limits = limits
        self._hours = hours
        self._notify = notify
        self._faults = self._too_many_caused = 0
        self._plan = list(schedule(rng, endpoint, hours))

    @property
    def started(self) -> StartedRun | None:
        """Return the desk's start, None before it trades."""
        return None if self._started is None else self._started.run

    def on_started(self, run: StartedRun) -> None:
        """Begin with the desk of a start."""
        client = self._gateway.market.connection.client
        checks = SanityChecks(run, self._limits, self._clock)
        self._started = _Parts(
            run=run,
            counts=client.counts,
            checks=checks,
            kill_switch=KillSwitch(run, checks, OrderHistory(client), self._clock),
            requotes=RequoteDrill(run, self._clock, REVIEW_ORDERS, self._hours),
            injector=FaultInjector(self._gateway.market, self._endpoint),
            began_ns=self._clock.wall_ns(),
        )
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
        self._require_games()
        parts = self._parts
        tasks = (parts.checks.run(), self._cause_faults(), self._drill(), parts.requotes.run())
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
        began_ns = self._parts.began_ns
        ends_ns = quoting_ends_ns(self._parts.run.desk)
        if ends_ns is None or ends_ns - began_ns >= self._hours * _NS_PER_HOUR:
            return
        hours = max(0, ends_ns - began_ns) / _NS_PER_HOUR
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
        if self._started is None:
            return
        injector = self._started.injector
        with suppress(ExchangeError):
            await injector.clear()
        await injector.close()

    async def _cause_faults(self) -> None:
        for share, fault in self._plan:
            await self._until(share)
            try:
                await self._parts.injector.inject(fault)
            except ExchangeError as error:
                self._notify(f"rehearsal: {fault.name}: not caused ({error})")
                continue
            self._faults += 1
            self._too_many_caused += fault.too_many
            self._notify(f"rehearsal: {fault.name}")

    async def _drill(self) -> None:
        await self._until(_KILL_SWITCH_AT)
        self._notify("rehearsal: kill switch")
        await self._parts.kill_switch.drill()
        seconds = self._parts.kill_switch.seconds
        self._notify(f"rehearsal: the book was empty after {seconds:.2f} s")

    async def _until(self, share: float) -> None:
        """Return when this share of the rehearsal has passed."""
        await self._clock.sleep_until(
            self._parts.began_ns + int(share * self._hours * _NS_PER_HOUR)
        )

    @property
    def _parts(self) -> _Parts:
        assert self._started is not None, "the desk was started"
        return self._started

    # Figures ----------------------------------------------------------------------------------

    def figures(
        self, journal: Path, ended_by: str | None, differences: list[str] | None
    ) -> RehearsalFigures:
        """Return what was measured, once the session has ended; raise JournalError."""
        parts = self._parts
        run, counts = parts.run, parts.counts
        now_ns = self._clock.wall_ns()
        placed, accepted, resolved = _wagers_of(journal, run.number)
        coverage = list(run.health.coverage.markets(now_ns))
        return RehearsalFigures(
            hours=self._hours,
            hours_run=(now_ns - parts.began_ns) / _NS_PER_HOUR,
            ended_by=ended_by,
            faults=self._faults,
            orders=len(placed),
            accepted=len(accepted),
            pulls=parts.requotes.pulls,
            batches=dict(counts.batches),
            gaps=run.health.gaps,
            whole=not run.desk.market_states.feed_lost,
            tokens_renewed=counts.tokens_renewed,
            too_many=counts.too_many,
            too_many_caused=self._too_many_caused,
            fastest_query=counts.fastest_query,
            queries=dict(counts.queries),
            checks=parts.checks.refused,
            denials=run.health.denials,
            kill_switch_seconds=parts.kill_switch.seconds,
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
