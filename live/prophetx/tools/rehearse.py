"""The verb `rehearse`: a trading session with faults and drills, judged as the review judges.

The session is that of `trade`: the same classes, the same adapter, play money. What differs is what
happens to it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

import msgspec
from numpy.random import default_rng

from live.prophetx.connection import connected
from live.prophetx.gateway import ProphetGateway
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.stream import StreamSettings
from live.prophetx.tools.reconcile import Reconciliation
from live.prophetx.tools.rehearsal_page import RehearsalFigures, Review, page, review
from live.prophetx.tools.rehearsal_run import RehearsalRun
from live.prophetx.tools.rehearsal_settings import RehearsalSettings
from live.session.admission.rehearsal_record import VALID_DAYS, digests_of, write_record
from live.session.gateway import Notify
from live.session.session import Session
from live.session.session_folder import SESSIONS, require_name
from live.wall_clock import WallClock, utc_text
from recordings.journal.entries import JOURNAL
from recordings.writing import write_text
from strategies.trading.model.errors import ConfigError, ExchangeError
from strategies.trading.model.settings import Seed
from strategies.trading.risk.limits import Limits

_NAME = "session.name="
_FIRST = "rehearsal"


def with_name(words: Sequence[str], home: Path) -> list[str]:
    """Return the words of a command line with a name that no session has, if they give none."""
    if any(word.startswith(_NAME) for word in words):
        return [*words]
    names = chain([_FIRST], (f"{_FIRST}-{number}" for number in count(2)))
    free = next(name for name in names if not (home / SESSIONS / name).exists())
    return [*words, f"{_NAME}{free}"]


class Rehearsal:
    """Rehearses the session of a configuration, built from the same parts as `trade`."""

    def __init__(
        self,
        *,
        trade: Callable[..., Session],
        gateway: Callable[..., ProphetGateway],
        clock: Callable[..., WallClock],
        prophet: Endpoint,
        feed: StreamSettings,
        risk: Limits,
        session: Mapping[str, Any],
        rehearsal: RehearsalSettings,
        seed: Seed,
        configuration: str,
    ) -> None:
        """Prepare; raise ConfigError for invalid settings, and for real money."""
        if prophet.real_money:
            message = (
                f"prophet={prophet.name}: a rehearsal is with play money; use "
                "prophet=sandbox_local or prophet=sandbox"
            )
            raise ConfigError(message)
        self._name = require_name(session["name"])
        self._endpoint = prophet
        self._limits = risk
        self._hours = rehearsal.hours
        self._seed = seed
        self._digests = digests_of(configuration)
        self._gateway = gateway(clock=clock)
        self._session = trade(gateway=self._same_gateway, configuration=configuration)
        self._reconciliation = Reconciliation(
            feed=feed, clock=clock, prophet=prophet, session=session
        )

    async def run(
        self, home: Path, environ: Mapping[str, str], stop: asyncio.Event, notify: Notify
    ) -> Review:
        """Rehearse until the hours have passed or `stop` is set; return what was judged.

        The page is saved in the session's folder, and a rehearsal that passed is put on record.
        Raise what kept the session from beginning.
        """
        folder = home / SESSIONS / self._name
        journal = folder / JOURNAL
        if journal.exists():
            # What an earlier start lost or left open would be judged with this one.
            message = (
                f"session.name={self._name}: {folder} has earlier starts, and a rehearsal begins "
                "without any; give a new name, or none"
            )
            raise ConfigError(message)
        began_ns = WallClock().wall_ns()
        beside = RehearsalRun(
            self._gateway,
            self._endpoint,
            self._limits,
            self._hours,
            default_rng(self._seed),
            notify,
        )
        ended_by = await self._trade(beside, home, environ, stop, notify)
        if beside.started is None:
            message = f"session {self._name}: stopped before its desk traded"
            raise ExchangeError(message)
        differences = await self._differences(home, environ, notify)
        figures = beside.figures(journal, ended_by, differences)
        judged = review(figures)
        path = folder / "rehearsal.md"
        self._save(path, figures, judged, began_ns)
        notify(str(path))
        if not judged.failed:
            now_ns = WallClock().wall_ns()
            record = write_record(self._digests, now_ns, path.resolve(), environ)
            notify(f"on record for {VALID_DAYS} days: {record}")
        return judged

    async def _trade(
        self,
        beside: RehearsalRun,
        home: Path,
        environ: Mapping[str, str],
        stop: asyncio.Event,
        notify: Notify,
    ) -> str | None:
        """Run the session until the hours have passed; return what ended it earlier, if anything.

        Raise what ended it before its desk traded.
        """
        ended = asyncio.Event()
        trading = asyncio.create_task(
            self._session.run(home, environ, ended, notify, on_started=beside.on_started)
        )
        drilling = asyncio.create_task(beside.run())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((trading, drilling, stopping), return_when=asyncio.FIRST_COMPLETED)
            whole = drilling.done() and not trading.done()
            drilling.cancel()
            await asyncio.gather(drilling, return_exceptions=True)
            await beside.close()
            ended.set()
            await trading
        except asyncio.CancelledError:
            trading.cancel()
            raise
        except Exception as error:
            if beside.started is None:
                raise
            return f"{type(error).__name__}: {error}"
        finally:
            stopping.cancel()
        if whole:
            drilling.result()
        return None if whole else "an interrupt"

    async def _differences(
        self, home: Path, environ: Mapping[str, str], notify: Notify
    ) -> list[str] | None:
        """Return what differs between journal and account, None if it cannot be compared."""
        reconciliation = self._reconciliation
        wagers = reconciliation.journaled(home)
        try:
            async with connected(self._endpoint, reconciliation.clock, environ, home) as connection:
                return (await reconciliation.compare(wagers, connection)).differences
        except ExchangeError as error:
            notify(f"the account cannot be compared: {error}")
            return None

    def _save(self, path: Path, figures: RehearsalFigures, judged: Review, began_ns: int) -> None:
        """Write the page, and the same figures as JSON beside it."""
        began, ended = utc_text(began_ns), utc_text(WallClock().wall_ns())
        digests = msgspec.structs.asdict(self._digests)
        facts = [
            ("exchange", f"{self._endpoint.name} ({self._endpoint.host}), play money"),
            ("session", f"{self._name}, seed {self._seed}, speed {self._endpoint.speed:g}"),
            ("time", f"{began} to {ended}"),
            *digests.items(),
        ]
        write_text(path, page(f"Rehearsal of session {self._name}", facts, figures), private=True)
        content = {
            "passed": not judged.failed,
            "began": began,
            "ended": ended,
            **digests,
            "exchange": self._endpoint.name,
            "seed": self._seed,
            "speed": self._endpoint.speed,
            "review": [row._asdict() for row in judged.rows],
            "figures": figures,
        }
        text = msgspec.json.format(msgspec.json.encode(content)).decode()
        write_text(path.with_suffix(".json"), f"{text}\n", private=True)

    def _same_gateway(self, **_: object) -> ProphetGateway:
        """Return the gateway that the rehearsal observes, in place of another one."""
        return self._gateway
