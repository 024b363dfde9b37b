"""Prices from outside: which lines of a file or a post are received, when, and what is refused."""

import asyncio
import gzip
import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from live.decode_errors import DecodeErrors
from live.reference.reference_http import BODY_BYTES_MAX
from live.reference.reference_source import (
    HEADER_FILE,
    ReferenceLine,
    ReferenceSettings,
    ReferenceSource,
)
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping, run_watching, until

# Longer than a file is left alone before it is looked at again.
QUIET_NS = NS_PER_SECOND // 4
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")

Scenario = Callable[[], Awaitable[None]]


@dataclass
class ReferenceReceiver:
    """Receives a source: its lines and notes, and counts of unreadable lines."""

    path: Path
    decode_errors: DecodeErrors = field(default_factory=DecodeErrors)
    clock: WallClock = field(default_factory=WallClock)
    received: list[ReferenceLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def prices(self) -> list[float]:
        """Return the received probabilities."""
        return [line_.price.price.probability for line_ in self.received if line_.price is not None]

    @property
    def headers(self) -> dict[str, str]:
        """Return the header that a post needs, from its file."""
        name, _, value = (self.path.parent / HEADER_FILE).read_text().strip().partition(": ")
        return {name: value}

    def append(self, text: str) -> None:
        """Append to the file."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    async def until(self, count: int) -> None:
        """Wait until this many lines were received."""
        await until(lambda: len(self.received) >= count)

    async def until_looked(self) -> None:
        """Wait until the file was read again."""
        await self.clock.sleep_until(self.clock.wall_ns() + QUIET_NS)

    def listen(self, scenario: Scenario) -> None:
        """Run the scenario while the file is read; no wall time passes."""

        async def run(loop: JumpingLoop) -> None:
            self.clock = WallClock(monotonic_ns=loop.monotonic_ns)
            async with asyncio.timeout(3_600):
                await self._listen(scenario)

        run_jumping(run)

    def listen_at(self, port: int, scenario: Scenario) -> None:
        """Run the scenario while the file and a port are read."""
        run_watching(self._listen(scenario, port))

    async def _listen(self, scenario: Scenario, port: int | None = None) -> None:
        settings = ReferenceSettings(str(self.path), port)
        source = ReferenceSource(settings, self.clock, self.decode_errors, self.path.parent)
        running = asyncio.create_task(source.run(self.received.append, self.notes.append))
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
def receiver(tmp_path: Path) -> ReferenceReceiver:
    """Return a receiver of an existing, empty file."""
    path = tmp_path / "prices.jsonl"
    path.touch()
    return ReferenceReceiver(path)


def test_appended_lines_are_received_in_order_and_stamped(receiver: ReferenceReceiver) -> None:
    """Every appended line is received once, in order, with its time of arrival."""
    began_ns: list[int] = []

    async def append() -> None:
        began_ns.append(receiver.clock.wall_ns())
        receiver.append(line(0.5) + line(0.51))
        await receiver.until(2)
        receiver.append(line(0.52))
        await receiver.until(3)

    receiver.listen(append)
    assert receiver.prices == [0.5, 0.51, 0.52]
    stamps = [line_.received_ns for line_ in receiver.received]
    assert began_ns[0] < stamps[0] == stamps[1] < stamps[2] <= receiver.clock.wall_ns()


def test_a_line_is_read_once_it_is_complete(receiver: ReferenceReceiver) -> None:
    """Half a line is no price yet; with its other half it is one."""
    whole = line(0.5)

    async def append() -> None:
        receiver.append(whole[:20])
        await receiver.until_looked()
        assert receiver.received == []
        receiver.append(whole[20:])
        await receiver.until(1)

    receiver.listen(append)
    assert receiver.prices == [0.5]
    assert receiver.decode_errors.total == 0


@pytest.mark.parametrize("before", [line(0.1), line(0.1) + line(0.2)[:15]])
def test_earlier_lines_of_the_file_are_ignored(receiver: ReferenceReceiver, before: str) -> None:
    """Old prices do not count as fresh, nor does the rest of an incomplete line."""
    receiver.append(before)

    async def append() -> None:
        receiver.append(line(0.2)[15:] if not before.endswith("\n") else "")
        receiver.append(line(0.3))
        await receiver.until(1)

    receiver.listen(append)
    assert receiver.prices == [0.3]
    assert receiver.decode_errors.total == 0


def test_a_new_or_replaced_file_is_read_from_its_beginning(receiver: ReferenceReceiver) -> None:
    """A file that is created later, replaced, or truncated is read from its beginning."""
    receiver.path.unlink()

    async def append() -> None:
        receiver.append(line(0.1) + line(0.2))
        await receiver.until(2)
        fresh = receiver.path.with_suffix(".new")
        fresh.write_text(line(0.3) + line(0.4) + line(0.5), encoding="utf-8")
        fresh.replace(receiver.path)
        await receiver.until(5)
        receiver.path.write_text(line(0.6), encoding="utf-8")
        await receiver.until(6)
        receiver.path.unlink()
        await receiver.until_looked()

    receiver.listen(append)
    assert receiver.prices == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert "does not exist yet" in receiver.notes[0]


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
def test_an_invalid_line_is_skipped(receiver: ReferenceReceiver, text: str) -> None:
    """A bad line is counted, and kept as it came; the prices around it are received."""
    raw = text.encode("utf-8", "surrogateescape")

    async def append() -> None:
        with receiver.path.open("ab") as file:
            file.write(line(0.1).encode() + raw + b"\r\n\n" + line(0.2).encode())
        await receiver.until(3)

    receiver.listen(append)
    assert receiver.prices == [0.1, 0.2]
    assert receiver.decode_errors.total == 1
    assert [line_.raw.strip() for line_ in receiver.received if line_.price is None] == [raw]


def test_bad_lines_of_one_kind_are_logged_once(
    receiver: ReferenceReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    """A misbehaving source does not flood the log: each kind is logged once, with its text."""

    async def append() -> None:
        receiver.append('{"probability": 0.5}\n' * 40)
        await receiver.until(40)

    receiver.listen(append)
    assert len(caplog.records) == 1
    assert '{"probability": 0.5}' in caplog.text
    assert receiver.decode_errors.total == 40


def test_a_line_without_end_is_dropped(receiver: ReferenceReceiver) -> None:
    """Megabytes without a newline are one bad line, and use no memory; the next is received."""

    async def append() -> None:
        for _ in range(30):
            receiver.append("x" * 100_000)
            await receiver.until_looked()
        receiver.append("\n" + line(0.4))
        await receiver.until(2)

    receiver.listen(append)
    assert receiver.prices == [0.4]
    assert [len(line_.raw) for line_ in receiver.received if line_.price is None] == [1 << 16]


def test_prices_are_received_by_post(receiver: ReferenceReceiver) -> None:
    """Posted lines are received like lines of the file, and the response gives the counts."""
    responses: list[httpx.Response] = []

    async def post() -> None:
        address = ADDRESS.findall(receiver.notes[1])[0]
        async with httpx.AsyncClient(trust_env=False, headers=receiver.headers) as client:
            responses.append(await client.post(address, content=line(0.1) + line(0.2)))
            responses.append(await client.post(address, content=line(0.3) + "{\n"))
            responses.append(await client.get(address))
        receiver.append(line(0.4))
        await receiver.until(5)

    receiver.listen_at(0, post)
    assert [response.status_code for response in responses] == [200, 400, 405]
    assert responses[1].json() == {"taken": 1, "unreadable": 1}
    assert receiver.prices == [0.1, 0.2, 0.3, 0.4]


def test_a_post_needs_the_token_of_the_session(receiver: ReferenceReceiver) -> None:
    """Other programs, pages, other hosts and bodies that would be too long change no price."""
    statuses: list[int] = []

    async def post() -> None:
        address, right = ADDRESS.findall(receiver.notes[1])[0], receiver.headers
        file = receiver.path.parent / HEADER_FILE
        assert str(file) in receiver.notes[1]
        assert file.stat().st_mode & 0o777 == 0o600
        bad_headers: list[dict[str, str]] = [
            {},
            {"Authorization": ""},
            {"Authorization": "Bearer é"},
            {"Authorization": right["Authorization"] + "x"},
            {"Authorization": right["Authorization"].removeprefix("Bearer ")},
            right | {"Origin": "http://127.0.0.1"},
            right | {"Host": "prices.example"},
            right | {"Host": "127.0.0.1.prices.example:80"},
            right | {"Content-Encoding": "gzip"},
        ]
        async with httpx.AsyncClient(trust_env=False) as client:
            for headers in bad_headers:
                content = gzip.compress(line(0.9).encode() * 1_000)
                content = content if "Content-Encoding" in headers else line(0.9).encode()
                encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
                response = await client.post(address, content=content, headers=encoded)
                statuses.append(response.status_code)
            for content in (b" " * (BODY_BYTES_MAX + 1), b"\n" * BODY_BYTES_MAX):
                response = await client.post(address, content=content, headers=right)
                statuses.append(response.status_code)
            await client.post(address, content=line(0.1), headers=right)
        await until(lambda: receiver.prices)

    receiver.listen_at(0, post)
    assert statuses == [403] * 8 + [400, 413, 400]
    assert receiver.prices == [0.1]
    assert not (receiver.path.parent / HEADER_FILE).exists()


def test_an_error_of_the_callback_ends_the_session(receiver: ReferenceReceiver) -> None:
    """An error in the callback of a posted price ends the session; the server does not hide it."""

    async def run() -> None:
        def fail(line_: ReferenceLine) -> None:
            raise ZeroDivisionError

        source = ReferenceSource(
            ReferenceSettings(port=0),
            receiver.clock,
            receiver.decode_errors,
            receiver.path.parent,
        )
        running = asyncio.create_task(source.run(fail, receiver.notes.append))
        await until(lambda: receiver.notes)
        async with httpx.AsyncClient(trust_env=False, headers=receiver.headers) as client:
            await client.post(ADDRESS.findall(receiver.notes[0])[0], content=line(0.1))
        await running

    with pytest.raises(ZeroDivisionError):
        run_watching(run())


def test_a_port_in_use_is_refused(receiver: ReferenceReceiver) -> None:
    """Two sessions cannot use one port: the second one's error names the setting."""

    async def again() -> None:
        port = httpx.URL(ADDRESS.findall(receiver.notes[1])[0]).port
        source = ReferenceSource(
            ReferenceSettings(port=port),
            receiver.clock,
            receiver.decode_errors,
            receiver.path.parent / "elsewhere",
        )
        with pytest.raises(ConfigError, match=r"reference\.port"):
            await source.run(receiver.received.append, receiver.notes.append)

    receiver.listen_at(0, again)


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
def test_invalid_settings_are_refused(settings: dict[str, object], named: str) -> None:
    """A folder, or an invalid port, is refused by the name of its setting."""
    with pytest.raises(ConfigError, match=f"^{named}: "):
        read_settings("reference", ReferenceSettings, settings)


def test_a_path_through_a_file_is_refused(receiver: ReferenceReceiver) -> None:
    """A path that can never exist is refused at once, with the setting."""
    receiver.path = receiver.path / "below"

    async def nothing() -> None:
        return None

    with pytest.raises(ConfigError, match=r"reference\.path"):
        receiver.listen(nothing)
