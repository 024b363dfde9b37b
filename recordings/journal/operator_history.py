"""What persons set in the earlier runs of a session, and what of it still holds."""

from collections.abc import Iterable

from recordings.journal.entries import Entry, Payload
from strategies.trading.model.events import EventPaused, MarketPaused, SettingsChanged


class OperatorHistory:
    """The last word on each event and market, and on the settings, in the given entries."""

    def __init__(self, entries: Iterable[Entry[Payload]] = ()) -> None:
        """Read the entries."""
        self.settings = SettingsChanged({}, {})
        self._pauses: dict[object, EventPaused | MarketPaused] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry[Payload]) -> None:
        """Read one more entry."""
        match entry.payload:
            case SettingsChanged() as settings:
                self.settings = settings
            case EventPaused(event_id=key) | MarketPaused(market_key=key):
                self._pauses.pop(key, None)
                if entry.payload.paused:
                    self._pauses[key] = entry.payload

    def pauses(self) -> list[EventPaused | MarketPaused]:
        """Return the pauses that nobody ended, in the order in which they were made."""
        return list(self._pauses.values())
