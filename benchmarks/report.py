"""How long the report of a run takes, and how large it is.

    python -m benchmarks.report RUN_FOLDER ...

Processor seconds, as wall time says more about what else runs: the median of seven, after one that
imports.
"""

import sys
from pathlib import Path
from statistics import median
from time import process_time

from sim.report.document import write_report

ROUNDS = 7


def measure(folder: Path) -> tuple[float, int]:
    """Return the median of processor seconds, and the bytes of the page."""
    write_report(folder)
    taken = []
    for _ in range(ROUNDS):
        began = process_time()
        path = write_report(folder)
        taken.append(process_time() - began)
    return median(taken), path.stat().st_size


def main() -> None:
    """Measure every folder that is named."""
    for name in sys.argv[1:]:
        seconds, size = measure(Path(name))
        print(f"{name}: {seconds:.3f} s, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
