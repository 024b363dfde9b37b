"""Asks an operator twice before a word is given to a session: whether, then by whom."""

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from strategies.trading.model.one_line import one_line

_BOX = """
    {name} {{ align: center middle; }}
    {name} Vertical {{ width: 90%; max-width: 76; height: auto; border: solid white; }}
    {name} Static {{ width: 100%; }}
"""
_MOST_CHARACTERS = 40


class WordQuestion(ModalScreen[bool]):
    """Asks whether a word is meant; only `y` is a yes."""

    CSS = _BOX.format(name="WordQuestion")

    def __init__(self, question: str) -> None:
        """Ask about what would be done."""
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical():
            yield Static(Text(one_line(self._question), "bold"))
            yield Static("Press y to go on; any other key leaves everything as it is.")

    def on_key(self, event: events.Key) -> None:
        """Take the first key as the answer."""
        event.stop()
        self.dismiss(event.key == "y")


class NameQuestion(ModalScreen[str | None]):
    """Asks for the name that a word is journaled with; None if the person gives up."""

    CSS = _BOX.format(name="NameQuestion")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up")]

    def __init__(self, question: str, name: str) -> None:
        """Ask again about what would be done, with the name that was given last."""
        super().__init__()
        self._question = question
        self._name_given = name

    def compose(self) -> ComposeResult:
        """Lay out the question and the name."""
        with Vertical():
            yield Static(Text(one_line(self._question), "bold"))
            yield Static("Your name, for the journal. Enter does it; escape leaves everything.")
            yield Input(self._name_given, max_length=_MOST_CHARACTERS)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the name, once there is one."""
        name = event.value.strip()
        if name:
            self.dismiss(name)

    def action_give_up(self) -> None:
        """Return without a name."""
        self.dismiss(None)
