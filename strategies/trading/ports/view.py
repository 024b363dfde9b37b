"""What a strategy sees of a market and of its game, and what it may note about them.

A view carries what every strategy reads. The rest it looks up in the desk when it is read, so that
a strategy pays only for what it uses; it holds for the moment of the decision, and not later.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Protocol

from msgspec import Struct, field

from strategies.trading.model.book import Book, RecentTrade
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.event_state import EventState, ReceivedReference
from strategies.trading.model.ids import EventId, LineId, MarketKey, PairId
from strategies.trading.model.market import EventStatus, Market, MarketStatus, Pair, SportEvent
from strategies.trading.model.odds import Ladder, Odds
from strategies.trading.model.position import Position

# What nothing limits: more cents than there are.
UNLIMITED_CENTS = 1 << 56

# The note that is a strategy's own fair probability of a pair's first line.
OWN_FAIR = "fair"


class OwnWager(Struct, frozen=True):
    """One of our wagers that may still be matched.

    `unmatched_cents` is what of the stake is left. `resting` is whether it is open at the exchange:
    not while it is being placed, nor once its cancel was sent.
    """

    line_id: LineId
    odds: Odds
    stake_cents: int
    unmatched_cents: int
    placed_ns: int
    resting: bool


class Note(Struct, frozen=True):
    """A number that a strategy noted about a market, or about one pair of it."""

    market_key: MarketKey
    pair_id: PairId | None
    name: str
    value: float


class ViewSource(Protocol):
    """Where views look up what they do not carry, and put what a strategy notes."""

    def event_state(self, event_id: EventId) -> EventState | None:
        """Return the state of a game, None if it is not known."""

    def own_wagers(self, pair: Pair) -> tuple[OwnWager, ...]:
        """Return our live wagers on both lines of a pair, in the order of placing."""

    def headroom_cents(self, pair: Pair, side: int) -> int:
        """Return the largest stake that the limits leave a quote on the first (0) or second line.

        That is if it is the market's only quote, and replaces every open wager there.
        """

    def other_markets(self, market: Market, now_ns: int) -> "tuple[MarketView, ...]":
        """Return the other markets of a market's game that the desk follows."""

    def add_note(self, note: Note) -> None:
        """Keep what the strategy noted."""


class FixedViewSource(Struct):
    """The source of a view that is made by hand, as in a test of a strategy.

    It returns what it is given, for every pair alike; `notes` are what was noted.
    """

    event: EventState | None = None
    wagers: tuple[OwnWager, ...] = ()
    most_cents: int = UNLIMITED_CENTS
    markets: "tuple[MarketView, ...]" = ()
    notes: list[Note] = []

    def event_state(self, event_id: EventId) -> EventState | None:  # noqa: ARG002
        """Return the state given."""
        return self.event

    def own_wagers(self, pair: Pair) -> tuple[OwnWager, ...]:
        """Return those of the wagers that are on a line of the pair."""
        lines = (pair.first.line_id, pair.second.line_id)
        return tuple(wager for wager in self.wagers if wager.line_id in lines)

    def headroom_cents(self, pair: Pair, side: int) -> int:  # noqa: ARG002
        """Return the stake given."""
        return self.most_cents

    def other_markets(self, market: Market, now_ns: int) -> "tuple[MarketView, ...]":  # noqa: ARG002
        """Return the markets given."""
        return self.markets

    def add_note(self, note: Note) -> None:
        """Keep a note."""
        self.notes.append(note)


