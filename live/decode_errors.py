"""What could not be read: counted by kind, told once for each kind with its text."""

import logging
import re
from collections import Counter

from strategies.trading.model.errors import ProtocolError

_LOG = logging.getLogger(__name__)

# Beyond so many kinds they are counted as one, lest a peer that is out of its mind fill the memory.
_KINDS_MAX = 200
_TOLD_CHARACTERS = 500
# Where in a text it could not be read makes no other kind of it.
_PLACE = re.compile(r" \(byte \d+\)")


class DecodeErrors:
    """Keeps count of what was skipped because it could not be read."""

    def __init__(self) -> None:
        """Begin without any."""
        self.counts: Counter[str] = Counter()

    def note(self, error: ProtocolError) -> None:
        """Count an error; the first of its kind is logged with the text that could not be read."""
        kind = _PLACE.sub("", str(error))
        if kind not in self.counts and len(self.counts) >= _KINDS_MAX:
            kind = "other"
        self.counts[kind] += 1
        if self.counts[kind] == 1:
            _LOG.warning("cannot read %s: %s", kind, error.raw[:_TOLD_CHARACTERS])

    @property
    def total(self) -> int:
        """Return how many there were in all."""
        return self.counts.total()
