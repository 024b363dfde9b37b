"""Measures live sessions over loopback, each part in its own process: python -m benchmarks.live

Prints the tables of docs/performance.md: a session that trades (benchmarks/reaction.py), a recorder
that receives frames through a real socket, and `check` from the shell and back. Only the exchange
is simulated: `python -m live` is run as a person would run it. Memory and processor time are read
from /proc.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import statistics
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from hydra import compose, initialize_config_dir

from benchmarks.backtest import write_busy_tape
from benchmarks.processes import Watched, let_pass, said, started
from benchmarks.reaction import SECONDS, STEPS, react
from conf.compose import CONFIG_FOLDER, build_session
from recordings.reader import Tape
from recordings.tape import Kind
from sim.sandbox.api_versions import V4
from sim.sandbox.market_views import MarketViews
from sim.sandbox.pusher_frames import exchange_frame
from sim.sandbox.serializers import Json, dollars
from sim.sandbox.server import Server
from sim.sandbox.wire_ids import WireIds

# Frames a second, and for how many seconds.
LOADS = ((1_000, 15), (5_000, 60))
PAIRS = 100
CHECKS = 7

# The n-th frame offers n cents more than this: no other offer is as large, and none is equal.
FIRST_CENTS = 1_000_000

_BEGINS = "begins"
_BURST_SECONDS = 0.005
_SAMPLE_SECONDS = 1.0
_START_SECONDS = 3.0
# What was sent must be on the tape within this time after the last frame.
_GRACE_SECONDS = 2.0


# The exchange: our sandbox, which sends only the frames that are counted ----------------------


class Sender:
    """Sends a sandbox's subscribers, at a steady rate, changes of one level of a pair."""

    def __init__(self, server: Server) -> None:
        """Prepare one message for every pair, of which one amount changes each time."""
        info, exchange = server.shifted_exchange.info, server.shifted_exchange.exchange
        self._server = server
        self._wire_ids = WireIds(info)
        views = MarketViews(info, self._wire_ids, exchange)
        self._event = f"tournament_{views.tournament_of(info.events[0].event_id)}"
        self._messages = [
            (
                V4.offers_channel(self._wire_ids.event_ids[pair.first.event_id]),
                self._message(pair, on),
            )
            for pair, on in (
                (pair, views.selections(pair)) for pair in views.catalogue.pairs.values()
            )
        ]
        self.sent = 0

    async def send(self, rate: int, seconds: int) -> float:
        """Send; return how long it took, which exceeds `seconds` if this process is too slow."""
        channel = self._messages[-1][0]
        while not self._server.hub.has_subscribers(channel):
            await asyncio.sleep(0.05)
        await asyncio.sleep(_START_SECONDS)
        print(_BEGINS, flush=True)
        began = perf_counter()
        while self.sent < rate * seconds:
            due = min(int((perf_counter() - began) * rate), rate * seconds)
            while self.sent < due:
                self._send_one()
            await asyncio.sleep(_BURST_SECONDS)
        return perf_counter() - began

    def frame_bytes(self) -> int:
        """Return the length of a frame on the socket in bytes."""
        channel, message = self._messages[0]
        frame = exchange_frame(self._event, channel, "market_selections", "u", 10**18, message)
        return len(frame)

    def _message(self, pair: Any, selections: list[list[Json]]) -> Json:
        market = self._wire_ids.market_ids[pair.market_key]
        return {
            "sport_event_id": self._wire_ids.event_ids[pair.first.event_id],
            "market_id": market,
            "info": {
                "id": market,
                "name": "Moneyline",
                "type": "moneyline",
                "strike": 0,
                "sequence_number": 0,
                "selections": selections,
            },
        }

    def _send_one(self) -> None:
        channel, message = self._messages[self.sent % len(self._messages)]
        now_ns = self._server.shifted_exchange.clock.now_ns()
        message["info"]["sequence_number"] = now_ns
        message["info"]["selections"][0][0]["value"] = dollars(FIRST_CENTS + self.sent)
        self._server.hub.send(channel, self._event, "market_selections", "u", now_ns, message)
        self.sent += 1


async def be_exchange(recording: str, rate: int, seconds: int) -> None:
    """Serve a recording, send the frames to the subscribers, and print the figures."""
    words = ["mode=serve", "sandbox.port=0", f"recording.path={recording}"]
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        session = build_session(compose("config", words))
    async with session.opened() as server:
        print(server.address, flush=True)
        sender = Sender(server)
        took = await sender.send(rate, seconds)
        figures = {"sent": sender.sent, "seconds": took, "frame_bytes": sender.frame_bytes()}
        print(json.dumps(figures), flush=True)
        # It serves until it is ended, so that the recorder keeps its socket meanwhile.
        await asyncio.Event().wait()


# The recorder: python -m live record ------------------------------------------------------------


def record(rate: int, seconds: int) -> dict[str, Any]:
    """Record an exchange that sends `rate` frames a second; return what was measured."""
    with tempfile.TemporaryDirectory() as scratch:
        busy = str(Path(scratch) / "busy")
        write_busy_tape(Path(busy), 20 * PAIRS, PAIRS)
        load = ("--rate", str(rate), "--seconds", str(seconds), "--recording", busy)
        exchange_command = ("-m", "benchmarks.live", "--case", "exchange", *load)
        with started(*exchange_command, folder=scratch) as exchange:
            port = urlsplit(said(exchange)).port
            recorder_command = ("-m", "live", "record", f"sandbox.port={port}")
            with started(*recorder_command, folder=scratch) as recorder:
                watched = Watched(recorder)
                sent = json.loads(_watch(exchange, watched, seconds))
                let_pass(recorder, _GRACE_SECONDS)
                recorder.send_signal(signal.SIGINT)
                lines = recorder.communicate()[0].splitlines()
        return {**sent, **_used(watched), **_on_tape(Path(lines[-1]), sent["sent"])}


