"""The terminal program that plays a recording."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from sim.watch.pair_history import PairHistory, PairMoment
from sim.watch.playback import Playback
from sim.watch.player_screens import PairList, TimePrompt
from sim.watch.recording_index import RecordingIndex
from sim.watch.watch_text import book_lines, head_lines, pair_line, position_bar, trade_lines
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.market import Pair
from strategies.trading.model.one_line import one_line

_TICK_SECONDS = 0.1
_TICK_NS = 100_000_000
_MINUTE = 60
# From this width on the list of markets stands beside the book.
_WIDE = 120
_LIST_WIDTH = 46
_HEAD_LINES = 7

KEYS = (
    "space play  + - speed  b direction  t time  g start  home end  q quit",
    "left right change  s second  m minute  p score  u suspended  f gap  shift: back",
    "down up market  l list  e event  o other recording",
)


class RecordingPlayer(App[bool]):
    """Plays one recording; `run` returns True if another one is wanted, as of several."""

    ENABLE_COMMAND_PALETTE = False
    CSS = f"""
    #main > Static, #pairs, #keys {{ text-wrap: nowrap; text-overflow: ellipsis; }}
    #main {{ width: 1fr; }}
    #head {{ height: {_HEAD_LINES}; }}
    #pairs {{ width: {_LIST_WIDTH}; border-left: solid white; padding-left: 1; }}
    #keys {{ dock: bottom; height: auto; }}
    #book {{ height: 1fr; }}
    #trades {{ height: auto; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play_or_pause"),
        Binding("plus,equals_sign", "change_speed(1)"),
        Binding("minus", "change_speed(-1)"),
        Binding("b", "turn"),
        Binding("right", "go('change', 1)"),
        Binding("left", "go('change', -1)"),
        Binding("s", "step_seconds(1)"),
        Binding("S", "step_seconds(-1)"),
        Binding("m", f"step_seconds({_MINUTE})"),
        Binding("M", f"step_seconds({-_MINUTE})"),
        Binding("t", "ask_time"),
        Binding("home", "go_to_end(-1)"),
        Binding("end", "go_to_end(1)"),
        Binding("g", "go_to_start"),
        Binding("p", "go('score', 1)"),
        Binding("P", "go('score', -1)"),
        Binding("u", "go('suspension', 1)"),
        Binding("U", "go('suspension', -1)"),
        Binding("f", "go('gap', 1)"),
        Binding("F", "go('gap', -1)"),
        Binding("down", "next_pair(1)"),
        Binding("up", "next_pair(-1)"),
        Binding("l", "list_pairs"),
        Binding("e", "next_event(1)"),
        Binding("E", "next_event(-1)"),
        Binding("o", "other_recording"),
        Binding("q", "leave"),
    ]

    def __init__(
        self,
        name: str,
        index: RecordingIndex,
        catalogue: Catalogue,
        pairs: Sequence[Pair],
        at_ns: int,
        is_one_of_several: bool,
    ) -> None:
        """Show the first of some pairs of a recording at a moment, paused."""
        super().__init__()
        self.playback = Playback(index.first_ns, index.last_ns, at_ns)
        self.moment: PairMoment
        self.pair = pairs[0]
        self._recording_name = name
        self._index = index
        self._catalogue = catalogue
        self._pairs = pairs
        self._is_one_of_several = is_one_of_several
        self._note = ""
        self._choose(0)

    def compose(self) -> ComposeResult:
        """Lay out the head, the book over the trades, the list of markets, and the keys."""
        with Horizontal():
            with Vertical(id="main"):
                yield Static(id="head")
                yield Static(id="book")
                yield Static(id="trades")
            yield Static(id="pairs")
        yield Static("\n".join(KEYS), id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin to draw."""
        self.set_interval(_TICK_SECONDS, self._tick)
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw for another size."""
        self.call_after_refresh(self._draw)

    # Keys -------------------------------------------------------------------------------------

    def action_play_or_pause(self) -> None:
        """Play, or stand still."""
        self.playback.play_or_pause()
        self._draw()

    def action_change_speed(self, steps: int) -> None:
        """Play faster, or slower."""
        self.playback.change_speed(steps)
        self._draw()

    def action_turn(self) -> None:
        """Play in the other direction."""
        self.playback.turn()
        self._draw()

    def action_step_seconds(self, seconds: int) -> None:
        """Go on, or back, by seconds."""
        self.playback.step_seconds(seconds)
        self._draw()

    def action_go(self, what: str, step: int) -> None:
        """Go to the next change, score, suspension or gap, or to the one before."""
        finders: dict[str, Callable[[int, int], int | None]] = {
            "change": self._history.next_change_ns,
            "score": self._history.next_score_ns,
            "suspension": self._history.next_suspension_ns,
            "gap": self._history.next_gap_ns,
        }
        found_ns = finders[what](self.playback.at_ns, step)
        if found_ns is None:
            where = "after" if step > 0 else "before"
            self._note = f"no {what} of this market {where} this moment"
        else:
            self.playback.go_to(found_ns)
        self._draw()

    def action_go_to_end(self, step: int) -> None:
        """Go to the beginning or the end of the recording."""
        self.playback.go_to(self.playback.last_ns if step > 0 else self.playback.first_ns)
        self._draw()

    def action_go_to_start(self) -> None:
        """Go to the scheduled start of the event, as it is known at this moment."""
        self.playback.go_to(self.moment.start_ns)
        self._draw()

    def action_ask_time(self) -> None:
        """Ask for a time, and go there."""
        self.push_screen(TimePrompt(self.playback, self.moment.start_ns), self._go_to)

    def action_next_pair(self, step: int) -> None:
        """Show the next market and point, or the one before."""
        self._choose((self._number + step) % len(self._pairs))
        self._draw()

    def action_next_event(self, step: int) -> None:
        """Show the first market of the next event, or of the one before."""
        event_ids = list(dict.fromkeys(pair.market.event_id for pair in self._pairs))
        at = event_ids.index(self.pair.market.event_id) + step
        wanted = event_ids[at % len(event_ids)]
        found = (n for n, pair in enumerate(self._pairs) if pair.market.event_id == wanted)
        self._choose(next(found))
        self._draw()

    def action_list_pairs(self) -> None:
        """Choose from the list of all markets."""
        width = max(20, self.size.width - 4)
        lines = [self._pair_line(pair, width) for pair in self._pairs]
        self.push_screen(PairList(lines, self._number), self._choose_listed)

    def action_other_recording(self) -> None:
        """Leave for the list of recordings."""
        if self._is_one_of_several:
            self.exit(True)
        else:
            self._note = "only this recording was named; name a folder, or several"
            self._draw()

    def action_leave(self) -> None:
        """End the program."""
        self.exit(False)

    # Drawing ----------------------------------------------------------------------------------

    def _choose(self, number: int) -> None:
        self._number = number
        self.pair = self._pairs[number]
        self._history = PairHistory(self._index, self._catalogue, self.pair)
        self.moment = self._history.moment(self.playback.at_ns)

    def _choose_listed(self, number: int | None) -> None:
        if number is not None:
            self._choose(number)
        self._draw()

    def _go_to(self, at_ns: int | None) -> None:
        if at_ns is not None:
            self.playback.go_to(at_ns)
        self._draw()

    def _tick(self) -> None:
        if self.playback.is_playing:
            self.playback.advance(_TICK_NS)
            self._draw()

    def _draw(self) -> None:
        self.moment = self._history.moment(self.playback.at_ns)
        is_wide = self.size.width >= _WIDE
        width = self.size.width - (_LIST_WIDTH if is_wide else 0)
        height = max(1, self.size.height - len(KEYS) - _HEAD_LINES)
        of_trades = max(2, height // 3)
        self._show("#head", self._head(width))
        self._show(
            "#book", book_lines(self.moment, self._catalogue, self.pair, width, height - of_trades)
        )
        trades = trade_lines(self.moment, self._catalogue, self.pair, of_trades)
        self._show("#trades", trades)
        self.query_one("#pairs").display = is_wide
        if is_wide:
            self._show("#pairs", self._listed(self.size.height - len(KEYS)))

    def _head(self, width: int) -> list[Text]:
        place = f"{self._number + 1} of {len(self._pairs)}"
        simulated = ", SIMULATED" if self._index.info.simulated else ""
        named = self._note or f"recording {one_line(self._recording_name)}{simulated}"
        title = Text(f"{self.playback.text}  {named}", "bold reverse")
        self._note = ""
        title.truncate(width, pad=True)
        return [
            title,
            *head_lines(self.moment, self._catalogue, self.pair, place),
            position_bar(self.playback, self.moment.start_ns, width),
        ]

    def _listed(self, height: int) -> list[Text]:
        """Return the markets around the one that is shown, with their best odds."""
        shown = max(1, height - 1)
        first = max(0, min(self._number - shown // 2, len(self._pairs) - shown))
        lines = [Text("markets, with the longest odds", "bold")]
        for pair in self._pairs[first : first + shown]:
            marked = pair is self.pair
            line = Text("> " if marked else "  ", "bold" if marked else "")
            lines.append(line.append_text(self._pair_line(pair, _LIST_WIDTH - 5)))
        return lines

    def _pair_line(self, pair: Pair, width: int) -> Text:
        offers = self._index.offers_at(self.playback.at_ns)
        numbers = [self._index.line_numbers[each.line_id] for each in (pair.first, pair.second)]
        return pair_line(self._catalogue, pair, [offers.of_line(each) for each in numbers], width)

    def _show(self, selector: str, lines: Sequence[Text]) -> None:
        text = Text("\n").join(lines)
        self.query_one(selector, Static).update(text)
