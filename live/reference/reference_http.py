"""An HTTP address, on loopback only, to which programs on this machine post prices."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from strategies.trading.model.errors import ConfigError
from strategies.trading.model.settings import LOOPBACK

# Receives the body of a request; returns how many lines are prices, and how many are not.
OnPost = Callable[[bytes], tuple[int, int]]


@asynccontextmanager
async def listening(port: int, on_post: OnPost) -> AsyncIterator[str]:
    """Listen for as long as the context lasts, and yield the address.

    Raise ConfigError if the port is in use. The response to a request counts the lines that were
    accepted and those that could not be read; if there are any of these, its status is 400.
    """

    async def post(request: web.Request) -> web.Response:
        # Browsers always name the origin of a request: no web page may post prices.
        if "Origin" in request.headers:
            return web.json_response({"error": "not from a browser"}, status=403)
        accepted, unreadable = on_post(await request.read())
        counts = {"taken": accepted, "unreadable": unreadable}
        return web.json_response(counts, status=400 if unreadable else 200)

    application = web.Application()
    application.router.add_post("/", post)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await _listen(runner, port)
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
    except OSError as error:
        message = f"reference.port: cannot listen on {port}: {error.strerror}"
        raise ConfigError(message) from None
