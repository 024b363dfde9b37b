"""What was lost and what was late of a desk's market data."""

from typing import NamedTuple

from strategies.trading.model.ids import EventId


class FeedGaps(NamedTuple):
    """The gaps of a feed: their number, and their lengths in nanoseconds."""

    number: int
    total_ns: int
    longest_ns: int


class FeedRecord:
    """Counts the gaps of the feed and adds up their lengths, nanoseconds.

    A gap lasts from the last message before it, as from there on something may be missing, until
    the feed was restored. Gaps of the feed itself and of single events may overlap.
    `longest_delay_ns` is the longest time that a message took to arrive, whole seconds.
    """

    def __init__(self) -> None:
        """Start with nothing lost."""
        self.longest_delay_ns = 0
        self._ended = FeedGaps(0, 0, 0)
        # Where each gap that lasts began, by the events that lost their feed.
        self._lost_ns: dict[tuple[EventId, ...], int] = {}

    def lost(self, event_ids: tuple[EventId, ...], last_message_ns: int) -> None:
        """Begin a gap of some events, or of all; one that lasts goes on."""
        self._lost_ns.setdefault(event_ids, last_message_ns)

    def restored(self, event_ids: tuple[EventId, ...], at_ns: int) -> None:
        """End the gap of some events, or of all, if there is one."""
        began_ns = self._lost_ns.pop(event_ids, None)
        if began_ns is not None:
            self._ended = _with_gap(self._ended, at_ns - began_ns)

    def gaps(self, now_ns: int) -> FeedGaps:
        """Return the gaps up to now, also those that last."""
        gaps = self._ended
        for began_ns in self._lost_ns.values():
            gaps = _with_gap(gaps, now_ns - began_ns)
        return gaps

    def delayed(self, delay_ns: int) -> None:
        """Note how long messages take to arrive."""
        self.longest_delay_ns = max(self.longest_delay_ns, delay_ns)


def _with_gap(gaps: FeedGaps, lasted_ns: int) -> FeedGaps:
    return FeedGaps(gaps.number + 1, gaps.total_ns + lasted_ns, max(gaps.longest_ns, lasted_ns))
