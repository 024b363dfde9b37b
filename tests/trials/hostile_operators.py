"""A trial: random requests at the socket of a running session, most of them nonsense.

Each must be answered by one line of JSON in time; the session must go on, its memory stay bounded,
nothing be open after its end, and a replay agree. Run it as

    python -m tests.trials.hostile_operators --size 100000 --seed 1
"""

import asyncio
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from numpy.random import Generator, default_rng

from conf.compose import build_parts
from live.session.control.control_words import USAGE
from recordings.control_address import SOCKET_NAME, ControlResponse
from recordings.local_socket import address_of
from tests.conftest import composed
from tests.live.session.controlled_session import ControlledSession
from tests.trials.command_line import print_line, trial_parser

WORDS = ("mode=live", "strategy.quote_refresh_seconds=0", "strategy.default_stake=10")
# The longest that a person waits for an answer.
ANSWER_SECONDS = 5.0
_LONGEST = 6_000
_ARGUMENTS = (
    *(
        "1",
        "A at H",
        "moneyline",
        "all",
        "H",
        "",
        "\x00",
        "\u202e",
        "a" * 500,
        "../..",
        "%s",
        "null",
    ),
    *("risk.min_stake=0", "risk.max_event_exposure=5", "risk.max_event_exposure=-5", "risk.=1"),
    *("risk.in_play=true", "risk.shortest_odds=50", "risk.max_stake_per_wager=1e308"),
    *("strategy.spread_margin=0.01", "strategy.spread_margin=nan", "strategy.default_stake=inf"),
    *("strategy.__init__=1", "=", "a=b=c", "risk.max_daily_loss=9" + "9" * 400),
)


class Held(NamedTuple):
    """What came of the requests: how many of each kind, the slowest answer, the memory."""

    outcomes: Counter[str]
    slowest_seconds: float
    added_kibibytes: int
    replayed_commands: int


def request_from(chance: Generator) -> bytes:
    """Return a request: random bytes, a line without end, or random words."""
    kind = chance.random()
    if kind < 0.2:
        return chance.bytes(int(chance.integers(0, _LONGEST)))
    if kind < 0.25:
        return b"[" * int(chance.integers(1, _LONGEST))
    verbs = (*USAGE, "", "haltt", "__class__")
    words = [verbs[int(chance.integers(len(verbs)))]]
    places = chance.integers(len(_ARGUMENTS), size=int(chance.integers(0, 4)))
    words += [_ARGUMENTS[int(place)] for place in places]
    line = msgspec.json.encode(words)
    return line + b"\n" if kind < 0.95 else line[: len(line) // 2]


async def outcome_of(path: Path, request: bytes) -> str:
    """Return how the session answers a request; raise an error if not by one line in time."""
    async with asyncio.timeout(ANSWER_SECONDS):
        with address_of(path) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=1 << 24)
        try:
            writer.write(request)
            writer.write_eof()
            await writer.drain()
        except OSError:
            # It had read enough, and is answering already.
            pass
        try:
            line = await reader.readline()
        except ConnectionResetError:
            return "cut off"
        finally:
            writer.transport.abort()
    response = msgspec.json.decode(line, type=ControlResponse)
    assert response.lines, "an answer has lines"
    assert not response.refused or len(response.lines) == 1, response.lines
    return "refused" if response.refused else "done"


def run_trial(size: int, seed: int, home: Path) -> Held:
    """Send this many requests to one session; raise AssertionError for what does not hold."""
    chance = default_rng(seed)
    outcomes: Counter[str] = Counter()
    slowest, before, after = 0.0, 0, 0

    async def scenario(session: ControlledSession) -> None:
        nonlocal slowest, before, after
        loop, path = asyncio.get_running_loop(), session.folder / SOCKET_NAME
        before = _peak_kibibytes()
        for _ in range(size):
            began = loop.time()
            outcomes[await outcome_of(path, request_from(chance))] += 1
            slowest = max(slowest, loop.time() - began)
        after = _peak_kibibytes()
        assert (await session.say("status"))[0].startswith("session ")

    controlled = ControlledSession(build_parts(composed(*WORDS)), home)
    controlled.run(scenario, seconds=60 + size)
    assert controlled.lines[-1] == "nothing is open at toy"
    assert controlled.toy.open_wagers == {}
    commands = controlled.replayed_commands(1)
    return Held(outcomes, slowest, after - before, commands)


def table(size: int, seed: int, held: Held) -> list[str]:
    """Return the result as lines."""
    counts = ", ".join(f"{count} {kind}" for kind, count in held.outcomes.most_common())
    return [
        f"requests           {size}, seed {seed}: {counts}",
        f"slowest answer     {1_000 * held.slowest_seconds:.0f} ms",
        f"memory             {held.added_kibibytes} KiB more at its peak",
        f"replay             {held.replayed_commands} commands, as in the journal",
        "nothing is open after the end",
    ]


def _peak_kibibytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(words: Sequence[str]) -> int:
    """Run the trial that the arguments ask for."""
    parser = trial_parser("hostile_operators")
    parser.add_argument("--size", type=int, default=1_000, help="how many requests are sent")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="operators-") as folder:
        held = run_trial(given.size, given.seed, Path(folder))
    print_line("\n".join(table(given.size, given.seed, held)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
