"""Requests and sockets over TLS, as at ProphetX: checked by name, and closed as reliably."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from live.prophetx.rest.transport import Transport, trusted_context
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError, UnreachableError
from tests.event_loops import run_watching
from tests.live.scripted_server import ScriptedServer, serving
from tests.live.socket_messages import (
    StreamRecorder,
    broken_off,
    closed_cleanly,
    end_of,
    five_hundred_messages,
    readers,
    recording_stream,
    streamed,
)


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


def test_messages_arrive_over_tls(certificate: ssl.SSLContext) -> None:
    """Connection and messages are the same as without TLS."""
    recorder = streamed(five_hundred_messages, certificate=certificate)
    changes = recorder.changes('"tournament"')
    assert [body.info.id for _, body in changes] == list(range(500))
    assert recorder.downs() == []


async def frozen(server: ScriptedServer) -> None:
    """Freeze the server without closing the socket."""
    server.freeze()


@pytest.mark.slow
@pytest.mark.parametrize("fault", [frozen, broken_off, closed_cleanly])
def test_an_ended_tls_socket_is_replaced(
    certificate: ssl.SSLContext, fault: Callable[[ScriptedServer], Awaitable[None]]
) -> None:
    """However it ends, the gap is reported, the next comes up, and no old thread is left."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        threads = readers()
        await fault(server)
        await recorder.until(recorder.downs)
        server.thaw()
        await recorder.up(2)
        await end_of(threads)

    recorder = streamed(scenario, certificate=certificate)
    assert len(recorder.downs()) == 1


def test_stopping_ends_the_socket(certificate: ssl.SSLContext) -> None:
    """Cancelling the stream ends it and its thread, whatever the socket is doing."""

    async def scenario(server: ScriptedServer, recorder: StreamRecorder) -> None:
        server.freeze()
        threads = readers()
        await recorder.stop()
        await end_of(threads)

    streamed(scenario, certificate=certificate)


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_unreadable_authorities_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    """A missing or invalid file is named before any request is sent."""
    path = tmp_path / "authorities.pem"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigError, match=f"SSL_CERT_FILE: {path} has no certificates"):
        trusted_context()


async def ask(server: ScriptedServer) -> None:
    """Make one request to a server."""
    async with serving(server), Transport(server.endpoint, WallClock()) as transport:
        await transport.ask("GET", "v4/mm/get_balance")


def test_a_server_of_another_name_is_refused(authority: trustme.CA) -> None:
    """A certificate of another name is reported, and no request is sent."""
    server = ScriptedServer(certificate=certified(authority, "somebody.else"))
    with pytest.raises(UnreachableError, match="certificate"):
        run_watching(ask(server))


@pytest.mark.usefixtures("authority")
def test_a_server_of_an_unknown_authority_is_refused() -> None:
    """A certificate of an unknown authority is reported with the remedy, and nothing is sent."""
    with pytest.raises(UnreachableError, match=r"SSL_CERT_FILE must name a file"):
        run_watching(ask(ScriptedServer(certificate=certified(trustme.CA()))))


def test_an_expired_certificate_is_named_as_that(authority: trustme.CA) -> None:
    """Another authority would not help, so none is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    expired = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("127.0.0.1", not_after=expired).configure_cert(context)
    with pytest.raises(UnreachableError, match="certificate has expired") as raised:
        run_watching(ask(ScriptedServer(certificate=context)))
    assert "SSL_CERT_FILE" not in str(raised.value)


@pytest.mark.parametrize("has_tls", [True, False])
def test_a_sandbox_that_speaks_the_other_protocol_is_named_with_the_remedy(
    certificate: ssl.SSLContext, has_tls: bool
) -> None:
    """http to a sandbox with a certificate, and https to one without, name its setting."""

    async def run() -> None:
        async with serving(ScriptedServer(certificate=certificate if has_tls else None)) as server:
            scheme = "http" if has_tls else "https"
            root = f"{scheme}://127.0.0.1:{server.port}"
            endpoint = replace(server.endpoint, root=root)
            async with Transport(endpoint, WallClock()) as transport:
                await transport.ask("GET", "v4/mm/get_balance")

    with pytest.raises(UnreachableError, match=r"sandbox\.certificate, as http"):
        run_watching(run())


def test_a_socket_of_an_unknown_authority_is_not_opened(certificate: ssl.SSLContext) -> None:
    """If only the socket's certificate is unknown, that is the reported reason."""

    async def run() -> StreamRecorder:
        server = ScriptedServer(certificate=certificate)
        elsewhere = ScriptedServer(certificate=certified(trustme.CA()))
        async with serving(elsewhere), recording_stream(server) as recorder:
            await recorder.up(1)
            server.ws_host = f"127.0.0.1:{elsewhere.port}"
            await broken_off(server)
            await recorder.until(lambda: len(recorder.downs()) == 2)
        return recorder

    assert "certificate" in run_watching(run()).downs()[-1].reason.lower()
