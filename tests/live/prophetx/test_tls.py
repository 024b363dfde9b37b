"""Requests and sockets over TLS, as ProphetX has them: trusted by name, and ended as surely."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from live.prophetx.rest.transport import Transport, trusted
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError, UnreachableError
from tests.event_loops import run_watching
from tests.live.socket_messages import (
    Listener,
    broken_off,
    closed_cleanly,
    end_of,
    five_hundred_messages,
    listening,
    readers,
    streamed,
)
from tests.live.socket_peer import Peer, serving


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Return an authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


def certified(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """Return how a server shows that it is who it says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    """Return the certificate of a server on this machine."""
    return certified(authority)


def test_what_is_said_over_tls_is_heard(certificate: ssl.SSLContext) -> None:
    """The way in and the messages are the same as without."""
    listener = streamed(five_hundred_messages, certificate=certificate)
    heard = listener.heard('"tournament"')
    assert [body.info.id for _, body in heard] == list(range(500))
    assert listener.downs() == []


async def frozen(peer: Peer) -> None:
    """Let the peer stop without a word, until it is noticed."""
    peer.freeze()


@pytest.mark.slow
@pytest.mark.parametrize("fault", [frozen, broken_off, closed_cleanly])
def test_a_socket_that_ends_is_followed_by_another(
    certificate: ssl.SSLContext, fault: Callable[[Peer], Awaitable[None]]
) -> None:
    """However it ends, the gap is told, the next comes up, and no thread of the old one is left."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        threads = readers()
        await fault(peer)
        await listener.until(listener.downs)
        peer.thaw()
        await listener.up(2)
        await end_of(threads)

    listener = streamed(scenario, certificate=certificate)
    assert len(listener.downs()) == 1


def test_stopping_ends_the_socket(certificate: ssl.SSLContext) -> None:
    """Cancelling the stream ends it and its thread, whatever the socket is doing."""

    async def scenario(peer: Peer, listener: Listener) -> None:
        peer.freeze()
        threads = readers()
        await listener.stop()
        await end_of(threads)

    streamed(scenario, certificate=certificate)


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    """A file that is not there, or holds something else, is named before anybody is asked."""
    path = tmp_path / "authorities.pem"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigError, match=f"SSL_CERT_FILE: {path} has no certificates"):
        trusted()


async def ask(peer: Peer) -> None:
    """Ask a peer for the least."""
    async with serving(peer), Transport(peer.site, WallClock()) as transport:
        await transport.ask("GET", "v4/mm/get_balance")


def test_a_server_of_another_name_is_not_asked(authority: trustme.CA) -> None:
    """A certificate for somebody else is told, and nothing is said to who shows it."""
    peer = Peer(certificate=certified(authority, "somebody.else"))
    with pytest.raises(UnreachableError, match="certificate"):
        run_watching(ask(peer))


@pytest.mark.usefixtures("authority")
def test_a_server_that_nobody_vouches_for_is_not_asked() -> None:
    """A certificate of an authority that we do not know is told, and nothing is said there."""
    with pytest.raises(UnreachableError, match="certificate"):
        run_watching(ask(Peer(certificate=certified(trustme.CA()))))


def test_a_socket_that_nobody_vouches_for_is_not_opened(certificate: ssl.SSLContext) -> None:
    """Where only the socket's certificate is a stranger's, that is told as why it is down."""

    async def run() -> Listener:
        peer = Peer(certificate=certificate)
        elsewhere = Peer(certificate=certified(trustme.CA()))
        async with serving(elsewhere), listening(peer) as listener:
            await listener.up(1)
            peer.ws_host = f"127.0.0.1:{elsewhere.port}"
            await broken_off(peer)
            await listener.until(lambda: len(listener.downs()) == 2)
        return listener

    assert "certificate" in run_watching(run()).downs()[-1].reason.lower()
