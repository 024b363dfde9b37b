"""Mangled messages of the exchange: an event, or a counted ProtocolError; the session goes on."""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live.decode import read
from live.decode_errors import DecodeErrors
from live.prophetx.market_data.recorder import RawLog, Recorder, Snapshot
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.socket.records import (
    Message,
    SocketDown,
    SocketUp,
    UnreadableMessage,
)
from live.prophetx.socket.stream import read_change
from live.prophetx.wire.frames import Frame
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.prophetx.wire.orders import WireOrder
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.tape import Clocks
from recordings.validator import validate
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import WagerAccepted
from strategies.trading.model.market_types import MarketType
from tests.live.corruption import mangled_body, mangled_frame, text
from tests.live.local_sandbox import Sandbox
from tests.live.sandbox_messages import (
    SPEED,
    SandboxMessages,
    captured_messages,
    frames_of,
    request_of,
)


@pytest.fixture(scope="module")
def sandbox_messages(sandbox: Sandbox) -> SandboxMessages:
    """Return the sandbox's messages."""
    return captured_messages(sandbox)


# Frames -------------------------------------------------------------------------------------------


def test_a_mangled_frame_is_a_change_or_a_protocol_error(sandbox_messages: SandboxMessages) -> None:
    """A frame of any kind, damaged at any depth, is read or refused, nothing else."""
    rng = np.random.default_rng(3)
    for raw in frames_of(sandbox_messages):
        read_change(read(Frame, raw, "frame"))
        counts: Counter[str] = Counter()
        for _ in range(500):
            try:
                read_change(read(Frame, mangled_frame(raw, rng), "frame"))
                counts["read"] += 1
            except ProtocolError:
                counts["refused"] += 1
        assert min(counts["read"], counts["refused"]) > 20, (raw, counts)


def stream_record(
    raw: bytes, at_ns: int, decode_errors: DecodeErrors
) -> Message | UnreadableMessage:
    """Return a frame as the stream passes it on."""
    try:
        frame = read(Frame, raw, "frame")
    except ProtocolError as error:
        decode_errors.note(error)
        return UnreadableMessage(1, at_ns, raw)
    try:
        return Message(1, at_ns, frame.channel, read_change(frame), raw)
    except ProtocolError as error:
        decode_errors.note(error)
        return Message(1, at_ns, frame.channel, None, raw)


def readable_values(raws: Iterable[bytes], type_: type[Any]) -> list[Any]:
    """Return the readable ones of some texts."""
    readable = []
    for raw in raws:
        with suppress(ProtocolError):
            readable.append(read(type_, raw, "mangled"))
    return readable


class RecordedFrames:
    """A recorder, and the parts of a valid snapshot."""

    def __init__(self, sandbox_messages: SandboxMessages, folder: Path) -> None:
        """Begin a tape."""
        self._folder, self._event_id = folder, sandbox_messages.event_id
        self._clock, self.decode_errors = WallClock(speed=SPEED), DecodeErrors()
        self._writer = TapeWriter(folder, source="test", simulated=True, clocks=Clocks.TWO)
        self._raw = RawLog(folder)
        rows = MarketRows(self._writer, self.decode_errors, MarketFilter(list(MarketType), ()))
        self._recorder = Recorder(
            *(
                self._writer,
                self._raw,
                rows,
                self._clock,
                self.decode_errors,
                [132],
                lambda: None,
                print,
            )
        )
        (event,) = json.loads(sandbox_messages.bodies["mm/get_sport_events"])["data"][
            "sport_events"
        ]
        shown = json.loads(sandbox_messages.bodies["v4/mm/get_multiple_markets"])["data"]
        self.event = text(event)
        self.markets = [text(market) for market in shown[str(sandbox_messages.event_id)]]
        self._recorder.on_record(SocketUp(1, self._clock.wall_ns(), 1))

    def show(self, event: bytes, markets: Iterable[bytes]) -> None:
        """Give the recorder the readable part of a snapshot."""
        readable = {self._event_id: readable_values(markets, WireMarket)}
        self._recorder.on_snapshot(Snapshot(readable_values([event], WireEvent), readable))

    def on_frame(self, raw: bytes) -> None:
        """Give the recorder a frame."""
        self._recorder.on_record(stream_record(raw, self._clock.wall_ns(), self.decode_errors))

    def lose(self) -> None:
        """Lose the feed, and end a segment."""
        self._recorder.on_record(SocketDown(1, self._clock.wall_ns(), "a fault"))
        self._writer.end_segment()

    def ended(self) -> Tape:
        """Show what is good, end the recording, and return its tape once it is known as whole."""
        self.show(self.event, self.markets)
        self._raw.end_file()
        self._writer.close()
        tape = Tape(self._folder)
        assert validate(tape).rows > 10
        assert len(tape.info.catalogue().pairs) > 3
        return tape


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_recording_survives_mangled_snapshots_and_frames(
    sandbox_messages: SandboxMessages, tmp_path: Path, seed: int
) -> None:
    """Whatever arrives, the tape goes on, is complete at the end, and holds the valid parts."""
    rng = np.random.default_rng(seed)
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    for _ in range(40):
        damaged = [mangled_body(market, rng) for market in recording.markets for _ in range(3)]
        recording.show(mangled_body(recording.event, rng), damaged)
        for raw in frames_of(sandbox_messages):
            recording.on_frame(mangled_frame(raw, rng))
        if rng.random() < 0.2:
            recording.lose()
    recording.ended()
    assert recording.decode_errors.total > 100


