"""The stream against a peer that fails: every gap is announced, and every socket starts afresh."""

import re
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from live.prophetx.socket.stream import (
    Message,
    Record,
    SocketDown,
    SocketUp,
    StreamSettings,
    UnreadableMessage,
)
from live.wall_clock import WallClock
from strategies.trading.model.errors import CredentialsError, RefusalError, TapeError
from tests.event_loops import run_watching
from tests.live.socket_messages import (
    HASTY,
    Listener,
    broken_off,
    closed_cleanly,
    end_of,
    five_hundred_messages,
    listening,
    readers,
    streamed,
)
from tests.live.socket_peer import HEALTH_SECONDS, PRIVATE, PUBLIC, Peer

# A good day ------------------------------------------------------------------------------------


def test_what_is_said_is_heard_in_its_order_with_its_time() -> None:
    """Messages come whole, in order, stamped at arrival, after the epoch was told to be up."""
    began_ns = WallClock().wall_ns()
    listener = streamed(five_hundred_messages)
    heard = listener.heard('"tournament"')
    assert [body.info.id for _, body in heard] == list(range(500))
    stamps = [record.received_ns for record in listener.records if isinstance(record, Message)]
    assert stamps == sorted(stamps)
    assert began_ns < stamps[0] < stamps[-1] < WallClock().wall_ns()
    assert isinstance(listener.records[0], SocketUp)


def test_the_socket_is_let_onto_the_channels_of_what_is_wanted() -> None:
    """The socket's own id is registered, with exactly the events that are wanted."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        (body,) = peer.registered
        assert body["socket_id"] == "1.1"
        assert body["subscriptions"] == [{"type": "event", "ids": ["7", "8"]}]

    streamed(scenario)


@pytest.mark.slow
def test_an_idle_socket_is_kept() -> None:
    """Pings are answered both ways, and a quiet but healthy link stays up."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        await peer.say("pusher:ping", {})
        signals = round(HASTY.silent_seconds * 1.5 / HEALTH_SECONDS)
        await listener.until(lambda: len(listener.heard("system")) >= signals)

    listener = streamed(scenario)
    assert (len(listener.ups()), listener.downs()) == (1, [])


def test_stopping_is_immediate() -> None:
    """Cancelling the stream ends it and its thread at once, whatever the socket is doing."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.freeze()
        await listener.until(lambda: peer.is_frozen)
        threads = readers()
        await listener.stop()
        await end_of(threads)

    # Silence has not ended it.
    assert streamed(scenario).downs() == []


# Faults ----------------------------------------------------------------------------------------


async def closed_to_reconnect(peer: Peer) -> None:
    """Close the socket with the code that asks to come back at once."""
    await peer.socket.close(code=4200)


async def told_to_reconnect(peer: Peer) -> None:
    """Tell the socket to come back, without closing it."""
    await peer.say("pusher:error", {"code": 4200, "message": "come again"})


async def told_to_wait(peer: Peer) -> None:
    """Tell the socket to come back later."""
    await peer.say("pusher:error", {"code": 4100, "message": "over capacity"})


@pytest.mark.parametrize(
    "fault", [closed_cleanly, closed_to_reconnect, told_to_reconnect, told_to_wait, broken_off]
)
def test_a_socket_that_ends_is_followed_by_another(
    fault: Callable[[Peer], Awaitable[None]],
) -> None:
    """However it ends, the gap is told with a reason, and the next is authorised afresh."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        await fault(peer)
        await listener.up(2)
        await peer.change("tournament", {"info": {"id": 5}})
        await listener.until(lambda: listener.heard('"tournament"'))

    listener = streamed(scenario)
    order = [
        type(record).__name__
        for record in listener.records
        if isinstance(record, SocketUp | SocketDown)
    ]
    assert order == ["SocketUp", "SocketDown", "SocketUp"]
    (down,) = listener.downs()
    assert (down.epoch, bool(down.reason)) == (1, True)
    assert [epoch for epoch, _ in listener.heard('"tournament"')] == [2]


