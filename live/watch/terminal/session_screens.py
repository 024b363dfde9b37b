"""The screens of a watched session: its overview, one event of it, and the list of sessions."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from live.watch.terminal.event_text import book_rows, event_head, own_lines, pair_head, pair_rows
from live.watch.terminal.overview_text import (
    alarm_lines,
    event_rows,
    figure_lines,
    limit_lines,
    market_lines,
    title_line,
)
from live.watch.terminal.session_reader import SessionReader
from live.watch.terminal.text_parts import ALARM, DIM, STRONG, cell, joined
from strategies.trading.model.one_line import one_line
from strategies.trading.snapshot.snapshot_types import (
    EventDetail,
    EventSummary,
    MarketDetail,
    PairDetail,
    SessionView,
)

if TYPE_CHECKING:
    from live.watch.terminal.session_watcher import SessionWatcher

_WIDE = 120
_LIST_WIDTH = 56
_EVENT_LINES = 2


class WatchScreen(Screen[None]):
    """A screen of lines above a line of keys, drawn again with every snapshot."""

    CSS = """
    Static { text-wrap: nowrap; text-overflow: ellipsis; }
    #body { height: 1fr; }
    #keys { dock: bottom; height: auto; }
    """
    keys: ClassVar[str] = ""

    @property
    def watcher(self) -> "SessionWatcher":
        """Return the program."""
        return cast("SessionWatcher", self.app)

    @property
    def lines_shown(self) -> int:
        """Return how many lines fit above the keys."""
        return max(1, self.app.size.height - self.keys.count("\n") - 1)

    def compose(self) -> ComposeResult:
        """Lay out the lines and the keys."""
        yield Static(id="body")
        yield Static(self.keys, id="keys", markup=False)

    def on_mount(self) -> None:
        """Draw what is known."""
        self.draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw for another size."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw the last snapshot, or why nothing is shown."""
        reader = self.watcher.reader
        lines = self.absence_lines(reader) if not reader.is_present else self.lines(reader)
        if self.watcher.note:
            lines[-1:] = [Text(one_line(self.watcher.note), ALARM)]
        self._show(lines[: self.lines_shown])

    def _show(self, lines: Sequence[Text]) -> None:
        # None before the screen is laid out, and while the program ends.
        for body in self.query("#body").results(Static):
            body.update(joined(lines))

    def lines(self, reader: SessionReader) -> list[Text]:
        """Return the lines of the last snapshot."""
        raise NotImplementedError

    def absence_lines(self, reader: SessionReader) -> list[Text]:
        """Return why nothing is shown, and what the journal says instead."""
        lines = [Text(one_line(reader.absence), ALARM), Text("")]
        lines += [Text(one_line(line)) for line in reader.journal_lines]
        return self.filled(lines)

    def filled(self, lines: list[Text]) -> list[Text]:
        """Return as many lines as fit; the last one is for a note."""
        free = max(0, self.lines_shown - len(lines))
        return [*lines, *([Text("")] * free)][: self.lines_shown]


