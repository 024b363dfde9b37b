"""A trial: an evening of three games that is traded, watched and exported with nobody there.

    python -m tests.trials.evening

A sandbox serves three simulated games; a session trades them with its watchdog, its page is read
all the time, its metrics are scraped, its alerts are received, and its operator pauses, resumes,
pulls and changes a limit through the page, asked twice. Faults come one at a time, and then two
together. At the end nothing may be open, the export must be the exchange's own account to the cent,
and every fault must have been seen and survived: `evening_checks.py` says what is checked.
"""

import asyncio
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from live.wall_clock import WallClock
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching
from tests.live.alerts.alert_receivers import Receiver, receiving
from tests.trials.bench import Bench
from tests.trials.command_line import print_line, trial_parser
from tests.trials.evening_checks import NAME, OPERATOR, EveningRecord, EveningVerdict, Moment, judge
from tests.trials.evening_plan import GAME, EveningShape, Incident, Step, Words
from tests.trials.exchange_statement import ExchangeAccount
from tests.trials.many_games import DayOfGames, write_day
from tests.trials.processes import until_holds, wait
from tests.trials.watched_page import PageLook, WatchedPage

_SECONDS_TO_SETTLE = 10.0
_SCRAPE_SECONDS = 10.0
_ALERT_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
# Markets are suspended after scores; a step waits for quotes that long.
_QUOTING_SECONDS = 15.0
_FEED_DELAY_SECONDS = 10.0
_FAULTS = "/_sandbox/faults"
_URL = re.compile(r"http://\S+/metrics")
_SESSION_UP = f'prophet_session_up{{session="{NAME}"}} 1.0'


