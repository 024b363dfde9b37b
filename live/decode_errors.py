"""Counts messages that could not be decoded, by kind, and logs the first of each kind."""

import logging
import re
from collections import Counter

from strategies.trading.model.errors import ProtocolError

_LOG = logging.getLogger(__name__)

# Cap the distinct kinds so that a misbehaving server cannot exhaust memory.
_KINDS_MAX = 200
_LOGGED_CHARACTERS = 500
# The position of an error in a text does not make it another kind.
_PLACE = re.compile(r" \(byte \d+\)")


class DecodeErrors:
    """Counts what was skipped because it could not be decoded."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.counts: Counter[str] = Counter()

    def note(self, error: ProtocolError) -> None:
        """Count an error; the first of its kind is logged with the text that could not be read."""
        kind = _PLACE.sub("", str(error))
        if kind not in self.counts and len(self.counts) >= _KINDS_MAX:
            kind = "other"
        self.counts[kind] += 1
        if self.counts[kind] == 1:
            _LOG.warning("cannot read %s: %s", kind, error.raw[:_LOGGED_CHARACTERS])

    @property
    def total(self) -> int:
        """Return how many there were in all."""
        return self.counts.total()
