"""The same wagers in an exact book, under our queue models and hftbacktest's, one by one.

The market is simulated order by order (`simulated_orders`), so that the true outcome of each wager
is known; it is replayed from its levels and trades alone. At a higher speed the same market happens
in less time, and more often does a trade come within the time in which ours pairs a trade with a
decrease. Prints the tables of docs/fills.md as Markdown.

hftbacktest is installed by pip into a folder, and reused from there; without it its rows are left
out.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.peers.environments import (
    HFTBACKTEST,
    PROJECT,
    Environment,
    InstallError,
    comparison_parser,
    environment_of,
)
from benchmarks.peers.measurements import measure_once
from benchmarks.peers.simulated_orders import Flow, order_flow, shadows_of, write_flow
from recordings.reader import Tape
from sim.crowd.calibration.queue_replay import UNDELAYED_RULES, outcomes_under
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.queue_models import Back, Front, Probable, Prorata, QueueModel

SECONDS, SPEEDS = 10_000.0, (0.1, 1.0, 10.0)
OURS: Mapping[str, QueueModel] = {
    "back": Back(),
    "prorata": Prorata(),
    "probable": Probable(power=3),
    "front": Front(),
}
# Models of hftbacktest by the power of their function, and ours that says the same of a cancel.
THEIRS = {"risk_averse": 0, "power 1": 1, "power 3": 3}
SAME_MODEL = {"back": "risk_averse", "prorata": "power 1", "probable": "power 3"}
# A wager of a dollar is half a unit of takers or up to two, of which a taker buys whole ones.
_LEAST_FILLED = 0.4
_RUN = str(Path(__file__).with_name("run_hftbacktest_fills.py"))

# When each wager was filled, zero if it was not.
FilledNs = np.ndarray


def exact(flow: Flow) -> FilledNs:
    """Return the true outcomes."""
    return np.array([wager.filled_ns or 0 for wager in flow.wagers], dtype=np.int64)


def ours(
    flow: Flow,
    model: QueueModel,
    folder: Path,
    *,
    quantities: bool = False,
    rules: ExchangeRules = UNDELAYED_RULES,
) -> FilledNs:
    """Return the outcomes at our exchange, from a recording that is written to a new folder."""
    write_flow(flow, folder, quantities=quantities)
    found = outcomes_under(model, Tape(folder), shadows_of(flow.wagers), rules)
    times = [
        fill.filled_ns if fill is not None and fill.filled >= _LEAST_FILLED else 0 for fill in found
    ]
    return np.array([at_ns or 0 for at_ns in times], dtype=np.int64)


def theirs(flow: Flow, environment: Environment, folder: Path) -> dict[str, FilledNs]:
    """Return the outcomes in hftbacktest by THEIRS; raise RunError if it fails."""
    stream, orders = folder / "stream.npy", folder / "orders.npy"
    np.save(stream, flow.events)
    rows = [(wager.side, wager.price, wager.joins_ns, wager.ends_ns) for wager in flow.wagers]
    np.save(orders, np.array(rows, dtype=np.int64))
    python = Environment(environment.python, PROJECT)
    powers = [str(power) for power in THEIRS.values()]
    measured = measure_once(python, [_RUN, str(stream), str(orders), *powers])
    found = (np.array(times, dtype=np.int64) for times in measured["filled_ns"])
    return dict(zip(THEIRS, found, strict=True))


def all_outcomes(flow: Flow, environment: Environment | None) -> dict[str, FilledNs]:
    """Return the outcomes of a market's wagers under every model of ours and of hftbacktest."""
    found: dict[str, FilledNs] = {}
    unpaired = replace(UNDELAYED_RULES, trade_pairing_ns=0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, model in OURS.items():
            found[name] = ours(flow, model, folder / name)
            found[_quantities(name)] = ours(flow, model, folder / f"{name} q", quantities=True)
            found[_unpaired(name)] = ours(flow, model, folder / f"{name} u", rules=unpaired)
        if environment is not None:
            found |= theirs(flow, environment, folder)
    return found


def _quantities(name: str) -> str:
    return f"{name}, with quantities"


def _unpaired(name: str) -> str:
    return f"{name}, no pairing time"


def differences(found: FilledNs, other: FilledNs) -> tuple[int, int, int, int]:
    """Return how many outcomes are the same, of the first alone, of the second alone, and later.

    The same are filled at the same moment, or not at all; those filled in both at different moments
    are counted last.
    """
    first, second = found > 0, other > 0
    same = int(np.count_nonzero(found == other))
    moved = int(np.count_nonzero(first & second & (found != other)))
    alone = (np.count_nonzero(first & ~second), np.count_nonzero(second & ~first))
    return same, int(alone[0]), int(alone[1]), moved


def market_line(flow: Flow, speed: float) -> str:
    """Return what a market is like."""
    span_s = (int(flow.events["at_ns"][-1]) - int(flow.events["at_ns"][0])) / 1e9
    ahead, behind, gone_ahead, gone_behind = flow.cancels.T.astype(np.float64)
    ratio = gone_ahead.sum() / ((gone_ahead + gone_behind) * ahead / (ahead + behind)).sum()
    return (
        f"Speed {speed:g}: {len(flow.events) / span_s:,.1f} rows a second, "
        f"{len(flow.wagers):,} wagers with {np.median([w.ahead for w in flow.wagers]):,.0f} units "
        f"ahead (median), {np.count_nonzero(exact(flow)):,} filled in the exact book; of a cancel, "
        f"{ratio:.2f} of prorata's part was ahead."
    )


def exact_table(flow: Flow, found: Mapping[str, FilledNs]) -> Iterator[str]:
    """Yield the lines of the table against the exact book: all wagers, and by the stake ahead."""
    true = exact(flow)
    ahead = np.array([wager.ahead for wager in flow.wagers])
    has_more = ahead > np.median(ahead)
    yield (
        "| queue | filled | than exact | with less ahead | with more ahead | only it fills "
        "| only exact fills | at another time |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name, filled_ns in found.items():
        biases = [
            f"{bias(filled_ns[of], true[of]):+.1f} %" for of in (slice(None), ~has_more, has_more)
        ]
        _, *apart = differences(filled_ns, true)
        counts = (f"{number:,}" for number in apart)
        yield f"| {' | '.join((name, f'{np.count_nonzero(filled_ns):,}', *biases, *counts))} |"


def bias(filled_ns: FilledNs, true_ns: FilledNs) -> float:
    """Return by how many per cent more wagers are filled."""
    return 100 * float(np.count_nonzero(filled_ns) / np.count_nonzero(true_ns) - 1)


def model_table(found: Mapping[str, FilledNs]) -> Iterator[str]:
    """Yield the lines of the table of our models against hftbacktest's."""
    yield "| ours | hftbacktest | the same | only ours fills | only theirs | at another time |"
    yield "|---|---|---|---|---|---|"
    for name, their_name in SAME_MODEL.items():
        for each in (name, _unpaired(name)):
            same, alone, missed, moved = differences(found[each], found[their_name])
            counted = f"{same:,} of {len(found[each]):,}"
            yield f"| {each} | {their_name} | {counted} | {alone} | {missed} | {moved} |"


def tables(
    seconds: float, speeds: Sequence[float], environment: Environment | None
) -> Iterator[str]:
    """Yield the lines of all tables."""
    for speed in speeds:
        flow = order_flow(seconds, speed)
        found = all_outcomes(flow, environment)
        yield from ("", market_line(flow, speed), "", *exact_table(flow, found), "")
        if environment is not None:
            yield from model_table(found)


def main() -> None:
    """Compare, and print the tables."""
    parser = comparison_parser("benchmarks.peers.fills", __doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"{SECONDS:g} unless given")
    options = parser.parse_args()
    try:
        environment = environment_of(HFTBACKTEST, options.environments.absolute())
    except InstallError as error:
        print(f"{HFTBACKTEST} is missing: {error}", file=sys.stderr)
        environment = None
    for line in tables(options.seconds, SPEEDS, environment):
        print(line)


if __name__ == "__main__":
    main()
