"""An HTTP address, on loopback only, to which programs of our user post prices."""

import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from recordings.writing import write_text
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.settings import LOOPBACK

# Receives the body of a request; returns how many lines are prices, and how many are not.
OnPost = Callable[[bytes], tuple[int, int]]

BODY_BYTES_MAX = 1 << 20
_HEADER = "Authorization"


@asynccontextmanager
async def listening(port: int, header_file: Path, on_post: OnPost) -> AsyncIterator[str]:
    """Listen for as long as the context lasts, and yield the address.

    A request needs the header that is written to `header_file`, which only our user can read, with
    a token that is new each time. Raise ConfigError if the port is in use, and WriteError if the
    file cannot be written. The response to a request counts the lines that were accepted and those
    that could not be read; if there are any of these, its status is 400.
    """
    header = f"Bearer {secrets.token_urlsafe(32)}"

    async def post(request: web.Request) -> web.Response:
        reason = _refusal(request, header)
        if reason is not None:
            return web.json_response({"error": reason}, status=HTTPStatus.FORBIDDEN)
        accepted, unreadable = on_post(await request.read())
        counts = {"taken": accepted, "unreadable": unreadable}
        return web.json_response(counts, status=400 if unreadable else 200)

    application = web.Application(client_max_size=BODY_BYTES_MAX)
    application.router.add_post("/", post)
    # Not decompressed: a small body could become a very long one.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1, auto_decompress=False)
    await runner.setup()
    try:
        await _listen(runner, port)
        write_text(header_file, f"{_HEADER}: {header}\n", private=True)
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
        header_file.unlink(missing_ok=True)


def _refusal(request: web.Request, header: str) -> str | None:
    """Return why a request is refused, None if it is not."""
    # Browsers name the origin of a request, and the host that a page led them to: no page may post.
    if "Origin" in request.headers:
        return "not from a browser"
    if request.host.rpartition(":")[0] not in (LOOPBACK, "localhost"):
        return f"not for another host than {LOOPBACK}"
    given = request.headers.get(_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), header.encode()):
        return "needs the header that the session wrote to reference.header"
    return None


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
    except OSError as error:
        message = f"reference.port: cannot listen on {port}: {error.strerror}"
        raise ConfigError(message) from None
