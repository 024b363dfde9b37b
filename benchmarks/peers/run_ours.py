"""Runs one work with this project, the version on PYTHONPATH, in a process of its own.

`run_ours.py nobody TAPE` replays a recording, `run_ours.py trade TAPE SETTING ...` quotes it at the
touch under settings of the command line. Both print what `benchmarks.peers.measurements` reads.
"""

import sim  # noqa: F401, I001 - first: it decides which core is loaded

import json
import sys
from time import process_time
from typing import Any

from hydra import compose, initialize_config_dir

from benchmarks.backtest import CASES, run_case
from conf.compose import CONFIG_FOLDER, build_session


def nobody(tape: str) -> dict[str, Any]:
    """Replay a recording with nobody trading."""
    began = process_time()
    run_case(CASES[0], tape)
    return {"seconds": process_time() - began}


def trade(tape: str, settings: list[str]) -> dict[str, Any]:
    """Make one pass over a recording."""
    overrides = ["strategy=at_the_touch", "risk=open", f"recording.path={tape}", *settings]
    with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
        session: Any = build_session(compose("config", overrides))
    queue = session.queue()
    began = process_time()
    done = session.run_pass(queue)
    seconds = process_time() - began
    placed = done.journal.counts.wagers_placed
    # The version that is compared with counts the rest in the journal itself.
    counts = getattr(done, "wagers", done.journal.counts)
    # A count in that version, in this one what is known of each.
    fills = counts.fills if isinstance(counts.fills, int) else len(counts.fills)
    return {
        "seconds": seconds,
        "decisions": done.desk.decisions,
        "placed": placed,
        "cancelled": counts.ended["cancelled"],
        "fills": fills,
    }


if __name__ == "__main__":
    case, recording, *chosen = sys.argv[1:]
    print(json.dumps(nobody(recording) if case == "nobody" else trade(recording, chosen)))