def _watch(exchange: subprocess.Popen[str], watched: Watched, seconds: int) -> str:
    """Sample a process while the frames are sent; return the exchange's last line."""
    assert said(exchange) == _BEGINS
    watched.sample()
    for _ in range(int(seconds / _SAMPLE_SECONDS)):
        let_pass(watched.process, _SAMPLE_SECONDS)
        watched.sample()
    return said(exchange)


def _used(watched: Watched) -> dict[str, float]:
    third = len(watched.memory_mib) // 3
    peaks = [max(watched.memory_mib[at : at + third]) for at in (0, third, 2 * third)]
    used = watched.processor_seconds[-1] - watched.processor_seconds[0]
    share = used / (_SAMPLE_SECONDS * (len(watched.processor_seconds) - 1))
    return {"early_mib": peaks[0], "middle_mib": peaks[1], "late_mib": peaks[2], "share": share}


def _on_tape(folder: Path, sent: int) -> dict[str, float]:
    """Return how many of the frames are on a tape, and how long each was on its way."""
    there: list[int] = []
    on_its_way_ms: list[float] = []
    for chunk in Tape(folder).chunks():
        for row in chunk.rows():
            if row.kind == Kind.OFFER and row.amount_cents >= FIRST_CENTS:
                there.append(row.amount_cents - FIRST_CENTS)
                on_its_way_ms.append((row.received_ns - row.exchange_ns) / 1e6)
    assert there == sorted(there), "frames are out of order"
    median, late = np.percentile(on_its_way_ms, (50, 99))
    raw = sum(file.stat().st_size for file in folder.glob("raw-*"))
    return {
        "lost": sent - len(set(there)),
        "doubled": len(there) - len(set(there)),
        "median_ms": float(median),
        "late_ms": float(late),
        "latest_ms": max(on_its_way_ms),
        "raw_bytes": raw / sent,
    }


# check: python -m live check ----------------------------------------------------------------------


def check() -> list[float]:
    """Return how long `check` took against the sandbox, from the shell and back, in seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        served = ("-m", "sim", "serve", "+experiment=nba", "sandbox.port=0")
        with started(*served, folder=scratch) as sandbox:
            port = urlsplit(said(sandbox).split()[1]).port
            return [_check_once(scratch, f"sandbox.port={port}") for _ in range(CHECKS)]


def _check_once(folder: str, where: str) -> float:
    began = perf_counter()
    with started("-m", "live", "check", where, folder=folder) as process:
        process.communicate()
        assert process.returncode == 0, "check found something wrong"
        return perf_counter() - began


def main() -> None:
    """Measure everything, or serve as the exchange of a recorder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=("exchange",))
    parser.add_argument("--recording")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--seconds", type=int)
    options = parser.parse_args()
    if options.case:
        asyncio.run(be_exchange(options.recording, options.rate, options.seconds))
        return
    loads = [(options.rate, options.seconds)] if options.rate and options.seconds else LOADS
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"load before: {os.getloadavg()[0]:.1f}\n", flush=True)
    _print_reactions(react())
    _print_checks(check())
    _print_recordings(loads)
    print(f"\nload at the end: {os.getloadavg()[0]:.1f}")


def _print_reactions(measured: dict[str, Any]) -> None:
    steps = np.array(measured["steps_ms"])
    print("| from frame to request, ms | median | 90 % | 99 % | most |\n|---|---|---|---|---|")
    _print_ms("in all", steps.sum(axis=1))
    for name, took in zip(STEPS, steps.T, strict=True):
        _print_ms(f"- {name}", took)
    _print_ms("a commit, nothing else going on", measured["commits_ms"])
    print(
        f"\n{measured['frames'] / SECONDS:.0f} frames and {measured['requests'] / SECONDS:.0f} "
        f"requests a second, {len(steps)} frames that led to one; {measured['share']:.0%} of a "
        "core\n",
        flush=True,
    )


def _print_ms(name: str, took: Any) -> None:
    figures = (f"{figure:.2f}" for figure in np.percentile(took, (50, 90, 99, 100)))
    print(f"| {name} | {' | '.join(figures)} |")


def _print_checks(took: list[float]) -> None:
    print("| check, from the shell and back | fastest | median | slowest |\n|---|---|---|---|")
    print(
        f"| {CHECKS} times, s | {min(took):.2f} | {statistics.median(took):.2f} | {max(took):.2f} |"
        "\n",
        flush=True,
    )


def _print_recordings(loads: Any) -> None:
    print(
        "| frames/s | seconds | frames | bytes each | lost | doubled "
        "| on the way, ms: median | 99 % | most | of a core "
        "| MiB: first third | second | last | raw text, bytes |",
        flush=True,
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for rate, seconds in loads:
        m = record(rate, seconds)
        print(
            f"| {m['sent'] / m['seconds']:,.0f} | {m['seconds']:.1f} | {m['sent']:,} "
            f"| {m['frame_bytes']:,} | {m['lost']} | {m['doubled']} "
            f"| {m['median_ms']:.2f} | {m['late_ms']:.2f} | {m['latest_ms']:.1f} "
            f"| {m['share']:.0%} | {m['early_mib']:.0f} | {m['middle_mib']:.0f} "
            f"| {m['late_mib']:.0f} | {m['raw_bytes']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
