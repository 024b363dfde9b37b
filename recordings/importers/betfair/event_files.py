"""Groups stream files by the event that they are about, from the first definitions in each."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import NamedTuple

from recordings.importers.betfair.definition import MarketMapping, map_market
from recordings.importers.betfair.stream_file import Definition, read_messages
from recordings.importers.betfair.stream_source import StreamFileError, StreamSource
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import SportEvent
from strategies.trading.model.market_types import MarketType

_LONGEST_NAME = 60
_NO_WORD = re.compile(r"[^a-z0-9]+")
_TYPES = tuple(MarketType)


class FileHead(NamedTuple):
    """A stream file, and the markets that its first message with definitions defines, by id."""

    source: StreamSource
    definitions: tuple[tuple[str, Definition], ...]

    @property
    def event_ids(self) -> frozenset[str]:
        """Return the ids of the events of these markets."""
        return frozenset(definition.event_id for _, definition in self.definitions)


class EventFiles(NamedTuple):
    """The files of one event, or one file of several, and the folder name of their recording.

    `event` describes the event as the best of its markets does; None if none can be imported.
    """

    name: str
    sources: tuple[StreamSource, ...]
    event: SportEvent | None


def read_head(source: StreamSource) -> FileHead | TapeError:
    """Return the head of a stream file, or the error of one that is damaged or defines nothing."""
    last = 0
    try:
        for number, message in read_messages(source):
            definitions = tuple(
                (change.id, change.market_definition)
                for change in message.mc
                if change.market_definition is not None
            )
            if definitions:
                return FileHead(source, definitions)
            last = number
        raise StreamFileError(source, last, "the file ends without a definition of a market")
    except TapeError as error:
        # Without its source, an error can be sent from one process to another.
        return TapeError(str(error))


def group_by_event(heads: Iterable[FileHead]) -> list[EventFiles]:
    """Return the files by event, in order of the names of their folders.

    The name of a folder depends on its event alone, so that it is the same at every import. A file
    of several events is a recording of its own, named after the file; raise TapeError if two such
    files have one name.
    """
    groups: dict[frozenset[str] | StreamSource, list[FileHead]] = {}
    for head in heads:
        several = len(head.event_ids) > 1
        groups.setdefault(head.source if several else head.event_ids, []).append(head)
    events: dict[str, EventFiles] = {}
    for event in map(_event_files, groups.values()):
        other = events.setdefault(event.name, event)
        if other is not event:
            message = (
                f"{event.sources[0]}: becomes a recording of the same name as {other.sources[0]}; "
                "import it to another folder"
            )
            raise TapeError(message)
    return [events[name] for name in sorted(events)]


def _event_files(heads: Sequence[FileHead]) -> EventFiles:
    sources = tuple(head.source for head in heads)
    if len(heads[0].event_ids) > 1:
        return EventFiles(_words(sources[0].name), sources, None)
    definitions = [each for head in heads for each in head.definitions]
    mapped = [map_market(*each) for each in definitions]
    mappings = [mapping for mapping in mapped if isinstance(mapping, MarketMapping)]
    # Types are listed by how much their markets say of the teams: a total may not name them.
    best = min(mappings, key=lambda each: _TYPES.index(each.market.type), default=None)
    name = _folder_name(definitions[0][1])
    return EventFiles(name, sources, None if best is None else best.event)


def _folder_name(definition: Definition) -> str:
    """Return the date in UTC, the name if there is one, and the id, which makes it unique."""
    date = definition.market_time.astimezone(UTC).strftime("%Y-%m-%d")
    name = _words(definition.event_name or "")
    return "-".join(filter(None, (date, name, _words(definition.event_id))))


def _words(text: str) -> str:
    """Return the letters and digits of a text, in lower case, as a name for every file system."""
    plain = unicodedata.normalize("NFKD", text.replace("@", " at ")).encode("ascii", "ignore")
    return _NO_WORD.sub("-", plain.decode().lower())[:_LONGEST_NAME].strip("-")