@pytest.mark.parametrize("point", ["sNaN", "NaN", "1e999", "-Infinity", "1e9", "1.3"])
def test_an_invalid_point_skips_its_strike(
    sandbox_messages: SandboxMessages, tmp_path: Path, point: str
) -> None:
    """A strike with an invalid point is counted and left out; the others are on the tape."""
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    spread = next(market for market in recording.markets if b'"spread"' in market)
    first = json.loads(spread)["market_strikes"][0]["selections"][0][0]["strike"]
    recording.show(
        recording.event, [spread.replace(f'"strike": {first}'.encode(), point_text(point))]
    )
    assert recording.decode_errors.total > 0
    recording.ended()


def point_text(point: str) -> bytes:
    """Return a strike as text, which the exchange's numbers may come as."""
    return f'"strike": "{point}"'.encode()


@pytest.mark.parametrize("scheduled", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "soon"])
def test_an_invalid_start_skips_its_event(
    sandbox_messages: SandboxMessages, tmp_path: Path, scheduled: str
) -> None:
    """An event with an invalid start is counted and left out until a valid start arrives."""
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    recording.show(text(json.loads(recording.event) | {"scheduled": scheduled}), recording.markets)
    assert recording.decode_errors.total == 1
    recording.ended()


def test_one_line_on_both_sides_skips_its_strike(
    sandbox_messages: SandboxMessages, tmp_path: Path
) -> None:
    """Two sides under one number are no pair, and are not traded as one."""
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    moneyline = json.loads(next(market for market in recording.markets if b'"moneyline"' in market))
    for side in moneyline["selections"]:
        for level in side:
            level["strike_id"] = "1" * 32
    recording.show(recording.event, [text(moneyline)])
    assert recording.decode_errors.total == 1
    assert "1" * 32 not in {line.line_id for line in recording.ended().info.lines}


@pytest.mark.parametrize("seed", range(20))
def test_a_wager_survives_mangled_updates(sandbox_messages: SandboxMessages, seed: int) -> None:
    """Unreadable updates change nothing: later valid ones give all their events."""
    rng = np.random.default_rng(seed)
    order = json.loads(sandbox_messages.bodies["v4/mm/get_order"])["data"]
    wager = TrackedWager(request_of(read(WireOrder, text(order), "order")), None)
    refused = 0
    for _ in range(25):
        before = wager.answered
        try:
            shape = read(WireOrder, mangled_body(text(order), rng), "order")
            wager = TrackedWager(wager.request, None)
            before = wager.answered
            assert WagerAccepted(wager.ref) in wager.apply(shape)
        except ProtocolError:
            refused += 1
            assert wager.answered == before
    assert refused
