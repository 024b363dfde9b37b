"""Follows the sequence of messages of each subscription, and the books that a gap makes stale."""

from collections.abc import Iterator


class SubscriptionSequences:
    """Finds gaps in the sequence numbers of subscriptions.

    After a gap every book of the subscription is stale until it is sent again.
    """

    def __init__(self) -> None:
        """Start without subscriptions."""
        self._last: dict[int, int] = {}
        self._books: dict[int, set[str]] = {}
        self.stale: set[str] = set()

    def missing(self, sid: int | None, seq: int | None) -> int:
        """Advance a subscription; return how many of its messages are missing before this one."""
        if sid is None or seq is None:
            return 0
        last = self._last.get(sid)
        self._last[sid] = seq
        return 0 if last is None or seq <= last else seq - last - 1

    def on_snapshot(self, sid: int | None, ticker: str) -> None:
        """Note that a book was sent whole."""
        self._books.setdefault(-1 if sid is None else sid, set()).add(ticker)
        self.stale.discard(ticker)

    def books_of(self, sid: int | None) -> Iterator[str]:
        """Yield the books that a subscription sends."""
        yield from sorted(self._books.get(-1 if sid is None else sid, ()))
