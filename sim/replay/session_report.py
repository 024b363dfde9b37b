"""The report of one start of a session: a run folder, written from its replay."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from conf.modes import Mode
from recordings.writing import make_folder, write_text
from sim.engine.latency import Latency
from sim.engine.random_streams import RandomStreams
from sim.exchange.queue_models import QueueModel
from sim.replay.session_replay import ReplayResult, SessionReplay
from sim.report.document import report_on_finished
from sim.results.run_summary import EventSpan, SessionRunSummary
from sim.results.run_tables import RunTables
from sim.results.split_text import result_lines
from sim.results.summary import desk_models, exchange_models, summary_of
from sim.results.summary_file import write_summary
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.counted import counted
from strategies.trading.model.settings import Seed
from strategies.trading.ports.control import Control
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import NO_CONTROLS
from strategies.trading.wagers.wager_settings import WagerSettings


class EndpointInfo(Protocol):
    """The data of the exchange that a report of a session shows."""

    @property
    def name(self) -> str:
        """Return its name in reports."""

    @property
    def real_money(self) -> bool:
        """Return whether wagers there stake real money."""

    @property
    def is_drill(self) -> bool:
        """Return whether play money was treated as real there."""

    @property
    def speed(self) -> float:
        """Return the seconds of the session's clock in a second of wall time."""


class SessionReport:
    """Replays the starts of a session and reports on them, built from the session's parts.

    `mode_name` is the mode of the session. `latency` and `queue` are reported if its wagers were
    simulated.
    """

    def __init__(
        self,
        *,
        mode_name: str,
        prophet: EndpointInfo,
        latency: Callable[..., Latency],
        queue: Callable[[], QueueModel],
        seed: Seed,
        strategy: Callable[[], Strategy],
        pricing: Pricing,
        wagers: WagerSettings,
        fees: Commission,
        session: dict[str, Any],
        controls: Mapping[str, Control] = NO_CONTROLS,
        code: Mapping[str, str],
    ) -> None:
        """Take the parts; `code` are the digests of the user's own modules."""
        self._code = code
        self._replay = SessionReplay(
            strategy=strategy,
            pricing=pricing,
            wagers=wagers,
            fees=fees,
            session=session,
            controls=controls,
        )
        self._mode = Mode(mode_name)
        self._on_paper = self._mode is Mode.PAPER
        self._endpoint = prophet
        self._latency = latency
        self._queue = queue
        self._seed = seed
        self._strategy = strategy
        self._pricing = pricing
        self._fees = fees
        self._session_name = str(session["name"])

    def run(self, session_folder: Path, number: int) -> list[str]:
        """Replay a start and write its run folder, in place of any older one.

        Return the lines to print, the folder last. A start whose desk never began gets no folder,
        nor does one whose replay raises. Raise ReportError, with the folder kept, if the report
        cannot be drawn.
        """
        folder = session_folder / f"start-{number:05d}"
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        try:
            replayed = self._replayed_into(folder, session_folder, number)
            if replayed is None or replayed.began_ns is None:
                shutil.rmtree(folder)
                return [f"start {number}: it was over before its desk began"]
            _keep_configuration(folder)
            summary = self._summary(replayed, replayed.began_ns, number)
            write_summary(folder, summary)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        report_on_finished(folder)
        agreed = f"start {number}: {counted(replayed.commands, 'command')}, as in the journal"
        return [agreed, *result_lines(summary), str(folder.resolve())]

    def _replayed_into(
        self, folder: Path, session_folder: Path, number: int
    ) -> ReplayResult | None:
        tables = RunTables(folder)
        try:
            return self._replay.run(session_folder, number, tables)
        finally:
            tables.close()

    def _summary(self, replayed: ReplayResult, began_ns: int, number: int) -> SessionRunSummary:
        """Return the summary of a start; `real_money` is true if real money was staked."""
        info, endpoint = replayed.tape.info, self._endpoint
        summary = summary_of(
            SessionRunSummary,
            replayed.desk,
            replayed.journal,
            replayed.wagers,
            mode=self._mode,
            session=self._session_name,
            start=number,
            exchange=endpoint.name,
            real_money=endpoint.real_money and not (endpoint.is_drill or self._on_paper),
            speed=endpoint.speed,
            recording=replayed.tape.path.name,
            recording_source=info.source,
            simulated=info.simulated,
            notes=info.notes,
            seed=self._seed,
            strategy=type(self._strategy()).__name__,
            code=dict(self._code),
            first_ns=began_ns,
            last_ns=replayed.ended_ns,
            inputs=replayed.inputs,
            recording_digest=replayed.tape.digest(),
            models=self._models(replayed),
        )
        return replace(
            summary,
            turnover_cents=summary.turnover_cents - replayed.turnover_before_cents,
            events=[_seen_since(began_ns, event) for event in summary.events],
        )

    def _models(self, replayed: ReplayResult) -> dict[str, Any]:
        believed = desk_models(self._pricing, self._fees, replayed.limits)
        if not self._on_paper:
            return believed
        models = exchange_models(str(self._queue()), self._latency(RandomStreams(self._seed)))
        late = "and as long as the market's last message was under way"
        sent = {name: f"{models[name]}, {late}" for name in ("entry latency", "cancel latency")}
        return {**models, "feed latency": "as it was", **sent, **believed}


def _keep_configuration(folder: Path) -> None:
    """Copy the start's configuration to where every run folder has it."""
    kept = folder / ".hydra" / "config.yaml"
    make_folder(kept.parent)
    write_text(kept, folder.with_suffix(".yaml").read_text(encoding="utf-8"))


def _seen_since(began_ns: int, event: EventSpan) -> EventSpan:
    """Return an event without the times before the desk began, which the desk has not received."""
    live_ns, ended_ns = (
        ns if ns and ns > began_ns else None for ns in (event.live_ns, event.ended_ns)
    )
    return replace(event, live_ns=live_ns, ended_ns=ended_ns)