def test_every_socket_has_its_own_authorisation() -> None:
    """The peer takes signatures for its own socket id alone: a second socket asks for new ones."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        await closed_cleanly(peer)
        await listener.up(2)
        assert [body["socket_id"] for body in peer.registered] == ["1.1", "2.1"]

    streamed(scenario)


@pytest.mark.slow
def test_a_frozen_peer_is_noticed() -> None:
    """A peer that stops without closing is taken for dead after the silence allowed, not before."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.freeze()
        await listener.until(listener.downs)
        peer.thaw()
        await listener.up(2)

    reason = streamed(scenario).downs()[0].reason
    silent = re.fullmatch(r"nothing received for (.*) s", reason)
    assert silent is not None, reason
    assert float(silent[1]) >= HASTY.silent_seconds


@pytest.mark.slow
def test_a_peer_that_answers_nothing_is_noticed() -> None:
    """A peer whose socket lives beneath, but that answers no ping, is taken for dead as well."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.mute = True
        await listener.until(listener.downs)
        peer.mute = False
        await listener.up(2)

    streamed(scenario)


@pytest.mark.slow
def test_a_peer_without_market_data_or_health_is_noticed() -> None:
    """A socket that answers pings and says nothing else is replaced: its source is dead."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.healthy = False
        await listener.until(listener.downs)
        peer.healthy = True
        await listener.up(2)

    assert "no health check for" in streamed(scenario).downs()[0].reason


@pytest.mark.parametrize("garbage", ["not json", '{"event": 5', "[]", '{"channel": "x"}', "\u2028"])
def test_a_garbled_message_costs_nothing_but_itself(garbage: str) -> None:
    """A message that is none is counted and kept as it came; the socket stays."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        await peer.socket.send_str(garbage)
        await peer.change("tournament", {"info": {"id": 5}})
        await listener.until(lambda: listener.heard('"tournament"'))

    listener = streamed(scenario)
    garbled = [record for record in listener.records if isinstance(record, UnreadableMessage)]
    assert [record.raw for record in garbled] == [garbage.encode()]
    assert listener.decode_errors.total == 1
    assert (len(listener.ups()), listener.downs()) == (1, [])


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00", b'{"event": "\xc3("}'])
def test_a_text_that_is_none_costs_nothing_but_itself(garbage: bytes) -> None:
    """Bytes that are no UTF-8 do not end the socket; checking them in Python would be slow, too."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        await peer.say_bytes(garbage)
        await peer.change("tournament", {"info": {"id": 5}})
        await listener.until(lambda: listener.heard('"tournament"'))

    listener = streamed(scenario)
    garbled = [record for record in listener.records if isinstance(record, UnreadableMessage)]
    assert [record.raw for record in garbled] == [garbage]
    assert listener.downs() == []


@pytest.mark.slow
@pytest.mark.parametrize("event", ["pusher:connection_established", "pusher:error", "pusher:ping"])
@pytest.mark.parametrize("data", ["5", "[]", "null", "{}", '{"code": "x"}', '{"socket_id": []}'])
def test_a_mangled_word_of_the_protocol_costs_nothing_but_itself(event: str, data: str) -> None:
    """What the socket itself says amiss is passed over; the stream is up and stays so."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        await peer.say(event, data)
        await peer.change("tournament", {"info": {"id": 5}})
        await listener.until(lambda: listener.heard('"tournament"'))

    listener = streamed(scenario)
    assert (len(listener.ups()), listener.downs()) == (1, [])


def test_what_comes_before_every_channel_is_there_is_not_lost() -> None:
    """A message right behind the first subscription is told, once the epoch is up."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.hasty = True
        await closed_cleanly(peer)
        await listener.up(2)
        await listener.until(lambda: len(listener.heard('"tournament"')) == 2)

    listener = streamed(scenario)
    assert [epoch for epoch, _ in listener.heard('"tournament"')] == [2, 2]
    second_up = listener.records.index(listener.ups()[1])
    early = [r for r in listener.records[:second_up] if isinstance(r, Message) and r.epoch == 2]
    assert early == []


@pytest.mark.slow
def test_an_authorisation_that_hangs_is_given_up() -> None:
    """Where the exchange does not authorise a socket in time, another socket is tried."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.register_hangs = 1
        await closed_cleanly(peer)
        await listener.up(2)

    hasty = StreamSettings(0.5, *(getattr(HASTY, name) for name in HASTY.__slots__[1:]))
    assert "every channel" in streamed(scenario, hasty).downs()[1].reason


def test_a_refused_token_is_overcome() -> None:
    """A stream that was up outlives an exchange that refuses its tokens for a while."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.register_refusals = 7
        await closed_cleanly(peer)
        await listener.up(2)

    listener = streamed(scenario)
    assert any("refuses a token" in down.reason for down in listener.downs())


