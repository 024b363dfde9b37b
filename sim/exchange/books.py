"""The order book of a line: the offers to takers on it, and the wagers that rest on it."""

from bisect import insort
from itertools import takewhile

from recordings.tape import TapeInfo
from sim.exchange.offers import Offer
from sim.exchange.participant import ExchangeWager
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.market import Line, Pair
from strategies.trading.model.odds import Odds


class LineBook:
    """The offers on one line and the wagers resting on it, in matching priority.

    `line_index`, `market_index` and `event_index` are positions in the tape's dictionaries.
    `wagers` are open, `pending` ones wait for activation. `subscribed` books publish their changes
    to a desk. `tracked` books keep full queue state: those that are subscribed to, and those with a
    wager on either line of the pair; the others only store the recorded amounts, which is what
    makes a tape with thousands of lines cheap to replay. `recorded` is whether a recording makes
    offers here; without one all stake is of wagers. `filled_cents` is the total stake of wagers
    resting here that takers have matched.
    """

    __slots__ = (
        "event_index",
        "filled_cents",
        "line",
        "line_id",
        "line_index",
        "market_index",
        "offers",
        "opposite",
        "pair",
        "pending",
        "recorded",
        "subscribed",
        "tracked",
        "wagers",
    )

    def __init__(
        self, line: Line, pair: Pair, line_index: int, market_index: int, event_index: int
    ) -> None:
        """Start empty; `new_books` sets `opposite` once both books of the pair exist."""
        self.line = line
        self.line_id = line.line_id
        self.pair = pair
        self.line_index = line_index
        self.market_index = market_index
        self.event_index = event_index
        self.opposite = self
        self.tracked = False
        self.subscribed = False
        self.recorded = False
        self.offers: dict[int, Offer] = {}
        self.wagers: list[ExchangeWager] = []
        self.pending: list[ExchangeWager] = []
        self.filled_cents = 0

    def rest(self, wager: ExchangeWager) -> None:
        """Add a resting wager, behind those at shorter odds and older ones at the same odds."""
        insort(self.wagers, wager, key=_priority)

    def available_from(self, odds: int) -> list[Offer]:
        """Return the offers with recorded stake left at `odds` or longer, longest first."""
        found = [o for o in self.offers.values() if o.odds >= odds and o.available_cents]
        return sorted(found, key=_odds, reverse=True)

    def offered_from(self, odds: int) -> list[Offer]:
        """Return the offers with any stake at `odds` or longer, recorded or not, longest first."""
        if not self.recorded:
            displayed = (wager.displayed_odds for wager in self.opposite.wagers)
            longer = takewhile(lambda each: each >= odds, displayed)
            return [self.offers[each] for each in dict.fromkeys(longer)]
        # Inlined `available_cents`: most offers are empty, and the call would cost on each.
        found = [
            o
            for o in self.offers.values()
            if o.odds >= odds and (o.wagers or o.recorded_cents != o.debit_cents)
        ]
        return sorted(found, key=_odds, reverse=True)


def new_books(info: TapeInfo, catalogue: Catalogue, first_line: int) -> list[LineBook]:
    """Return an empty book for every line of the dictionaries from index `first_line` on.

    Both lines of a pair must lie on the same side of `first_line`.
    """
    events = {event.event_id: index for index, event in enumerate(info.events)}
    markets = {market.key: index for index, market in enumerate(info.markets)}
    books = [
        LineBook(
            line,
            catalogue.pair_of(line.line_id),
            index,
            markets[line.market_key],
            events[line.event_id],
        )
        for index, line in enumerate(info.lines[first_line:], first_line)
    ]
    by_line = {book.line_id: book for book in books}
    for book in books:
        book.opposite = by_line[catalogue.opposite(book.line_id).line_id]
    return books


def _priority(wager: ExchangeWager) -> tuple[int, int]:
    """Sort the longest odds for takers first, which are the shortest of the wager; then by age."""
    return wager.odds, wager.number


def _odds(offer: Offer) -> Odds:
    return offer.odds
