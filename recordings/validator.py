"""Validates a whole recording: runs every check of the reader, and counts its contents."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from recordings.reader import Chunk, Tape
from recordings.tape import LONGEST_DELAY_NS, Kind, TapeInfo


@dataclass(frozen=True, slots=True)
class TapeSummary:
    """The contents of a valid recording; times are nanoseconds since the epoch.

    `longest_delay_ns` is the longest time from the exchange's stamp of a row to its arrival; stamps
    further back than LONGEST_DELAY_NS are not counted, but those rows, as `rows_undated`.
    `longest_silence_ns` is the longest time between the arrivals of two rows.
    """

    info: TapeInfo
    rows: int
    messages: int
    first_ns: int
    last_ns: int
    rows_by_kind: dict[str, int]
    pairs: int
    digest: str
    longest_delay_ns: int = 0
    rows_undated: int = 0
    longest_silence_ns: int = 0


def validate(tape: Tape) -> TapeSummary:
    """Read a whole recording and return its summary; raise TapeError at the first invalid row."""
    return summarize(tape, tape.chunks())


def summarize(tape: Tape, chunks: Iterable[Chunk]) -> TapeSummary:
    """Return the summary of a recording, of which these are all rows."""
    kinds: Counter[int] = Counter()
    messages = longest_delay_ns = rows_undated = longest_silence_ns = 0
    first_ns = last_ns = last_seq = -1
    for chunk in chunks:
        numbers = chunk.numbers
        values, counts = np.unique(numbers["kind"], return_counts=True)
        kinds.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        messages += int(np.count_nonzero(np.diff(numbers["seq"], prepend=last_seq)))
        last_seq = int(numbers["seq"][-1])
        received_ns = numbers["received_ns"]
        first_ns = int(received_ns[0]) if first_ns < 0 else first_ns
        silences_ns = np.diff(received_ns, prepend=received_ns[0] if last_ns < 0 else last_ns)
        longest_silence_ns = max(longest_silence_ns, int(silences_ns.max()))
        last_ns = int(received_ns[-1])
        delays_ns = received_ns - numbers["exchange_ns"]
        dated = delays_ns <= LONGEST_DELAY_NS
        rows_undated += int(np.count_nonzero(~dated))
        longest_delay_ns = max(longest_delay_ns, int(delays_ns.max(initial=0, where=dated)))
    return TapeSummary(
        info=tape.info,
        rows=tape.rows_total,
        messages=messages,
        first_ns=first_ns,
        last_ns=last_ns,
        rows_by_kind={Kind(kind).name.lower(): kinds[kind] for kind in sorted(kinds)},
        pairs=len(tape.info.catalogue().pairs),
        digest=tape.digest(),
        longest_delay_ns=longest_delay_ns,
        rows_undated=rows_undated,
        longest_silence_ns=longest_silence_ns,
    )
