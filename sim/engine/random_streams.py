"""Named random streams, all derived from one seed."""

import hashlib

from numpy.random import Generator, SeedSequence, default_rng


class RandomStreams:
    """Named random streams, each a function of the seed and its name alone.

    A component that draws more, or a new component, does not change what the others draw. The
    names are hashed with SHA-256, so that streams are the same in every process.
    """

    def __init__(self, seed: int) -> None:
        """Derive every stream from `seed`, an integer of at least zero."""
        self._seed = seed
        self._streams: dict[str, Generator] = {}

    def named(self, name: str) -> Generator:
        """Return the stream of that name; repeated calls return the same generator."""
        if name not in self._streams:
            digest = hashlib.sha256(name.encode()).digest()
            sequence = SeedSequence([self._seed, int.from_bytes(digest, "big")])
            self._streams[name] = default_rng(sequence)
        return self._streams[name]
