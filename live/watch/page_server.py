"""The server of the page: plain files, streams of the session's state, and an operator's words.

On loopback only. Every request needs one of the two tokens; without it the answer is 401 and
nothing else.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

import msgspec
from aiohttp import web

from live.watch.event_history import EventHistory
from live.watch.operator_words import OperatorWords, WordRequest
from live.watch.run_history import report_path, run_history
from live.watch.session_poll import EventPoll, SessionPoll
from live.watch.web_access import WebAccess, WebRole
from recordings.uplot import chart_script, chart_style
from strategies.trading.model.errors import ConfigError, TradingError
from strategies.trading.model.settings import LOOPBACK

_BODY_BYTES_MAX = 16_384
_MOST_STREAMS = 64
_PAGES = ("/", "/event/{event_id}", "/operator", "/history")
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# A report has its script and style inside; it gets an origin of its own, which can do nothing here.
_REPORT_HEADERS = {
    "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """Serves the page of one session to browsers of this machine."""

    def __init__(self, folder: Path, home: Path) -> None:
        """Show the session in a folder, and the runs and sessions of a home."""
        self.access = WebAccess()
        self._folder = folder
        self._home = home
        self._poll = SessionPoll(folder)
        self._history = EventHistory(folder)
        self._streams = 0
        self._files = {
            entry.name: entry.read_bytes()
            for entry in (files(__package__) / "page").iterdir()
            if Path(entry.name).suffix in _TYPES
        }
        self._files["uplot.js"] = chart_script().encode()
        self._files["uplot.css"] = chart_style().encode()

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[str]:
        """Serve for as long as the context lasts; yield the address.

        Raise ConfigError if the port is in use.
        """
        self._words = OperatorWords(self._folder, asyncio.get_running_loop().time)
        runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=0.5, auto_decompress=False
        )
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, LOOPBACK, port).start()
            except OSError as error:
                message = f"--port {port}: cannot listen there: {error.strerror}; name another"
                raise ConfigError(message) from None
            yield f"http://{LOOPBACK}:{runner.addresses[0][1]}/"
        finally:
            await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_BODY_BYTES_MAX, middlewares=[self._guard])
        routes = application.router
        for page in _PAGES:
            routes.add_get(page, self._page)
        routes.add_get("/files/{name}", self._file)
        routes.add_get("/api/role", self._role)
        routes.add_get("/api/session", self._session_stream)
        routes.add_get("/api/event/{event_id}/moment", self._event_moment)
        routes.add_get("/api/event/{event_id}/track", self._event_track)
        routes.add_get("/api/history", self._runs)
        routes.add_get("/report/{path:.+}", self._report)
        routes.add_post("/api/word", self._word)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Answer those alone who have a token; say nothing to others."""
        role = self.access.role_of(request)
        if role is None:
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        if "token" in request.query:
            return self.access.admit(request, role)
        try:
            response = await handler(request)
        except (ConfigError, TradingError) as error:
            response = _refused(str(error), HTTPStatus.BAD_REQUEST)
        if not response.prepared:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    # Files ------------------------------------------------------------------------------------

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.Response(
            body=self._files["page.html"], content_type="text/html", charset="utf-8"
        )

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self._files:
            return _refused("no such file", HTTPStatus.NOT_FOUND)
        kind = _TYPES[Path(name).suffix]
        return web.Response(body=self._files[name], content_type=kind, charset="utf-8")

    async def _role(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"role": self.access.role_of(request), "session": self._folder.name}
        )

    # Streams ----------------------------------------------------------------------------------

    async def _session_stream(self, request: web.Request) -> web.StreamResponse:
        """Send the session, and an event of it if one is named, until the browser leaves.

        Both in one stream: a browser opens only six to a server, over all of its tabs.
        """
        if self._streams >= _MOST_STREAMS:
            return _refused("too many pages are open", HTTPStatus.SERVICE_UNAVAILABLE)
        sources = {"session": self._poll.updates()}
        if "event" in request.query:
            sources["event"] = EventPoll(self._folder, request.query["event"]).updates()
        response = web.StreamResponse(headers=_HEADERS | {"Content-Type": "text/event-stream"})
        self._streams += 1
        try:
            await response.prepare(request)
            async with asyncio.TaskGroup() as tasks:
                for name, updates in sources.items():
                    tasks.create_task(_send(response, name, updates))
        except* (ConnectionResetError, OSError):
            # The browser has left.
            pass
        finally:
            self._streams -= 1
        return response

    # What was ---------------------------------------------------------------------------------

    async def _event_moment(self, request: web.Request) -> web.StreamResponse:
        at_ns = _number(request, "at")
        moment = await self._history.at(request.match_info["event_id"], at_ns)
        return _json(moment)

    async def _event_track(self, request: web.Request) -> web.StreamResponse:
        track = await self._history.track(
            request.match_info["event_id"], request.query.get("pair", "")
        )
        return _json(track)

    async def _runs(self, _: web.Request) -> web.StreamResponse:
        return _json(await asyncio.to_thread(run_history, self._home))

    async def _report(self, request: web.Request) -> web.StreamResponse:
        path = report_path(self._home, request.match_info["path"])
        if path is None:
            return _refused("no such report", HTTPStatus.NOT_FOUND)
        return web.FileResponse(path, headers=_REPORT_HEADERS)

    # Words ------------------------------------------------------------------------------------

    async def _word(self, request: web.Request) -> web.StreamResponse:
        if self.access.role_of(request) is not WebRole.OPERATOR:
            message = "this token may only look; operating needs the operator's address"
            return _refused(message, HTTPStatus.FORBIDDEN)
        # A form of another page cannot send this type without being asked about first.
        if request.content_type != "application/json":
            return _refused("send JSON", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            asked = msgspec.json.decode(await request.read(), type=WordRequest)
        except msgspec.MsgspecError as error:
            return _refused(f"not a request of this page: {error}", HTTPStatus.BAD_REQUEST)
        return _json(await self._words.answer(asked))


async def _send(
    response: web.StreamResponse, name: str, updates: AsyncGenerator[bytes, None]
) -> None:
    """Send updates as server-sent events of one name."""
    async with aclosing(updates):
        async for update in updates:
            await response.write(b"event: " + name.encode() + b"\ndata: " + update + b"\n\n")


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _refused(text: str, status: HTTPStatus) -> web.Response:
    return web.Response(
        text=json.dumps({"error": text}), status=status, content_type="application/json"
    )


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "")
    if not text.isdecimal():
        message = f"{name}={text[:40]!r}: name a time in nanoseconds"
        raise ConfigError(message)
    return int(text)
