"""Prices from outside: what of a file or a post is heard, when, and what is refused."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from live.decode_errors import DecodeErrors
from live.reference.reference_source import (
    ReferenceLine,
    ReferenceSettings,
    ReferenceSource,
    read_price,
)
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError, ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping, run_watching, until

# Longer than a file is left alone before it is looked at again.
QUIET_NS = NS_PER_SECOND // 4

Scenario = Callable[[], Awaitable[None]]


@dataclass
class JournalingListener:
    """Who hears a source: the lines and notes that came, and what was unreadable."""

    path: Path
    decode_errors: DecodeErrors = field(default_factory=DecodeErrors)
    clock: WallClock = field(default_factory=WallClock)
    heard: list[ReferenceLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def prices(self) -> list[float]:
        """Return the probabilities that were heard."""
        return [told.price.probability for told in self.heard if told.price is not None]

    def append(self, text: str) -> None:
        """Append to the file."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    async def until(self, count: int) -> None:
        """Wait until this many lines were heard."""
        await until(lambda: len(self.heard) >= count)

    async def until_looked(self) -> None:
        """Wait until the file was looked at again."""
        await self.clock.sleep_until(self.clock.wall_ns() + QUIET_NS)

    def listen(self, scenario: Scenario) -> None:
        """Let the scenario go on while the file is listened to; no time of the wall passes."""

        async def run(loop: JumpingLoop) -> None:
            self.clock = WallClock(monotonic_ns=loop.monotonic_ns)
            async with asyncio.timeout(3_600):
                await self._listen(scenario)

        run_jumping(run)

    def listen_at(self, port: int, scenario: Scenario) -> None:
        """Let the scenario go on while the file and a port are listened to."""
        run_watching(self._listen(scenario, port))

    async def _listen(self, scenario: Scenario, port: int | None = None) -> None:
        settings = ReferenceSettings(str(self.path), port)
        source = ReferenceSource(settings, self.clock, self.decode_errors)
        running = asyncio.create_task(source.run(self.heard.append, self.notes.append))
        await until(lambda: len(self.notes) > (port is not None) or running.done())
        if not running.done():
            await scenario()
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if not running.cancelled():
            running.result()


def line(probability: float, name: str = "home") -> str:
    """Return a line as a source writes it."""
    return json.dumps({"line_id": name, "probability": probability}) + "\n"


@pytest.fixture
def ear(tmp_path: Path) -> JournalingListener:
    """Return who listens to a file that is there and empty."""
    path = tmp_path / "prices.jsonl"
    path.touch()
    return JournalingListener(path)


def test_appended_lines_are_heard_in_order_and_stamped(ear: JournalingListener) -> None:
    """Every line that is appended is heard once, in order, with its time of arrival."""
    began_ns: list[int] = []

    async def append() -> None:
        began_ns.append(ear.clock.wall_ns())
        ear.append(line(0.5) + line(0.51))
        await ear.until(2)
        ear.append(line(0.52))
        await ear.until(3)

    ear.listen(append)
    assert ear.prices == [0.5, 0.51, 0.52]
    stamps = [told.received_ns for told in ear.heard]
    assert began_ns[0] < stamps[0] == stamps[1] < stamps[2] <= ear.clock.wall_ns()


def test_a_line_waits_until_it_is_ended(ear: JournalingListener) -> None:
    """Half a line is no price yet; with its other half it is one."""
    whole = line(0.5)

    async def append() -> None:
        ear.append(whole[:20])
        await ear.until_looked()
        assert ear.heard == []
        ear.append(whole[20:])
        await ear.until(1)

    ear.listen(append)
    assert ear.prices == [0.5]
    assert ear.decode_errors.total == 0


@pytest.mark.parametrize("before", [line(0.1), line(0.1) + line(0.2)[:15]])
def test_what_was_in_the_file_before_is_not_heard(ear: JournalingListener, before: str) -> None:
    """Prices of an earlier hour are not taken for fresh, nor is the rest of an unended line."""
    ear.append(before)

    async def append() -> None:
        ear.append(line(0.2)[15:] if not before.endswith("\n") else "")
        ear.append(line(0.3))
        await ear.until(1)

    ear.listen(append)
    assert ear.prices == [0.3]
    assert ear.decode_errors.total == 0


def test_a_file_that_comes_later_or_anew_is_heard_whole(ear: JournalingListener) -> None:
    """A file made after the start, put in its place, or cut off, is heard from its beginning."""
    ear.path.unlink()

    async def append() -> None:
        ear.append(line(0.1) + line(0.2))
        await ear.until(2)
        fresh = ear.path.with_suffix(".new")
        fresh.write_text(line(0.3) + line(0.4) + line(0.5), encoding="utf-8")
        fresh.replace(ear.path)
        await ear.until(5)
        ear.path.write_text(line(0.6), encoding="utf-8")
        await ear.until(6)
        ear.path.unlink()
        await ear.until_looked()

    ear.listen(append)
    assert ear.prices == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert "does not exist yet" in ear.notes[0]


