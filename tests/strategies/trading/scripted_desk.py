"""What a desk under test is given: a scripted exchange, a strategy with fixed quotes, a journal."""

from collections.abc import Sequence
from typing import Any

from strategies.trading.model.commands import Command, PlaceWager
from strategies.trading.model.events import (
    Event,
)
from strategies.trading.model.ids import EventId, MarketId, WagerRef
from strategies.trading.ports.journal import AccountSnapshot, Decision, Denial
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import Note, View


class ScriptedExchange:
    """An exchange that records commands, and sends nothing until the test does."""

    def __init__(self, log: list[tuple[str, Any]]) -> None:
        """Share a log with the journal, so that a test can compare their order."""
        self._log = log
        self.batches: list[tuple[str, tuple[Any, ...]]] = []

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Record the command."""
        self._record("place", tuple(requests))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Record the command."""
        self._record("cancel", tuple(refs))

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Record the command."""
        self._record("cancel_all", (event_id, market_id))

    def ask_state(self) -> None:
        """Record the command."""
        self._record("ask_state", ())

    @property
    def places(self) -> list[PlaceWager]:
        """Return every wager that was placed."""
        return [place for kind, batch in self.batches if kind == "place" for place in batch]

    @property
    def cancels(self) -> list[WagerRef]:
        """Return every wager that was cancelled by reference."""
        return [ref for kind, batch in self.batches if kind == "cancel" for ref in batch]

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of commands, in order."""
        return [kind for kind, _ in self.batches]

    def forget(self) -> None:
        """Clear the recorded commands."""
        self.batches.clear()

    def _record(self, kind: str, batch: tuple[Any, ...]) -> None:
        self.batches.append((kind, batch))
        self._log.append((kind, batch))


class RecordingJournal:
    """A journal in memory."""

    def __init__(self, log: list[tuple[str, Any]]) -> None:
        """Share a log with the exchange."""
        self._log = log
        self.inputs: list[tuple[int, int, Event]] = []
        self.decisions: list[Decision] = []
        self.notes: list[tuple[Any, ...]] = []
        self.denials: list[Denial] = []
        self.commands: list[Command] = []
        self.accounts: list[AccountSnapshot] = []

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Record an input."""
        self.inputs.append((input_seq, now_ns, event))

    def decided(self, now_ns: int, decision: Decision) -> None:  # noqa: ARG002
        """Record a decision."""
        self.decisions.append(decision)

    def noted(self, now_ns: int, notes: Sequence[Note]) -> None:
        """Record notes."""
        self.notes.append((now_ns, *notes))

    def denied(self, now_ns: int, denial: Denial) -> None:  # noqa: ARG002
        """Record a denial."""
        self.denials.append(denial)

    def sent(self, now_ns: int, command: Command) -> None:  # noqa: ARG002
        """Record a command."""
        self.commands.append(command)
        self._log.append(("sent", command))

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:  # noqa: ARG002
        """Record the accounts."""
        self.accounts.append(accounts)


class FixedStrategy:
    """A strategy that returns the test's `quotes`, and records the views that it was shown.

    `seen` holds (fair, touch of the first line, touch of the second) of every pair shown.
    """

    def __init__(self, quote_refresh_ns: int) -> None:
        """Start without quotes."""
        self.quote_refresh_ns = quote_refresh_ns
        self.quotes: tuple[Quote, ...] = ()
        self.views: list[View] = []
        self.seen: list[tuple[Any, ...]] = []

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return the test's quotes for this market."""
        self.views.append(view)
        self.seen += [(pair.fair, pair.first_touch, pair.second_touch) for pair in view.pairs]
        pairs = [pair.pair for pair in view.pairs]
        lines = {line.line_id for pair in pairs for line in (pair.first, pair.second)}
        return tuple(quote for quote in self.quotes if quote.line_id in lines)
