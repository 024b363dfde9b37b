"""What a player of recordings asks: a time, a market, and which recording."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from sim.inspect.time_argument import parse_time, require_within
from sim.watch.playback import Playback
from strategies.trading.model.errors import ConfigError


class TimePrompt(ModalScreen[int | None]):
    """Asks for a time; the result is None if the person gives up."""

    CSS = """
    TimePrompt { align: center middle; }
    TimePrompt > Static, TimePrompt > Input { width: 90%; max-width: 76; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up")]

    def __init__(self, playback: Playback, start_ns: int) -> None:
        """Ask for a time within a recording, in UTC or relative to a start."""
        super().__init__()
        self._playback = playback
        self._start_ns = start_ns

    def compose(self) -> ComposeResult:
        """Lay out the question, the answer, and what is wrong with it."""
        question = (
            "Time in UTC, such as 2026-01-15T00:30:00, or relative to the start, such as -01:30:00 "
            "or +00:05:00. Enter goes there, escape goes back."
        )
        yield Static(question, markup=False)
        yield Input()
        yield Static(id="wrong", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the time, or say what is wrong with it."""
        try:
            at_ns = self._parsed(event.value.strip())
        except ConfigError as error:
            self.query_one("#wrong", Static).update(Text(str(error)))
        else:
            self.dismiss(at_ns)

    def action_give_up(self) -> None:
        """Return without a time."""
        self.dismiss(None)

    def _parsed(self, text: str) -> int:
        at_ns = parse_time(text, self._start_ns)
        require_within(at_ns, self._playback.first_ns, self._playback.last_ns)
        return at_ns


class PairList(ModalScreen[int | None]):
    """Lists markets; the result is the number of the chosen one, None if the person gives up."""

    CSS = "PairList > OptionList { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,l,q", "give_up")]

    def __init__(self, lines: Sequence[Text], chosen: int) -> None:
        """List lines, with the cursor on one of them."""
        super().__init__()
        self._lines = lines
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield Static("up, down and enter choose a market; escape goes back")
        listed = OptionList(*(Option(line) for line in self._lines))
        listed.highlighted = self._chosen
        yield listed

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return the number of what was chosen."""
        self.dismiss(event.option_index)

    def action_give_up(self) -> None:
        """Return without a choice."""
        self.dismiss(None)


class RecordingChooser(App[str]):
    """Lists recordings; `run` returns the chosen one, None if the person leaves."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "OptionList { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave")]

    def __init__(self, names: Sequence[str], chosen: str, problem: str) -> None:
        """List names with the cursor on one of them; `problem` says why another was not shown."""
        super().__init__()
        self._names = names
        self._chosen = chosen
        self._problem = problem

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        title = f"{len(self._names)} recordings: up, down and enter choose one; q quits"
        yield Static(title)
        yield Static(Text(self._problem, "bold"), id="problem")
        listed = OptionList(*(Option(Text(name)) for name in self._names))
        listed.highlighted = self._names.index(self._chosen)
        yield listed

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return the name that was chosen."""
        self.exit(self._names[event.option_index])

    def action_leave(self) -> None:
        """Return without a choice."""
        self.exit(None)
