"""Where programs on this machine post prices: one address of loopback, nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from strategies.trading.model.errors import ConfigError

_HOST = "127.0.0.1"

# Takes what was posted, and returns how many prices it held, and how many lines that are none.
Take = Callable[[bytes], tuple[int, int]]


@asynccontextmanager
async def open_door(port: int, take: Take) -> AsyncIterator[str]:
    """Listen for as long as the context lasts, and give the address.

    Raise ConfigError where the port is taken. Who posts is answered how many lines were taken and
    how many could not be read; where there are such, with status 400.
    """

    async def post(request: web.Request) -> web.Response:
        # Browsers always say where a post comes from: no page may tell us prices.
        if "Origin" in request.headers:
            return web.json_response({"error": "not from a browser"}, status=403)
        taken, unreadable = take(await request.read())
        answer = {"taken": taken, "unreadable": unreadable}
        return web.json_response(answer, status=400 if unreadable else 200)

    application = web.Application()
    application.router.add_post("/", post)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await _listen(runner, port)
        yield f"http://{_HOST}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, _HOST, port).start()
    except OSError as error:
        message = f"reference.port: cannot listen on {port}: {error.strerror}"
        raise ConfigError(message) from None
