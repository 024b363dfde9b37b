"""The stream with a failing server: every gap is reported, and every socket starts fresh."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from live.prophetx.socket.records import (
    Message,
    Record,
    SocketDown,
    SocketUp,
    UnreadableMessage,
)
from live.wall_clock import WallClock
from strategies.trading.model.errors import CredentialsError, RefusalError, TapeError
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching
from tests.live.scripted_server import HEALTH_SECONDS, PRIVATE, PUBLIC, ScriptedServer
from tests.live.socket_messages import (
    HASTY,
    StreamRecorder,
    broken_off,
    closed_cleanly,
    end_of,
    five_hundred_messages,
    readers,
    recording_stream,
    streamed,
)

# A good day ------------------------------------------------------------------------------------


def test_messages_arrive_in_order_with_their_times() -> None:
    """Messages come whole, in order, stamped at arrival, after the epoch is reported as up."""
    began_ns = WallClock().wall_ns()
    recorder = streamed(five_hundred_messages)
    changes = recorder.changes('"tournament"')
    assert [body.info.id for _, body in changes] == list(range(500))
    stamps = [record.received_ns for record in recorder.records if isinstance(record, Message)]
    assert stamps == sorted(stamps)
    assert began_ns < stamps[0] < stamps[-1] < WallClock().wall_ns()
    assert isinstance(recorder.records[0], SocketUp)


def test_the_socket_is_registered_for_the_wanted_events() -> None:
    """The socket's own id is registered, with exactly the wanted events."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        (body,) = server.registered
        assert body["socket_id"] == "1.1"
        assert body["subscriptions"] == [{"type": "event", "ids": ["7", "8"]}]

    streamed(scenario)


@pytest.mark.slow
def test_an_idle_socket_is_kept() -> None:
    """Pings are answered both ways, and a quiet but healthy connection stays up."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        await server.send("pusher:ping", {})
        signals = round(HASTY.silent_seconds * 1.5 / HEALTH_SECONDS)
        await recorder.until(lambda: len(recorder.changes("system")) >= signals)

    recorder = streamed(scenario)
    assert (len(recorder.ups()), recorder.downs()) == (1, [])


def test_stopping_is_immediate() -> None:
    """Cancelling the stream ends it and its thread at once, whatever the socket is doing."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.freeze()
        await recorder.until(lambda: server.is_frozen)
        threads = readers()
        await recorder.stop()
        await end_of(threads)

    # Silence has not ended it.
    assert streamed(scenario).downs() == []


# Faults ----------------------------------------------------------------------------------------


async def closed_to_reconnect(server: ScriptedServer) -> None:
    """Close the socket with the code that asks to come back at once."""
    await server.socket.close(code=4200)


async def error_to_reconnect(server: ScriptedServer) -> None:
    """Send an error that asks to reconnect, without closing the socket."""
    await server.send("pusher:error", {"code": 4200, "message": "come again"})


async def error_to_wait(server: ScriptedServer) -> None:
    """Send an error that asks to reconnect later."""
    await server.send("pusher:error", {"code": 4100, "message": "over capacity"})


@pytest.mark.parametrize(
    "fault", [closed_cleanly, closed_to_reconnect, error_to_reconnect, error_to_wait, broken_off]
)
def test_an_ended_socket_is_replaced(
    fault: Callable[[ScriptedServer], Awaitable[None]],
) -> None:
    """However it ends, the gap has a reason, and the next socket is authorised again."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        await fault(server)
        await recorder.up(2)
        await server.change("tournament", {"info": {"id": 5}})
        await recorder.until(lambda: recorder.changes('"tournament"'))

    recorder = streamed(scenario)
    order = [
        type(record).__name__
        for record in recorder.records
        if isinstance(record, SocketUp | SocketDown)
    ]
    assert order == ["SocketUp", "SocketDown", "SocketUp"]
    (down,) = recorder.downs()
    assert (down.epoch, bool(down.reason)) == (1, True)
    assert [epoch for epoch, _ in recorder.changes('"tournament"')] == [2]


def test_every_socket_has_its_own_authorisation() -> None:
    """The server accepts signatures of its own socket id alone: a second one asks for new ones."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        await closed_cleanly(server)
        await recorder.up(2)
        assert [body["socket_id"] for body in server.registered] == ["1.1", "2.1"]

    streamed(scenario)


