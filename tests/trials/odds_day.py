"""A whole day of odds of the stub of The Odds API, polled and recorded with the games it is of.

    python -m sim generate nba --games 8 --seed 2026 --books 4 --out source
    python -m tests.trials.odds_day source --out day

Games and odds are SIMULATED. The stub lists what the books of `source` offer at each moment; the
poller of a session asks it over HTTP, at its own pauses, in time that jumps from poll to poll.
`day` has the same games, with what was polled as their only prices from outside, stamped when the
answer came. A few answers fail, as real ones do: `--failures` of them, drawn from the seed.
"""

import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Any

from aiohttp import web
from numpy.random import default_rng

from live.decode_errors import DecodeErrors
from live.reference.odds_api.game_matching import FollowedGame, LinesByPoint
from live.reference.odds_api.odds_poller import OddsPoller
from live.reference.odds_api.odds_settings import API_KEY, OddsApiSettings
from live.reference.reference_line import OutsidePrice, read_price
from live.wall_clock import WallClock, utc_text
from recordings.reader import Tape
from recordings.reference_text import reference_text
from recordings.tape import Kind, Row, has_segments
from recordings.writer import TapeWriter
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND
from tests.live.reference.odds_stub import KEY, OddsStub, serving
from tests.live.reference.simulated_day import SimulatedOdds, listed
from tests.trials.command_line import print_line, trial_parser

# An answer is there this long after its request.
ANSWER_NS = NS_PER_SECOND // 4
# A day begins this long before its first start.
BEFORE_NS = 12 * 3_600 * NS_PER_SECOND
QUOTA = 100_000

Polled = tuple[int, OutsidePrice]
# Rows of a recording that arrive together, or a polled price, and when.
Message = tuple[int, list[Row] | OutsidePrice]


class DayClock(WallClock):
    """A clock that jumps to what is waited for, until a day is over."""

    def __init__(self, now_ns: int, end_ns: int) -> None:
        """Start at a time; `over` is set once all before the end has happened."""
        self.time_ns = now_ns
        super().__init__()
        self.over = asyncio.Event()
        self._end_ns = end_ns

    def wall_ns(self) -> int:
        """Return the time."""
        return self.time_ns

    async def sleep_until(self, when_ns: int) -> None:
        """Jump to a time, if that is still in the day."""
        self.time_ns = max(self.time_ns, when_ns)
        if self.time_ns >= self._end_ns:
            self.over.set()
            await asyncio.Event().wait()


def followed(tape: Tape) -> FollowedGame:
    """Return the game of a recording as a session follows it."""
    (event,) = tape.info.events
    lines: dict[MarketType, LinesByPoint] = {}
    for pair in tape.info.catalogue().pairs.values():
        of_type = lines.setdefault(pair.type, {})
        of_type[pair.first.point] = (pair.first.line_id, pair.second.line_id)
    return FollowedGame(event, event.scheduled_ns, EventStatus.NOT_STARTED, lines)


async def polled(
    games: Sequence[SimulatedOdds], tapes: Sequence[Tape], seed: int, failures: float
) -> tuple[list[Polled], OddsStub, list[str], DecodeErrors]:
    """Return what a session's poller received of the day, with its stub and its lines."""
    starts = [each.event.scheduled_ns for each in games]
    clock = DayClock(min(starts) - BEFORE_NS, max(starts))
    rng, stub, errors = default_rng(seed), OddsStub(remaining=QUOTA), DecodeErrors()
    received, notes = list[Polled](), list[str]()

    def list_games(_: str) -> list[dict[str, Any]]:
        if rng.random() < failures:
            code = int(rng.choice([200, 429, 500, 503]))
            cut = web.Response(text="[{", headers=stub.headers)
            stub.scripted.append(lambda _: cut if code == 200 else stub.error(code, ""))
        return listed(games, clock.time_ns)

    def on_lines(lines: list[bytes]) -> None:
        at_ns = clock.time_ns + ANSWER_NS
        received.extend((at_ns, read_price(line, at_ns)) for line in lines)

    stub.games = list_games
    of_exchange = [followed(tape) for tape in tapes]
    with tempfile.TemporaryDirectory() as folder:
        async with serving(stub):
            settings = OddsApiSettings(sports=("nba",), url=stub.url, near_seconds=20)
            poller = OddsPoller(
                settings, {API_KEY: KEY}, clock, errors, lambda: of_exchange, Path(folder)
            )
            polling = asyncio.create_task(poller.run(on_lines, notes.append))
            await clock.over.wait()
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
    return received, stub, notes, errors