def test_a_channel_that_does_not_answer_is_a_socket_that_fails() -> None:
    """Without every channel there is no epoch: it is tried again, and told why."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.deaf_to = PRIVATE
        await closed_cleanly(peer)
        await listener.until(lambda: len(listener.downs()) >= 2)
        peer.deaf_to = ""
        await listener.up(2)

    hasty = StreamSettings(0.5, *(getattr(HASTY, name) for name in HASTY.__slots__[1:]))
    assert "every channel" in streamed(scenario, hasty).downs()[1].reason


def test_a_socket_that_moved_is_followed() -> None:
    """When the exchange says that its socket is elsewhere, the stream goes there."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.ws_host = f"127.0.0.1:{peer.port}"
        await listener.up(2)

    assert "moved" in streamed(scenario).downs()[0].reason


def test_a_renewed_stream_asks_for_what_is_wanted_by_now() -> None:
    """Renewing ends the epoch at once and registers anew."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        listener.stream.renew("a new event is on offer")
        await listener.up(2)
        assert len(peer.registered) == 2

    assert "new event" in streamed(scenario).downs()[0].reason


# For good --------------------------------------------------------------------------------------


def refused(
    prepare: Callable[[Peer], None], then: Callable[[Peer], Awaitable[None]] | None = None
) -> Peer:
    """Stream from a peer until the stream ends by itself, with its error."""
    peer = Peer()
    prepare(peer)

    async def run() -> None:
        async with listening(peer) as listener:
            if then is not None:
                await listener.up(1)
                await then(peer)
            assert listener.running is not None
            await listener.running

    run_watching(run())
    return peer


def test_wrong_keys_end_the_stream_at_its_start() -> None:
    """Keys that are refused before the stream was ever up are an error, not a loop of attempts."""
    with pytest.raises(CredentialsError, match="refuses the keys"):
        refused(lambda peer: setattr(peer, "login_refused", True))


def test_a_socket_that_refuses_us_for_good_ends_the_stream() -> None:
    """Codes 4000 to 4099 mean not to come back: the stream ends, whether it was up or not."""
    with pytest.raises(RefusalError, match="socket_4001"):
        refused(lambda peer: setattr(peer, "opening_error", 4001))

    async def tell(peer: Peer) -> None:
        await peer.say("pusher:error", {"code": 4009, "message": "unauthorized"})

    with pytest.raises(RefusalError, match="socket_4009"):
        refused(lambda _: None, tell)


def test_an_error_of_the_listener_comes_out() -> None:
    """What fails where the stream is listened to ends the stream with that error."""

    async def run() -> None:
        peer = Peer()
        async with listening(peer) as listener:

            def tell(record: Record) -> None:
                if isinstance(record, Message):
                    message = "full disk"
                    raise TapeError(message)

            await listener.stream.run(tell)

    with pytest.raises(TapeError, match="full disk"):
        run_watching(run())


@pytest.mark.slow
def test_an_exchange_that_is_not_there_is_tried_again() -> None:
    """Where no socket is to be had the stream says so and goes on trying, ever more slowly."""

    async def run() -> list[int]:
        peer = Peer()
        async with listening(peer) as listener:
            await listener.up(1)
            peer.closed = True
            peer.reset()
            await listener.until(lambda: len(listener.downs()) >= 5)
            peer.closed = False
            await listener.up(2)
        return [down.at_ns for down in listener.downs()]

    times = run_watching(run())
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses[3] > pauses[0]


def test_the_channels_are_those_of_the_peer() -> None:
    """What is heard says on which channel it came."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        await peer.change("tournament", {"info": {"id": 5}})
        await listener.until(lambda: listener.heard('"tournament"') and listener.heard("system"))

    channels = {
        record.frame.channel for record in streamed(scenario).records if isinstance(record, Message)
    }
    assert channels == {PUBLIC, PRIVATE}