@pytest.mark.slow
def test_a_frozen_server_is_noticed() -> None:
    """A server that stops without closing counts as dead after the allowed silence, not before."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.freeze()
        await recorder.until(recorder.downs)
        server.thaw()
        await recorder.up(2)

    reason = streamed(scenario).downs()[0].reason
    silent = re.fullmatch(r"nothing received for (.*) s", reason)
    assert silent is not None, reason
    assert float(silent[1]) >= HASTY.silent_seconds


@pytest.mark.slow
def test_a_server_without_pongs_is_noticed() -> None:
    """A server whose socket is alive but answers no ping counts as dead as well."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.mute = True
        await recorder.until(recorder.downs)
        server.mute = False
        await recorder.up(2)

    streamed(scenario)


@pytest.mark.slow
def test_a_server_without_market_data_or_health_is_noticed() -> None:
    """A socket that responds to pings and sends nothing else is replaced: its source is dead."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.healthy = False
        await recorder.until(recorder.downs)
        server.healthy = True
        await recorder.up(2)

    assert "no health check for" in streamed(scenario).downs()[0].reason


@pytest.mark.parametrize("garbage", ["not json", '{"event": 5', "[]", '{"channel": "x"}', "\u2028"])
def test_a_garbled_message_is_skipped(garbage: str) -> None:
    """An invalid message is counted and kept as it came; the socket stays."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        await server.socket.send_str(garbage)
        await server.change("tournament", {"info": {"id": 5}})
        await recorder.until(lambda: recorder.changes('"tournament"'))

    recorder = streamed(scenario)
    garbled = [record for record in recorder.records if isinstance(record, UnreadableMessage)]
    assert [record.raw for record in garbled] == [garbage.encode()]
    assert recorder.decode_errors.total == 1
    assert (len(recorder.ups()), recorder.downs()) == (1, [])


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00", b'{"event": "\xc3("}'])
def test_an_invalid_text_frame_is_skipped(garbage: bytes) -> None:
    """Bytes that are not UTF-8 do not end the socket; checking them in Python would be slow."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        await server.send_bytes(garbage)
        await server.change("tournament", {"info": {"id": 5}})
        await recorder.until(lambda: recorder.changes('"tournament"'))

    recorder = streamed(scenario)
    garbled = [record for record in recorder.records if isinstance(record, UnreadableMessage)]
    assert [record.raw for record in garbled] == [garbage]
    assert recorder.downs() == []


@pytest.mark.slow
@pytest.mark.parametrize("event", ["pusher:connection_established", "pusher:error", "pusher:ping"])
@pytest.mark.parametrize("data", ["5", "[]", "null", "{}", '{"code": "x"}', '{"socket_id": []}'])
def test_a_mangled_protocol_message_is_skipped(event: str, data: str) -> None:
    """An invalid frame of the protocol itself is ignored; the stream is up and stays so."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        await server.send(event, data)
        await server.change("tournament", {"info": {"id": 5}})
        await recorder.until(lambda: recorder.changes('"tournament"'))

    recorder = streamed(scenario)
    assert (len(recorder.ups()), recorder.downs()) == (1, [])


def test_messages_before_all_subscriptions_are_kept() -> None:
    """A message right after the first subscription is delivered once the epoch is up."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.hasty = True
        await closed_cleanly(server)
        await recorder.up(2)
        await recorder.until(lambda: len(recorder.changes('"tournament"')) == 2)

    recorder = streamed(scenario)
    assert [epoch for epoch, _ in recorder.changes('"tournament"')] == [2, 2]
    second_up = recorder.records.index(recorder.ups()[1])
    early = [r for r in recorder.records[:second_up] if isinstance(r, Message) and r.epoch == 2]
    assert early == []


@pytest.mark.slow
def test_a_hanging_authorisation_is_abandoned() -> None:
    """If the exchange does not authorise a socket in time, another socket is tried."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.register_hangs = 1
        await closed_cleanly(server)
        await recorder.up(2)

    hasty = replace(HASTY, connect_seconds=0.5)
    assert "every channel" in streamed(scenario, hasty).downs()[1].reason


def test_a_stream_recovers_from_refused_tokens() -> None:
    """A stream that was up survives an exchange that refuses its tokens for a while."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.register_refusals = 7
        await closed_cleanly(server)
        await recorder.up(2)

    recorder = streamed(scenario)
    assert any("refuses a token" in down.reason for down in recorder.downs())


def test_an_unanswered_channel_fails_the_socket() -> None:
    """Without every channel there is no epoch: the stream retries, and reports the reason."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.unanswered_channel = PRIVATE
        await closed_cleanly(server)
        await recorder.until(lambda: len(recorder.downs()) >= 2)
        server.unanswered_channel = ""
        await recorder.up(2)

    hasty = replace(HASTY, connect_seconds=0.5)
    assert "every channel" in streamed(scenario, hasty).downs()[1].reason


def test_a_moved_socket_is_followed() -> None:
    """When the exchange reports another address of its socket, the stream connects there."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.ws_host = f"127.0.0.1:{server.port}"
        await recorder.up(2)

    assert "moved" in streamed(scenario).downs()[0].reason


def test_a_renewed_stream_registers_the_present_events() -> None:
    """Renewing ends the epoch at once and registers again."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        recorder.stream.renew("a new event is on offer")
        await recorder.up(2)
        assert len(server.registered) == 2

    assert "new event" in streamed(scenario).downs()[0].reason


# For good --------------------------------------------------------------------------------------


def refused(
    prepare: Callable[[ScriptedServer], None],
    then: Callable[[ScriptedServer], Awaitable[None]] | None = None,
) -> ScriptedServer:
    """Run a stream until it ends by itself, with its error."""
    server = ScriptedServer()
    prepare(server)

    async def run() -> None:
        async with recording_stream(server) as recorder:
            if then is not None:
                await recorder.up(1)
                await then(server)
            assert recorder.running is not None
            await recorder.running

    run_watching(run())
    return server


def test_wrong_keys_end_the_stream_at_its_start() -> None:
    """Keys that are refused before the stream was ever up are an error, not a retry loop."""
    with pytest.raises(CredentialsError, match="refuses the keys"):
        refused(lambda server: setattr(server, "login_refused", True))


def test_a_final_refusal_ends_the_stream() -> None:
    """Codes 4000 to 4099 forbid reconnecting: the stream ends, whether it was up or not."""
    with pytest.raises(RefusalError, match="socket_4001"):
        refused(lambda server: setattr(server, "opening_error", 4001))

    async def send_error(server: ScriptedServer) -> None:
        await server.send("pusher:error", {"code": 4009, "message": "unauthorized"})

    with pytest.raises(RefusalError, match="socket_4009"):
        refused(lambda _: None, send_error)


def test_an_error_of_the_callback_is_raised() -> None:
    """An error in the callback of the stream ends the stream with that error."""

    async def run() -> None:
        server = ScriptedServer()
        async with recording_stream(server) as recorder:

            def fail(record: Record) -> None:
                if isinstance(record, Message):
                    message = "full disk"
                    raise TapeError(message)

            await recorder.stream.run(fail)

    with pytest.raises(TapeError, match="full disk"):
        run_watching(run())


@pytest.mark.slow
def test_an_unreachable_exchange_is_retried() -> None:
    """Without any socket the stream reports it and retries with longer and longer pauses."""
    # Longer than the second that is between two requests of a route in any case.
    patient = replace(HASTY, backoff_seconds=1.0, backoff_seconds_max=30.0)

    async def run() -> list[int]:
        server = ScriptedServer()
        async with recording_stream(server, patient) as recorder:
            await recorder.up(1)
            server.closed = True
            server.reset()
            await recorder.until(lambda: len(recorder.downs()) >= 3)
        return [down.at_ns for down in recorder.downs()]

    times = run_watching(run())
    pauses = [after - before for before, after in pairwise(times)]
    # Doubled twice, of which chance takes up to a half.
    assert pauses[1] >= 2 * NS_PER_SECOND


def test_messages_carry_their_channel() -> None:
    """Every message has the name of its channel."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        await server.change("tournament", {"info": {"id": 5}})
        await recorder.until(
            lambda: recorder.changes('"tournament"') and recorder.changes("system")
        )

    channels = {
        record.channel for record in streamed(scenario).records if isinstance(record, Message)
    }
    assert channels == {PUBLIC, PRIVATE}
