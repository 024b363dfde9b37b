"""Prints what comes of storms, a line for each: python -m tests.sim.core.storm_digests FIRST COUNT.

A storm draws its tape, queue model, latencies, faults, strategy, limits and fees from its seed. Run
with the plain core and with the compiled one, the lines must be the same.
"""

import sys
from hashlib import sha256

import sim  # noqa: F401 - first: it decides which core is loaded
from sim.core.core_loader import is_compiled
from tests.storms.storm import Storm


def line_of(seed: int) -> str:
    """Run a storm; return its commands, all that the desk received, and its money at the end."""
    storm = Storm(seed).run()
    received = sha256(repr(storm.received).encode()).hexdigest()
    ledger, digest = storm.desk.ledger, storm.journal.digest
    return (
        f"storm {seed}: {digest.commands} commands {digest.hexdigest()}, "
        f"{len(storm.received)} events {received}, {ledger.balance_cents} cents, "
        f"{storm.desk.decisions} decisions"
    )


def main(first: int, count: int) -> None:
    """Print which core runs, then a line for each storm."""
    sys.stdout.write("compiled\n" if is_compiled() else "plain\n")
    for seed in range(first, first + count):
        sys.stdout.write(f"{line_of(seed)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
