"""How a tape marks that its feed was lost, and restored: as UNTYPED rows with a text of our own.

The marks of a recording that is joined with others name its events, as the others go on.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from strategies.trading.model.ids import EventId

_BEGINS = '{"feed": '
_EVENTS = "events"


class FeedMark(NamedTuple):
    """The beginning or the end of a gap in the feed, of some events, or of all if none is named."""

    lost: bool
    event_ids: tuple[EventId, ...]


def lost_text(reason: str) -> str:
    """Return the text of a row from which on changes of the market may be missing."""
    return json.dumps({"feed": "lost", "reason": reason})


def restored_text() -> str:
    """Return the text of a row before which the tape shows the whole market again."""
    return json.dumps({"feed": "restored"})


def feed_mark(text: str | None) -> FeedMark | None:
    """Return the mark that a text is, None for any other text."""
    content = _content(text)
    if content is None:
        return None
    named = content.get(_EVENTS, [])
    return FeedMark(content["feed"] == "lost", tuple(EventId(str(each)) for each in named))


def with_events(text: str | None, event_ids: Iterable[EventId]) -> str | None:
    """Return a text; if it is a mark of all events, with the events of its recording."""
    content = _content(text)
    if content is None or _EVENTS in content:
        return text
    return json.dumps({**content, _EVENTS: list(event_ids)})


def _content(text: str | None) -> dict[str, Any] | None:
    # Messages of an exchange begin in another way, so that few texts are decoded.
    if text is None or not text.startswith(_BEGINS):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    known = isinstance(content, dict) and content["feed"] in ("lost", "restored")
    return content if known and isinstance(content.get(_EVENTS, []), list) else None