class PairView(Struct, frozen=True):
    """One pair as a strategy sees it.

    `fair` is the fair probability of the first line, None without a price. `book` holds the offers,
    with ours separated from those of others. `book` and `position` must not be changed.
    """

    book: Book
    fair: float | None
    position: Position
    source: ViewSource = field(default_factory=FixedViewSource)
    now_ns: int = 0

    @property
    def pair(self) -> Pair:
        """Return the pair."""
        return self.book.pair

    @property
    def first_touch(self) -> tuple[Odds, int] | None:
        """Return the best offer of others on the first line, as (odds, cents)."""
        return self.book.first.touch()

    @property
    def second_touch(self) -> tuple[Odds, int] | None:
        """Return the best offer of others on the second line, as (odds, cents)."""
        return self.book.second.touch()

    @property
    def first_age_ns(self) -> int | None:
        """Return how long ago others last changed an offer on the first line, None if never."""
        return self._age_ns(self.book.first.updated_ns)

    @property
    def second_age_ns(self) -> int | None:
        """Return how long ago others last changed an offer on the second line, None if never."""
        return self._age_ns(self.book.second.updated_ns)

    @property
    def reference(self) -> ReceivedReference | None:
        """Return the newest outside fair probability of the first line and its time, or None."""
        event = self.source.event_state(self.pair.first.event_id)
        return None if event is None else event.references.get(self.pair.pair_id)

    @property
    def trades(self) -> tuple[RecentTrade, ...]:
        """Return the newest trades on either line that the desk has seen, the newest last."""
        return tuple(self.book.trades)

    @property
    def own_wagers(self) -> tuple[OwnWager, ...]:
        """Return our wagers on either line that may still be matched, in the order of placing."""
        return self.source.own_wagers(self.pair)

    @property
    def first_headroom_cents(self) -> int:
        """Return the largest stake that the limits leave a quote on the first line."""
        return self.source.headroom_cents(self.pair, 0)

    @property
    def second_headroom_cents(self) -> int:
        """Return the largest stake that the limits leave a quote on the second line."""
        return self.source.headroom_cents(self.pair, 1)

    def note(self, **values: float) -> None:
        """Note numbers about the pair, by name, for the tables and charts of the run.

        `fair` is the strategy's own fair probability of the first line: until its next decision on
        the market, edge is measured against it. Raise ConfigError for what is no number.
        """
        for name, value in values.items():
            number = _number(name, value)
            if name == OWN_FAIR and not 0 < number < 1:
                message = f"note({name}={value!r}): write a probability between 0 and 1"
                raise ConfigError(message)
            key = self.pair.market_key
            self.source.add_note(Note(key, self.pair.pair_id, name, number))

    def _age_ns(self, updated_ns: int) -> int | None:
        return self.now_ns - updated_ns if updated_ns else None


class MarketView(Struct, frozen=True):
    """Another market of the same game."""

    market: Market
    market_status: MarketStatus
    pairs: tuple[PairView, ...]


class View(Struct, frozen=True):
    """The inputs of a strategy that quotes a market; positions are those of the event."""

    now_ns: int
    event: SportEvent
    event_status: EventStatus
    score: tuple[int, int] | None
    market: Market
    market_status: MarketStatus
    pairs: tuple[PairView, ...]
    positions: Sequence[Position]
    ladder: Ladder
    source: ViewSource = field(default_factory=FixedViewSource)

    @property
    def scheduled_ns(self) -> int:
        """Return when the game is to start, as last announced."""
        state = self._state()
        return self.event.scheduled_ns if state is None else state.scheduled_ns

    @property
    def live_since_ns(self) -> int | None:
        """Return when play was reported to have started, None before."""
        state = self._state()
        return None if state is None else state.live_since_ns or None

    @property
    def clock_ns(self) -> int | None:
        """Return the playing time elapsed at the last report of it, None without one."""
        state = self._state()
        return None if state is None else state.clock_ns or None

    @property
    def other_markets(self) -> tuple[MarketView, ...]:
        """Return the other markets of the game that the desk follows, priced now."""
        return self.source.other_markets(self.market, self.now_ns)

    def note(self, **values: float) -> None:
        """Note numbers about the market, by name; see `PairView.note` for those about a pair.

        Raise ConfigError for what is no number.
        """
        if OWN_FAIR in values:
            message = f"note({OWN_FAIR}=...): a fair price is of a pair; note it with pair.note"
            raise ConfigError(message)
        for name, value in values.items():
            self.source.add_note(Note(self.market.key, None, name, _number(name, value)))

    def _state(self) -> EventState | None:
        return self.source.event_state(self.event.event_id)


def _number(name: str, value: object) -> float:
    if not isinstance(value, Real):
        message = f"note({name}={value!r}): write a number"
        raise ConfigError(message)
    return float(value)