class OverviewScreen(WatchScreen):
    """The state of a session, its money, its limits as bars, its alarms and its events."""

    keys = (
        "up down event  enter books of it  s other session  q quit\n"
        "for everything, asked twice: p pause  r resume  x pull  h halt"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)"),
        Binding("up", "move(-1)"),
        Binding("enter", "open"),
        Binding("p", "app.word('pause')"),
        Binding("r", "app.word('resume')"),
        Binding("x", "app.word('pull')"),
        Binding("h", "app.word('halt')"),
        Binding("s", "app.other_session"),
        Binding("q", "app.leave"),
    ]

    def __init__(self) -> None:
        """Show the first event as the chosen one."""
        super().__init__()
        self.chosen = 0

    def action_move(self, step: int) -> None:
        """Choose another event."""
        count = len(self.watcher.reader.events)
        self.chosen = (self.chosen + step) % count if count else 0
        self.draw()

    def action_open(self) -> None:
        """Show the books of the chosen event."""
        event = self._event(self.watcher.reader)
        if event is not None and self.watcher.reader.is_present:
            self.watcher.open_event(event.event_id)

    def lines(self, reader: SessionReader) -> list[Text]:
        """Return the overview: limits and alarms have their share of the height."""
        view = reader.view
        if view is None:
            return self.absence_lines(reader)
        width = self.app.size.width
        lines = [title_line(view), *figure_lines(view, width)]
        free = max(6, self.lines_shown - len(lines) - 1)
        alarms = alarm_lines(view, max(1, free // 8))
        unused = free - len(alarms) - self._event_lines_wanted(reader)
        limits = limit_lines(view, width, max(3, free // 4, unused))
        lines += [*limits, *alarms]
        return self.filled([*lines, *self._events(reader, view, self.lines_shown - len(lines) - 1)])

    def _event_lines_wanted(self, reader: SessionReader) -> int:
        """Return how many lines all events would take, with the markets of the chosen one."""
        chosen = self._event(reader)
        markets = 0 if chosen is None else len(chosen.markets)
        return 2 + _EVENT_LINES * len(reader.events) + markets

    def _event(self, reader: SessionReader) -> EventSummary | None:
        self.chosen = min(self.chosen, max(0, len(reader.events) - 1))
        return reader.events[self.chosen] if reader.events else None

    def _events(self, reader: SessionReader, view: SessionView, height: int) -> list[Text]:
        """Return events around the chosen one; in what is left, the markets of the chosen one."""
        chosen = self._event(reader)
        if chosen is None:
            return [Text("no event yet", DIM)]
        width, now_ns = self.app.size.width, view.desk.at_ns
        heading = cell(f"events ({self.chosen + 1} of {len(reader.events)})", width - 18, STRONG)
        shown = max(1, (height - 1) // _EVENT_LINES)
        first = max(0, min(self.chosen - shown // 2, len(reader.events) - shown))
        rows = [heading.append("     profit limit", DIM)]
        for event in reader.events[first : first + shown]:
            mark = "> " if event is chosen else "  "
            drawn = event_rows(event, now_ns, width - 2)
            rows += [Text(mark, STRONG).append_text(row) for row in drawn]
        free = height - len(rows)
        if free > 1:
            rows += [Text(""), *(list(market_lines(chosen, now_ns, width))[: free - 1])]
        return rows


class EventScreen(WatchScreen):
    """One event: its markets, and the book of one pair with our wagers in it."""

    keys = (
        "up down market  escape back  q quit   h halt everything\n"
        "asked twice, for this event: p pause  r resume  x pull; this market: P R X"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)"),
        Binding("up", "move(-1)"),
        Binding("escape,backspace", "app.close_event"),
        Binding("p", "say('pause', False)"),
        Binding("r", "say('resume', False)"),
        Binding("x", "say('pull', False)"),
        Binding("P", "say('pause', True)"),
        Binding("R", "say('resume', True)"),
        Binding("X", "say('pull', True)"),
        Binding("h", "app.word('halt')"),
        Binding("q", "app.leave"),
    ]

    def __init__(self, event_id: str) -> None:
        """Show the first pair of an event."""
        super().__init__()
        self.event_id = event_id
        self.chosen = 0

    def action_move(self, step: int) -> None:
        """Choose another pair."""
        detail = self.watcher.reader.detail
        count = 0 if detail is None else len(_pairs(detail))
        self.chosen = (self.chosen + step) % count if count else 0
        self.draw()

    def action_say(self, verb: str, of_market: bool) -> None:
        """Give a word for the event, or for the market that is shown."""
        detail = self.watcher.reader.detail
        if detail is None or not self.watcher.reader.is_present:
            return
        scope, name = [self.event_id], detail.event.name
        pairs = _pairs(detail)
        if of_market and pairs:
            row = pairs[min(self.chosen, len(pairs) - 1)][0].row
            scope, name = [*scope, row.market_id], f"{name}, {row.label}"
        self.watcher.give_word(verb, scope, name)

    def lines(self, reader: SessionReader) -> list[Text]:
        """Return the event; in a wide terminal its markets stand beside the book."""
        detail = reader.detail
        if detail is None or detail.event.event_id != self.event_id:
            return self.filled([Text("the session does not follow this event (any more)", DIM)])
        pairs = _pairs(detail)
        lines = event_head(detail)
        if not pairs:
            return self.filled([*lines, Text("no market yet", DIM)])
        self.chosen = min(self.chosen, len(pairs) - 1)
        width, height = self.app.size.width, self.lines_shown - len(lines) - 1
        if width < _WIDE:
            shown = max(1, min(len(pairs), height // 5))
            lines += pair_rows(pairs, self.chosen, detail.at_ns, width, shown)
            return self.filled([*lines, *self._book(detail, pairs, width, height - shown)])
        book = self._book(detail, pairs, width - _LIST_WIDTH - 3, height)
        listed = pair_rows(pairs, self.chosen, detail.at_ns, _LIST_WIDTH, height)
        return self.filled([*lines, *_beside(listed, book, height)])

    def _book(
        self,
        detail: EventDetail,
        pairs: Sequence[tuple[MarketDetail, PairDetail]],
        width: int,
        height: int,
    ) -> list[Text]:
        market, pair = pairs[self.chosen]
        place = f"{self.chosen + 1} of {len(pairs)}"
        lines = pair_head(detail, market, pair, place, width)
        of_ours = max(3, (height - len(lines)) // 2)
        lines += book_rows(pair, width, height - len(lines) - of_ours)
        return [*lines, *own_lines(detail, pair, width, height - len(lines))]


class SessionListScreen(WatchScreen):
    """All sessions of this folder, each with its state."""

    keys = "up down session  enter watch it  q quit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)"),
        Binding("up", "move(-1)"),
        Binding("enter", "open"),
        Binding("q", "app.leave"),
    ]

    def __init__(self, on_chosen: Callable[[int], None]) -> None:
        """Call a function with the number of the session that is chosen."""
        super().__init__()
        self.chosen = 0
        self.session_lines: list[str] = []
        self._on_chosen = on_chosen

    def action_move(self, step: int) -> None:
        """Choose another session."""
        self.chosen = (self.chosen + step) % max(1, len(self.session_lines))
        self.draw()

    def action_open(self) -> None:
        """Watch the chosen session."""
        if self.session_lines:
            self._on_chosen(self.chosen)

    def draw(self) -> None:
        """Draw the sessions."""
        rows = [Text("sessions", STRONG)]
        for number, line in enumerate(self.session_lines):
            mark, style = ("> ", STRONG) if number == self.chosen else ("  ", "")
            rows.append(Text(f"{mark}{one_line(line)}", style))
        first = max(0, self.chosen + 2 - self.lines_shown)
        self._show(rows[first:])


def _pairs(detail: EventDetail) -> list[tuple[MarketDetail, PairDetail]]:
    return [(market, pair) for market in detail.markets for pair in market.pairs]


def _beside(listed: list[Text], book: list[Text], height: int) -> list[Text]:
    """Return two columns of lines beside each other."""
    rows = []
    for at in range(height):
        left = listed[at] if at < len(listed) else cell("", _LIST_WIDTH)
        rows.append(Text().append_text(left).append(" │ ", "").append_text(_at(book, at)))
    return rows


def _at(lines: list[Text], at: int) -> Text:
    return lines[at] if at < len(lines) else Text("")
