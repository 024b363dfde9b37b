"""A trading session: one desk on the live market, on paper or with wagers at the exchange."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from live.prophetx.connection import connected, log_in, require_live_parts
from live.prophetx.market_data.capture import CaptureSettings, Tell
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.stream import StreamSettings
from live.reference.reference_source import ReferenceSettings
from live.session.gateway import Gateway
from live.session.session_log import SessionLog
from live.session.session_run import SessionRun
from live.wall_clock import WallClock
from recordings.journal.session_journal import SessionJournal
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.assembly import DeskSettings
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import WagerRefFactory
from strategies.trading.ports.control import Control
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import NO_CONTROLS, require_controls
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager_manager import WagerSettings

SESSIONS = "sessions"


def require_name(name: object) -> str:
    """Return the name of a session; raise ConfigError for what cannot be one."""
    if not isinstance(name, str):
        message = "session.name: name the session, as in session.name=first"
        raise ConfigError(message)
    WagerRefFactory(name, 1)
    return name


class Session:
    """Trades with one strategy from configured parts, start after start under one name.

    What it heard and did is in `sessions/NAME`: the journal, and a recording of each start.
    """

    def __init__(
        self,
        *,
        feed: StreamSettings,
        clock: Callable[..., WallClock],
        prophet: Endpoint,
        room: Callable[..., Gateway],
        fees: Commission,
        pricing: Pricing,
        strategy: Callable[[], Strategy],
        risk: Limits,
        wagers: WagerSettings,
        markets: MarketFilter,
        reference: ReferenceSettings,
        seed: int,
        session: dict[str, Any],
        segment_seconds: float,
        compare_seconds: float,
        account_seconds: float,
        report_seconds: float,
        configuration: str,
        controls: Mapping[str, Control] = NO_CONTROLS,
    ) -> None:
        """Take the parts; raise ConfigError where they cannot mean anything.

        `configuration` is what they were built from, kept for every start, to be built again. Every
        `account_seconds` the desk's books are compared with the account; every `report_seconds` it
        is told how things are.
        """
        require_live_parts(feed, clock)
        # What every start makes anew, so that a wrong setting is told before anything is asked.
        strategy()
        require_controls(controls)
        unknown = [key for key in session if key != "name"]
        if unknown:
            message = f"session.{unknown[0]}: there is no such setting"
            raise ConfigError(message)
        for name, seconds in (("account", account_seconds), ("report", report_seconds)):
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
                message = f"run.{name}_seconds: {seconds!r} is not a number above zero"
                raise ConfigError(message)
        self.site = prophet
        self.markets = markets
        self.limits = risk
        self._controls = controls
        self.taping = CaptureSettings(
            feed, markets, reference, seed, segment_seconds, compare_seconds
        )
        self.account_seconds = account_seconds
        self.report_seconds = report_seconds
        self._clock = clock
        self._room = room
        self.commission = fees
        self._pricing = pricing
        self._strategy = strategy
        self._wagers = wagers
        self._name = session["name"]
        self._configuration = configuration

    async def run(
        self, home: Path, environ: Mapping[str, str], stop: asyncio.Event, tell: Tell
    ) -> None:
        """Trade until told to stop, then cancel everything, and see that nothing is open.

        `tell` says what a person should know. Raise what keeps the session from going on, once
        everything was cancelled; ExchangeError if something is open all the same. Cancelled itself,
        it leaves everything as it is.
        """
        require_name(self._name)
        room = self._room(clock=self._clock)
        limits = room.admit(self.site, environ, self.limits)
        folder = home / SESSIONS / self._name
        async with connected(self.site, room.clock, environ, home) as connection:
            # Nothing is kept of a session that the exchange does not let in.
            await log_in(connection)
            folder.mkdir(parents=True, exist_ok=True)
            with (
                SessionJournal(folder / "journal.sqlite") as journal,
                SessionLog(folder / "session.log", room.clock) as log,
            ):
                number = journal.begin_start(room.clock.now_ns())
                saved = folder / f"start-{number:05d}.yaml"
                saved.write_text(self._configuration, encoding="utf-8")
                both = partial(_tell_both, tell, log.write)
                start = SessionRun(self, room, connection, journal, folder, number, both)
                await start.run(stop, limits)

    def desk_settings(
        self, limits: Limits, starting_balance_cents: int, start_number: int
    ) -> DeskSettings:
        """Return what the desk of a start is made of, its strategy new."""
        return DeskSettings(
            strategy=self._strategy(),
            pricing=self._pricing,
            limits=limits,
            wagers=self._wagers,
            commission=self.commission,
            starting_balance_cents=starting_balance_cents,
            session_name=self._name,
            start_number=start_number,
            controls=self._controls,
        )


def _tell_both(person: Tell, log: Tell, line: str) -> None:
    person(line)
    log(line)
