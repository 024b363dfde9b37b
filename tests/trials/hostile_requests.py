"""A trial: hostile requests at every endpoint of the sandbox.

Each must be answered in time by JSON and a status that is no failure of the server. Run it as

    python -m tests.trials.hostile_requests --size 15000 --seed 1
"""

import json
import sys

import aiohttp
from aiohttp import web
from numpy.random import Generator, default_rng

from strategies.trading.model.errors import RefusalError
from tests.event_loops import run_watching
from tests.live.corruption import garbled, mangled_body
from tests.live.local_sandbox import LocalSandbox, serve_sandbox
from tests.live.sandbox_messages import SandboxMessages, captured_messages
from tests.trials.hostile import HostileError, Tally, run_script

SPEED = 200
_VALUES = ("", "-1", "0", "1", "nan", "1e400", "9" * 400, "\x00", "\u202e", "a,b,,", "null", "[]")
_NAMES = [
    "limit", "next_cursor", "from", "to", "updated_at_from", "updated_at_to", "status", "x",
    "event_ids", "market_id", "tournament_id", "order_ids", "matching_status", "event_id",
]  # fmt: skip
_FORM = "application/x-www-form-urlencoded"
_TYPES = ("application/json", "text/html", _FORM, "x/y; charset=z", "multipart/form-data")
_TOKENS = ("", "Bearer", "Bearer ", "Bearer a.b.c", "Basic x", "Bearer " + "x" * 5_000)


class RequestMaker:
    """Sends hostile requests to one sandbox."""

    def __init__(self, here: LocalSandbox, messages: SandboxMessages, chance: Generator) -> None:
        """Log in as an account of its own."""
        login = {"access_key": "hostile", "secret_key": "hostile"}
        self._token = f"Bearer {here.server.sessions.login(login)['access_token']}"
        self._root = here.server.address
        self._bodies = list(messages.requests.values())
        self._chance = chance
        runner: web.AppRunner = here.server._runner
        assert runner.app is not None
        resources = [
            (route.method, route.resource.canonical)
            for route in runner.app.router.routes()
            if route.resource is not None
        ]
        self._routes = [each for each in resources if "{key}" not in each[1]]
        self._last: object = None

    def __repr__(self) -> str:
        """Return the last request."""
        return repr(self._last)

    async def send(self, client: aiohttp.ClientSession, number: int) -> None:
        """Send a request, to each route in turn; raise RefusalError if it is refused."""
        method, path = self._routes[number % len(self._routes)]
        item = self._one(_VALUES).replace("\x00", "%00") or "x"
        url = self._root + path.replace("{item}", item).replace("{path}", item)
        method = "GET" if method == "*" else method
        headers = {"Authorization": self._token, "Content-Type": self._one(_TYPES)}
        if self._chance.random() < 0.1:
            headers["Authorization"] = self._one(_TOKENS)
        body = self._body() if method == "POST" or self._chance.random() < 0.1 else None
        names = self._chance.choice(_NAMES, size=int(self._chance.integers(0, 4)))
        query = [(str(name), self._one(_VALUES)) for name in names]
        self._last = method, url, headers, query, body
        async with client.request(method, url, headers=headers, params=query, data=body) as reply:
            text = await reply.text()
        if reply.status >= 500:
            message = f"requests: {reply.status} {text[:500]}; of {self._last}"
            raise HostileError(message)
        if reply.status >= 400:
            answer = json.loads(text)
            raise RefusalError(str(answer["error"]), str(answer.get("message") or ""))

    def _one(self, values: tuple[str, ...]) -> str:
        return values[int(self._chance.integers(len(values)))]

    def _body(self) -> bytes:
        body = self._bodies[int(self._chance.integers(len(self._bodies)))]
        kind = self._chance.random()
        if kind < 0.6:
            return mangled_body(body, self._chance)
        if kind < 0.8:
            return garbled(body, self._chance)
        if kind < 0.9:
            return self._chance.bytes(int(self._chance.integers(0, 3_000)))
        return b"[" * int(self._chance.integers(1, 100_000))


def run_trial(size: int, seed: int, tally: Tally) -> None:
    """Send this many hostile requests to one sandbox."""
    chance = default_rng(seed)
    messages = captured_messages(serve_sandbox)

    async def scenario() -> None:
        async with serve_sandbox(SPEED, "+experiment=nba") as here:
            maker = RequestMaker(here, messages, chance)
            async with aiohttp.ClientSession() as client:
                with tally.measured("requests"):
                    for number in range(size):
                        with tally.attempt("requests", maker, (RefusalError,)):
                            await maker.send(client, number)

    run_watching(scenario(), 60 + size)


if __name__ == "__main__":
    sys.exit(run_script("hostile_requests", run_trial, sys.argv[1:]))
