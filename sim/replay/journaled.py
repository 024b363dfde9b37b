"""What is read of a session afterwards: one start, from its journal and its recording."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from recordings.reader import Tape
from recordings.tape import TapeInfo
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import Command, PlaceWager
from strategies.trading.model.events import Event
from strategies.trading.model.ids import MarketKey, WagerRef
from strategies.trading.ports.journal import DeskCall
from strategies.trading.risk.limits import Limits

_T_co = TypeVar("_T_co", covariant=True)


class Journaled(Protocol[_T_co]):
    """An input or a command of a session, and when it was."""

    @property
    def input_seq(self) -> int:
        """Return the number of the input, or of the last one before it."""

    @property
    def now_ns(self) -> int:
        """Return its time."""

    @property
    def payload(self) -> _T_co:
        """Return what it was."""


class Given(Protocol):
    """What the desk of a start was given beside its configuration."""

    @property
    def limits(self) -> Limits:
        """Return the limits that it traded with."""

    @property
    def starting_balance_cents(self) -> int:
        """Return its balance, before what it knew of earlier starts."""

    @property
    def market_keys(self) -> tuple[MarketKey, ...]:
        """Return the markets that it followed."""

    @property
    def recalled(self) -> tuple[WagerRef, ...]:
        """Return the wagers of earlier starts that it was told of before it heard anything."""


class ToldWager(Protocol):
    """A wager: what was asked for and when, and what was told of it, with the times."""

    @property
    def request(self) -> PlaceWager:
        """Return what was asked for."""

    @property
    def placed_ns(self) -> int:
        """Return when."""

    @property
    def updates(self) -> Sequence[tuple[int, Event]]:
        """Return what was told of it, in order."""


class JournaledStart(Protocol):
    """One start of a session, read from its journal and its recording."""

    @property
    def given(self) -> Given:
        """Return what its desk was given."""

    @property
    def info(self) -> TapeInfo:
        """Return what was on offer when its desk was seated."""

    @property
    def tape(self) -> Tape:
        """Return its recording."""

    def wagers(self) -> Sequence[ToldWager]:
        """Return the wagers of this start and earlier ones, with what was told until its end."""

    def recall(self, desk: Desk) -> None:
        """Let a desk know of the wagers of earlier starts."""

    def inputs(self) -> Iterator[Journaled[Event | DeskCall]]:
        """Yield what the desk heard and when it was called upon, in order."""

    def commands(self) -> Iterator[Journaled[Command]]:
        """Yield what the desk asked for, in order."""