def write(tape: Tape, prices: Sequence[Polled], out: Path) -> int:
    """Write a game with these as its only prices from outside; return how many there are."""
    info = tape.info
    lines = {line.line_id: index for index, line in enumerate(info.lines)}
    ours = [each for each in prices if each[1].price.line_id in lines]
    with TapeWriter(
        out,
        source=f"{info.source}, with odds polled from a stub by python -m tests.trials.odds_day",
        simulated=True,
        clocks=info.clocks,
        ladder=info.ladder,
    ) as writer:
        writer.info.notes.extend(info.notes)
        for event in info.events:
            writer.add_event(event)
        for market in info.markets:
            writer.add_market(market)
        for line in info.lines:
            writer.add_line(line)
        messages: Iterator[Message] = merge(_messages(tape), ours, key=_at_ns)
        for received_ns, message in messages:
            if isinstance(message, OutsidePrice):
                writer.begin_message(received_ns, received_ns)
                _write_price(writer, lines, message)
            else:
                writer.begin_message(received_ns, message[0].exchange_ns)
                for row in message:
                    writer.copy(row)
    return len(ours)


def _at_ns(message: Message) -> int:
    return message[0]


def _messages(tape: Tape) -> Iterator[Message]:
    rows = (row for chunk in tape.chunks() for row in chunk.rows())
    for _, of_message in groupby(rows, key=lambda row: row.seq):
        kept = [row for row in of_message if row.kind != Kind.REFERENCE]
        if kept:
            yield kept[0].received_ns, kept


def _write_price(writer: TapeWriter, lines: dict[LineId, int], outside: OutsidePrice) -> None:
    price = outside.price
    writer.reference(lines[price.line_id], price.probability, reference_text(price))


def days(folders: Sequence[Path]) -> list[list[Path]]:
    """Return recordings of games by day: all are of one date, and teams play once a day."""
    times: Counter[tuple[str, str]] = Counter()
    by_day: dict[int, list[Path]] = {}
    for folder in folders:
        (event,) = Tape(folder).info.events
        teams = event.home, event.away
        by_day.setdefault(times[teams], []).append(folder)
        times[teams] += 1
    return list(by_day.values())


def write_day(folders: Sequence[Path], out: Path, seed: int, failures: float) -> None:
    """Poll one day, and write its recordings."""
    tapes = [Tape(folder) for folder in folders]
    games = [SimulatedOdds(folder) for folder in folders]
    prices, stub, notes, errors = asyncio.run(polled(games, tapes, seed, failures))
    for folder, tape in zip(folders, tapes, strict=True):
        (event,) = tape.info.events
        count = write(tape, prices, out / folder.name)
        print_line(f"{event.name}, {utc_text(event.scheduled_ns)}: {count:,} prices")
    print_line(
        f"{stub.served:,} polls used {stub.used:,} units of the quota; {len(notes):,} lines for "
        f"persons; {errors.total:,} answers were not read"
    )
    for note, times in Counter(notes).most_common():
        print_line(f"  {times} times: {note}")


def main(words: Sequence[str]) -> None:
    """Poll each day, and write its recordings."""
    parser = trial_parser("odds_day")
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--failures", type=float, default=0.02)
    options = parser.parse_args(words)
    folders = sorted(path for path in options.source.iterdir() if has_segments(path))
    shutil.rmtree(options.out, ignore_errors=True)
    for number, day in enumerate(days(folders)):
        write_day(day, options.out, options.seed + number, options.failures)


if __name__ == "__main__":
    main(sys.argv[1:])
