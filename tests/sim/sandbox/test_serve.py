"""`python -m sim serve`: its source and times, its output, and its end."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import aiohttp
import pytest

from conf.compose import build_session
from recordings.reader import open_recording
from sim.sandbox.sandbox import Sandbox
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market import EventStatus
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose, Sim

BUILD = ("mode=serve", "sandbox.port=0")


def built(compose_settings: Compose, *settings: str) -> Sandbox:
    """Return a sandbox with these settings."""
    session: Sandbox = build_session(compose_settings(*settings))
    return session


async def login(http: aiohttp.ClientSession, root: str) -> dict[str, str]:
    """Return the headers of an account that logged in."""
    body = {"access_key": "maker", "secret_key": "secret"}
    async with http.post(f"{root}/auth/login", json=body) as response:
        token = (await response.json())["data"]["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_a_recording_begins_before_its_game(compose_settings: Compose) -> None:
    """The sandbox starts the set time before the scheduled start, with earlier rows replayed."""

    async def scenario() -> None:
        session = built(compose_settings, *BUILD, "sandbox.begin_minutes_before_start=10")
        async with session.opened() as server, aiohttp.ClientSession() as http:
            (event,) = server.shifted_exchange.info.events
            minutes = (event.scheduled_ns - server.shifted_exchange.clock.now_ns()) / (
                60 * NS_PER_SECOND
            )
            assert 9 < minutes <= 10
            root = f"{server.address}/partner"
            headers = await login(http, root)
            url = f"{root}/v4/mm/get_markets?event_id={event.event_id}"
            async with http.get(url, headers=headers) as response:
                markets = (await response.json())["data"]["markets"]
            prices = [outcome[0]["price"] for outcome in markets[0]["selections"]]
            assert None not in prices

    run_watching(scenario())


@pytest.mark.slow
def test_time_passes_at_the_speed_of_the_settings(compose_settings: Compose) -> None:
    """At two hundred times real time the game starts within seconds."""

    async def scenario() -> None:
        session = built(
            compose_settings, *BUILD, "sandbox.speed=200", "sandbox.begin_minutes_before_start=2"
        )
        async with session.opened() as server:
            (event,) = server.shifted_exchange.info.events
            markets = server.shifted_exchange.exchange.markets
            await until(lambda: markets.event_status_of(0) == EventStatus.LIVE)
            assert server.shifted_exchange.clock.now_ns() >= event.scheduled_ns

    run_watching(scenario())


def test_a_file_without_a_certificate_is_refused(compose_settings: Compose) -> None:
    """A certificate that cannot be used is named before the sandbox listens."""

    async def scenario() -> None:
        async with built(compose_settings, *BUILD, "sandbox.certificate=no.pem").opened():
            pytest.fail("it listens")

    with pytest.raises(ConfigError, match=r"sandbox\.certificate: no\.pem"):
        run_watching(scenario())


def test_a_crowd_can_be_served(compose_settings: Compose) -> None:
    """With feed=crowd the makers of a simulated crowd offer, and an account can match them."""

    async def scenario() -> None:
        settings = ("feed=crowd", "feed.opens_before_hours=1", "sandbox.speed=50")
        session = built(compose_settings, *BUILD, *settings)
        async with session.opened() as server, aiohttp.ClientSession() as http:
            root = f"{server.address}/partner/v4/mm"
            headers = await login(http, f"{server.address}/partner")
            (event,) = server.shifted_exchange.info.events
            url = f"{root}/get_markets?event_id={event.event_id}"
            async with http.get(url, headers=headers) as response:
                moneyline = (await response.json())["data"]["markets"][0]
            level = moneyline["selections"][0][0]
            body: dict[str, Any] = {"external_id": "q-1", "order_strategy": "fillOrKill"}
            # So short that a level that moves meanwhile is still matched.
            body |= {"strike_id": level["strike_id"], "price": -25000, "quantity": 100}
            async with http.post(f"{root}/submit_order", headers=headers, json=body) as response:
                order = (await response.json())["data"]["order"]
            while order["filled_quantity"] == 0:
                url = f"{root}/get_order/{order['order_id']}"
                async with http.get(url, headers=headers) as response:
                    order = (await response.json())["data"]

    run_watching(scenario())


@pytest.mark.slow
def test_a_port_in_use_is_a_one_line_error(compose_settings: Compose) -> None:
    """A second sandbox at the same port is refused, naming the setting."""
    from strategies.trading.model.errors import ConfigError  # noqa: PLC0415

    async def scenario() -> None:
        async with built(compose_settings, *BUILD).opened() as server:
            port = server.address.rpartition(":")[2]
            second = built(compose_settings, "mode=serve", f"sandbox.port={port}")
            with pytest.raises(ConfigError, match=r"sandbox\.port: cannot listen on"):
                await second.opened().__aenter__()

    run_watching(scenario())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("sandbox.host=0.0.0.0", "0.0.0.0"),
        ("sandbox.port=70000", "sandbox.port"),
        ("sandbox.speed=0", "sandbox.speed"),
        ("sandbox.begin_minutes_before_start=-1", "sandbox.begin_minutes_before_start"),
        ("sandbox.most_sessions=half", "sandbox.most_sessions"),
        ("clock=virtual", "clock=wall"),
        ("recording.path=nowhere", "nowhere"),
        ("--multirun", "no such option"),
    ],
)
def test_invalid_settings_are_a_one_line_error(sim: Sim, setting: str, expected: str) -> None:
    """An invalid setting ends with status 2 and one line that names it, and leaves no folder."""
    outcome = sim("serve", "+experiment=nba", setting)
    assert (outcome.status, outcome.out) == (2, [])
    (line,) = outcome.err
    assert expected in line


@pytest.mark.slow
def test_serve_prints_its_address_and_ends_when_interrupted() -> None:
    """A process prints its address and source, responds there, and ends cleanly on Ctrl-C."""

    async def scenario() -> tuple[int | None, list[str]]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sim", "serve", "+experiment=nba", "sandbox.port=0"),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        printed: list[str] = []
        try:
            while "Ctrl-C ends it" not in printed:
                line = await process.stdout.readline()
                assert line, printed
                printed.append(line.decode().rstrip())
            root = printed[0].removeprefix("address  ")
            async with aiohttp.ClientSession() as http:
                headers = await login(http, root)
                async with http.get(f"{root}/v4/mm/get_balance", headers=headers) as response:
                    printed.append(json.dumps((await response.json())["data"]["balance"]))
            process.send_signal(signal.SIGINT)
            printed.append((await process.stdout.read()).decode().strip())
        finally:
            if process.returncode is None and printed[-1:] != ["ended"]:
                process.kill()
        return await process.wait(), printed

    status, printed = run_watching(scenario())
    assert status == 0
    assert printed[-2:] == ["10000", "ended"]
    text = "\n".join(printed)
    assert "plays    nba (simulated) at speed 1" in text
    assert open_recording("nba").info.events[0].name in text