BAD = {
    "no JSON": "{line_id",
    "another shape": "[1, 2]",
    "no text": "\udcff{",
    "no line": '{"probability": 0.5}',
    "an empty line id": '{"line_id": "", "probability": 0.5}',
    "two lines": '{"line_id": "a", "strike_id": "b", "probability": 0.5}',
    "no probability": '{"line_id": "a"}',
    "certain": '{"line_id": "a", "probability": 1}',
    "impossible": '{"line_id": "a", "probability": 0}',
    "less than a tape keeps": '{"line_id": "a", "probability": 1e-10}',
    "negative": '{"line_id": "a", "probability": -0.5}',
    "American odds": '{"line_id": "a", "probability": -110}',
    "not a number": '{"line_id": "a", "probability": NaN}',
    "not a number as text": '{"line_id": "a", "probability": "nan"}',
    "a truth": '{"line_id": "a", "probability": true}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_line_that_is_no_price_costs_only_itself(ear: JournalingListener, text: str) -> None:
    """A bad line is counted, and kept as it came; the prices around it are heard."""
    raw = text.encode("utf-8", "surrogateescape")

    async def append() -> None:
        with ear.path.open("ab") as file:
            file.write(line(0.1).encode() + raw + b"\r\n\n" + line(0.2).encode())
        await ear.until(3)

    ear.listen(append)
    assert ear.prices == [0.1, 0.2]
    assert ear.decode_errors.total == 1
    assert [told.raw.strip() for told in ear.heard if told.price is None] == [raw]


def test_bad_lines_of_one_kind_are_logged_once(
    ear: JournalingListener, caplog: pytest.LogCaptureFixture
) -> None:
    """A source that is out of its mind fills no log: each kind is told once, with its text."""

    async def append() -> None:
        ear.append('{"probability": 0.5}\n' * 40)
        await ear.until(40)

    ear.listen(append)
    assert len(caplog.records) == 1
    assert '{"probability": 0.5}' in caplog.text
    assert ear.decode_errors.total == 40


def test_a_line_without_end_is_given_up(ear: JournalingListener) -> None:
    """Megabytes without a line's end are one bad line, and fill no memory; the next is heard."""

    async def append() -> None:
        for _ in range(30):
            ear.append("x" * 100_000)
            await ear.until_looked()
        ear.append("\n" + line(0.4))
        await ear.until(2)

    ear.listen(append)
    assert ear.prices == [0.4]
    assert [len(told.raw) for told in ear.heard if told.price is None] == [1 << 16]


def test_the_exchanges_word_for_a_line_will_do() -> None:
    """A price may name its line as the exchange does, and hold what only its source needs."""
    price = ReferencePrice(LineId("ab"), 0.25)
    assert read_price(b'{"strike_id": "ab", "probability": 0.25, "model": {"n": 1}}') == price
    with pytest.raises(ProtocolError, match="line_id"):
        read_price(b'{"line_id": null, "probability": 0.25}')


def test_prices_are_taken_by_post(ear: JournalingListener) -> None:
    """What is posted is heard like lines of the file, and who posts is told what came of it."""
    answers: list[httpx.Response] = []

    async def post() -> None:
        address = ear.notes[1].rpartition(" ")[2]
        assert address.startswith("http://127.0.0.1:")
        async with httpx.AsyncClient(trust_env=False) as client:
            answers.append(await client.post(address, content=line(0.1) + line(0.2)))
            answers.append(await client.post(address, content=line(0.3) + "{\n"))
            answers.append(
                await client.post(
                    address, content=line(0.9), headers={"Origin": "http://127.0.0.1"}
                )
            )
            answers.append(await client.get(address))
        ear.append(line(0.4))
        await ear.until(5)

    ear.listen_at(0, post)
    assert [answer.status_code for answer in answers] == [200, 400, 403, 405]
    assert answers[1].json() == {"taken": 1, "unreadable": 1}
    assert ear.prices == [0.1, 0.2, 0.3, 0.4]


def test_whoever_hears_may_fail(ear: JournalingListener) -> None:
    """An error of whoever hears a posted price ends the session; it is not lost in the server."""

    async def run() -> None:
        def fail(told: ReferenceLine) -> None:
            raise ZeroDivisionError

        source = ReferenceSource(ReferenceSettings(port=0), ear.clock, ear.decode_errors)
        running = asyncio.create_task(source.run(fail, ear.notes.append))
        await until(lambda: ear.notes)
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(ear.notes[0].rpartition(" ")[2], content=line(0.1))
        await running

    with pytest.raises(ZeroDivisionError):
        run_watching(run())


def test_a_port_that_is_taken_is_refused(ear: JournalingListener) -> None:
    """Two sessions cannot take prices at one port: the second says which setting is wrong."""

    async def again() -> None:
        port = int(ear.notes[1].rpartition(":")[2].strip("/"))
        source = ReferenceSource(ReferenceSettings(port=port), ear.clock, ear.decode_errors)
        with pytest.raises(ConfigError, match=r"reference\.port"):
            await source.run(ear.heard.append, ear.notes.append)

    ear.listen_at(0, again)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"path": ""}, "reference.path"),
        ({"path": os.curdir}, "reference.path"),
        ({"port": -1}, "reference.port"),
        ({"port": 65_536}, "reference.port"),
        ({"port": True}, "reference.port"),
        ({"port": "8080"}, "reference.port"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object], named: str) -> None:
    """A folder, or what is no port, is refused by the name of its setting."""
    with pytest.raises(ConfigError, match=f"^{named}: "):
        ReferenceSettings(**settings)  # type: ignore[arg-type]


def test_a_path_through_a_file_is_refused(ear: JournalingListener) -> None:
    """Where there can never be a file, that is told at once, with the setting."""
    ear.path = ear.path / "below"

    async def nothing() -> None:
        return None

    with pytest.raises(ConfigError, match=r"reference\.path"):
        ear.listen(nothing)
