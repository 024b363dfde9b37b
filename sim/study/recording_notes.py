"""What whoever reads a study must know of its recordings."""

from collections.abc import Iterator, Sequence

from recordings.reader import open_recording
from sim.sources.source_limits import assumed_cents, limits_of


def recording_notes(names: Sequence[str], assumed_stake: float | None) -> list[str]:
    """Return that recordings are simulated, and what runs on them cannot show.

    `assumed_stake`, in dollars, is that of offers without an amount. Raise TapeError for a
    recording that cannot be opened, and ConfigError if a stake is needed and not assumed.
    """
    infos = [(name, open_recording(name).info) for name in names]
    simulated = sum(info.simulated for _, info in infos)
    limits = (
        limit
        for name, info in infos
        for limit in limits_of(info, assumed_cents(name, info, assumed_stake))
    )
    return list(dict.fromkeys([*_simulated(simulated, len(infos)), *limits]))


def _simulated(simulated: int, count: int) -> Iterator[str]:
    if simulated:
        which = "the recordings" if simulated == count else f"{simulated} of {count} recordings"
        yield f"SIMULATED: {which} were generated, and are not of a real market."
