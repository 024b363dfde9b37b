"""The state of one sport event: the inputs of a fair price besides the book."""

from typing import NamedTuple

from strategies.trading.model.ids import PairId
from strategies.trading.model.market import EventStatus, Pair, SportEvent
from strategies.trading.model.source_prices import SourcePrices


class ReceivedReference(NamedTuple):
    """An outside fair probability of a pair's first line, and when it arrived."""

    probability: float
    updated_ns: int


class EventState:
    """The state of one sport event.

    `updated_ns` is the time of the exchange's last message about what others did: what shows only
    our own placing or cancelling does not prove that the market is alive.

    `clock_ns` is the playing time elapsed at the last score, 0 if unknown; `live_since_ns` is when
    play was reported to have started. `pre_game_fairs` holds the last fair probability of each
    pair's first line before that, `pre_game_home` that of home to win the game, and `references`
    the newest outside price of each pair; `closing_references` are those when play started.
    `sources` are the newest prices of every outside source, at its own points.
    `feed_lost` is whether messages of this event may be missing, though the feed itself is there;
    `feed_delay_ns` is how long after it happened the last message arrived, whole seconds.
    `is_stale` is whether the desk pulled its quotes because others did nothing for too long.
    """

    __slots__ = (
        "clock_ns",
        "closing_references",
        "event",
        "feed_delay_ns",
        "feed_lost",
        "is_stale",
        "live_since_ns",
        "paused",
        "pre_game_fairs",
        "pre_game_home",
        "references",
        "scheduled_ns",
        "score",
        "sources",
        "status",
        "updated_ns",
    )

    def __init__(self, event: SportEvent) -> None:
        """Start before the game, with the announced start."""
        self.event = event
        self.status = EventStatus.NOT_STARTED
        self.scheduled_ns = event.scheduled_ns
        self.score: tuple[int, int] | None = None
        self.clock_ns = 0
        self.live_since_ns = 0
        self.paused = False
        self.updated_ns = 0
        self.feed_lost = False
        self.feed_delay_ns = 0
        self.is_stale = False
        self.pre_game_fairs: dict[PairId, float] = {}
        self.pre_game_home: float | None = None
        self.references: dict[PairId, ReceivedReference] = {}
        self.sources = SourcePrices()
        self.closing_references: dict[PairId, float] = {}

    def set_status(self, status: EventStatus, at_ns: int) -> None:
        """Set the status, and note when play started."""
        if status is EventStatus.LIVE and self.status is not EventStatus.LIVE:
            self.live_since_ns = at_ns
            for pair_id, reference in self.references.items():
                self.closing_references[pair_id] = reference.probability
        self.status = status

    def keep_fair(self, pair: Pair, fair: float) -> None:
        """Keep a fair probability of a pair's first line, if play has not started."""
        if self.status is EventStatus.NOT_STARTED:
            self.pre_game_fairs[pair.pair_id] = fair
            if pair.is_on_winner_of_game:
                self.pre_game_home = fair