class Evening:
    """One evening: the processes, and what is done to them."""

    def __init__(
        self,
        bench: Bench,
        day: DayOfGames,
        shape: EveningShape,
        report: Callable[[str], None],
    ) -> None:
        """Prepare; nothing is started."""
        self._bench = bench
        self._day = day
        self._shape = shape
        self._report = report
        self._receiver = Receiver()
        self._clock = WallClock(speed=bench.speed)

    async def run(self) -> EveningRecord:
        """Let the evening pass; return what was seen."""
        bench = self._bench
        await bench.start_sandbox(self._day)
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        self._record = EveningRecord(self._clock.wall_ns(), bench.speed)
        seconds = self._day.seconds_from(bench.begin_before_s) / bench.speed
        try:
            async with receiving(self._receiver), self._noting_alerts():
                await self._trade(seconds + _SECONDS_TO_SETTLE)
            await self._settle_up()
        finally:
            await bench.close()
        return self._record

    # The processes ----------------------------------------------------------------------------

    async def _trade(self, ends: float) -> None:
        """Trade, watch and operate until the evening ends, and end the session."""
        bench, record = self._bench, self._record
        trade = await bench.start_trade(
            f'alert.urls=["{self._receiver.url}"]',
            *("alert.repeat_minutes=1", "run.report_seconds=5"),
            # By the wall as shipped: at speed, what this machine does late would pull the quotes.
            f"risk.max_feed_delay_seconds={_FEED_DELAY_SECONDS * bench.speed:g}",
        )
        watchdog = await bench.guarded(trade)
        session = f"session.name={NAME}"
        metrics = await bench.start("live", "metrics", session, "--port", "0")
        watch = await bench.start("live", "watch", "--web", session, "--port", "0")
        await until_holds(lambda: "operator" in bench.text("watch") or watch.returncode)
        await until_holds(lambda: "http" in bench.text("metrics") or metrics.returncode)
        page = WatchedPage(bench.text("watch"), self._now)
        record.states, record.looks = page.states, page.looks
        async with page.reading(), self._scraping():
            await until_holds(lambda: page.states and page.states[-1].open_wagers)
            await self._follow_plan(page, trade)
            await wait(max(0, ends - self._now()), trade)
            record.ended = self._now()
            if trade.returncode is None:
                trade.send_signal(signal.SIGINT)
            record.problems += await bench.ended(trade, watchdog)
            if not await until_holds(lambda: page.states[-1].absent, _PATIENCE_SECONDS):
                record.problems.append("the page does not show that the session has ended")
        for name, process in (("watch", watch), ("metrics", metrics)):
            process.send_signal(signal.SIGINT)
            if await process.wait() != 0:
                record.problems.append(f"{name} ended with {process.returncode}")

    async def _settle_up(self) -> None:
        """Compare the books with the exchange, read its own account, and export ours."""
        bench, record = self._bench, self._record
        record.balance, problems = await bench.compared()
        record.problems += problems
        async with ExchangeAccount.opened(bench.port) as account:
            record.orders = await account.orders(self._clock.wall_ns() // NS_PER_SECOND)
            record.statement = await account.statement()
        words = ("export", f"session.name={NAME}", "--format", "csv", "--out", "export")
        if await (await bench.start("live", *words)).wait() != 0:
            record.problems.append(f"the export fails: {bench.text('export')}")

    # The plan ---------------------------------------------------------------------------------

    async def _follow_plan(self, page: WatchedPage, trade: asyncio.subprocess.Process) -> None:
        """Do every step at its minute; what the exchange has not used up of a fault is removed.

        Minutes count from the first quotes, however long the processes took to start.
        """
        if not await page.refuses_viewer():
            self._record.problems.append("the viewer's address may operate")
        game, quoting = "", self._now()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self._bench.port}") as sandbox:
            for step in self._shape.steps:
                await wait(max(0, quoting + 60 * step.minute - self._now()), trade)
                if trade.returncode is not None:
                    return
                async with sandbox.delete(_FAULTS) as answer:
                    answer.raise_for_status()
                await until_holds(partial(_can_begin, step, page, game), _QUOTING_SECONDS)
                game = game or _game_of(step, page)
                moment = await self._do(step, game, page, sandbox)
                self._record.moments.append(moment)
                self._report(f"{moment.seconds:6.1f} s  {step.name}  {moment.done}".rstrip())

    async def _do(
        self, step: Step, game: str, page: WatchedPage, sandbox: aiohttp.ClientSession
    ) -> Moment:
        seconds = self._now()
        if isinstance(step, Words):
            words = [game if word == GAME else word for word in step.words]
            done = await page.say(OPERATOR, *words)
            return Moment(step, seconds, self._now(), done, game if GAME in step.words else "")
        for fault in step.faults:
            async with sandbox.post(_FAULTS, json=fault) as answer:
                assert answer.status == 200, f"{step.name}: {await answer.text()}"
        return Moment(step, seconds)

    # Beside it --------------------------------------------------------------------------------

    def _now(self) -> float:
        """Return the seconds of the wall since the evening began."""
        return asyncio.get_running_loop().time() - self._began

    @asynccontextmanager
    async def _noting_alerts(self) -> AsyncIterator[None]:
        """Note when each alert arrives."""

        async def note() -> None:
            while True:
                for title in self._receiver.titles[len(self._record.alerts) :]:
                    self._record.alerts.append((self._now(), title))
                await wait(_ALERT_SECONDS)

        async with _meanwhile(note()):
            yield

    @asynccontextmanager
    async def _scraping(self) -> AsyncIterator[None]:
        """Scrape the metrics as Prometheus does."""
        found = _URL.search(self._bench.text("metrics"))
        assert found is not None, self._bench.text("metrics")

        async def scrape(client: aiohttp.ClientSession) -> None:
            while True:
                began, problem = self._now(), ""
                try:
                    async with client.get(found[0]) as answer:
                        if _SESSION_UP not in await answer.text():
                            problem = "the session is not up"
                except (TimeoutError, aiohttp.ClientError) as error:
                    problem = f"{type(error).__name__}: {error}"
                look = PageLook(began, "metrics", self._now() - began, problem)
                self._record.scrapes.append(look)
                await wait(_SCRAPE_SECONDS)

        async with aiohttp.ClientSession() as client, _meanwhile(scrape(client)):
            yield


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something until the context ends; raise its error then."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _can_begin(step: Step, page: WatchedPage, game: str) -> bool:
    """Return whether something is quoted that a step would disturb; what resumes needs nothing."""
    if step.name.startswith("resume"):
        return True
    of_all = isinstance(step, Incident) or GAME not in step.words or not game
    quoted = [event for event in page.events if event.open_wagers]
    return bool(quoted) if of_all else any(event.event_id == game for event in quoted)


def _game_of(step: Step, page: WatchedPage) -> str:
    """Return the game with the most open wagers, once a step names one."""
    if isinstance(step, Incident) or GAME not in step.words:
        return ""
    return max(page.events, key=lambda event: event.open_wagers).event_id


def run_trial(
    shape: EveningShape, seed: int, folder: Path, report: Callable[[str], None]
) -> EveningVerdict:
    """Write the games of an evening, let it pass, and judge it."""
    day = write_day(folder / "games", shape.games, shape.seconds, seed, shape.crowd, report)
    speed = round(day.seconds_from(shape.begin_before_s) / 60 / shape.minutes, 1)
    report(f"{day.games} games, {day.rows} rows of market data, at speed {speed:g}")
    bench = Bench(folder, NAME, speed, shape.begin_before_s)
    evening = Evening(bench, day, shape, report)
    record = run_watching(evening.run(), seconds=60 * shape.minutes + 600)
    return judge(record, bench)


def main(words: Sequence[str]) -> int:
    """Run the trial; return 1 if it did not hold."""
    given = trial_parser(NAME).parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="evening-"))
    verdict = run_trial(EveningShape.whole(), given.seed, folder, print_line)
    print_line(f"seed {given.seed}, in {folder}\n" + "\n".join(verdict.lines()))
    return int(bool(verdict.problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
