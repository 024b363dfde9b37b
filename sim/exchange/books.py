"""The book of a line: what takers are offered on it, and the wagers that rest on it."""

from bisect import insort

from recordings.tape import TapeInfo
from sim.exchange.exchange_wager import ExchangeWager
from sim.exchange.offers import Offer
from strategies.trading.model.market import Catalogue, Line
from strategies.trading.model.odds import Odds


class LineBook:
    """The offers on one line, and the wagers on it, those preferred by takers first.

    `line`, `market` and `event` are places in the dictionaries. A book is followed once it matters
    to anybody: its markets are subscribed to, or something was wagered there; until then it only
    keeps the recorded amounts. It is listened to if its market is subscribed to. `filled_cents` is
    the stake of wagers resting here that takers matched, ever.
    """

    __slots__ = (
        "activating",
        "event",
        "filled_cents",
        "followed",
        "line",
        "line_id",
        "listened",
        "market",
        "named",
        "offers",
        "opposite",
        "wagers",
    )

    def __init__(self, named: Line, line: int, market: int, event: int) -> None:
        """Start empty; the opposite line's book is set by whoever makes both."""
        self.named = named
        self.line_id = named.line_id
        self.line = line
        self.market = market
        self.event = event
        self.opposite = self
        self.followed = False
        self.listened = False
        self.offers: dict[int, Offer] = {}
        self.wagers: list[ExchangeWager] = []
        self.activating: list[ExchangeWager] = []
        self.filled_cents = 0

    def rest(self, wager: ExchangeWager) -> None:
        """Let a wager rest, behind those at shorter odds and those that are older."""
        insort(self.wagers, wager, key=_preference)

    def available_from(self, odds: int) -> list[Offer]:
        """Return the offers with recorded stake left at these odds or longer, longest first."""
        found = [o for o in self.offers.values() if o.odds >= odds and o.available_cents]
        return sorted(found, key=_odds, reverse=True)

    def offered_from(self, odds: int) -> list[Offer]:
        """Return the offers with anybody's stake at these odds or longer, the longest first."""
        # Written out for speed: most offers are empty, and the property would be asked of each.
        found = [
            o
            for o in self.offers.values()
            if o.odds >= odds and (o.wagers or o.recorded_cents != o.debit_cents)
        ]
        return sorted(found, key=_odds, reverse=True)


def books_of(info: TapeInfo, catalogue: Catalogue, known: int) -> list[LineBook]:
    """Return a book for every line of the dictionaries after those known, in their order.

    Both lines of a pair are known, or neither.
    """
    events = {event.event_id: place for place, event in enumerate(info.events)}
    markets = {market.key: place for place, market in enumerate(info.markets)}
    books = [
        LineBook(line, place, markets[line.market_key], events[line.event_id])
        for place, line in enumerate(info.lines[known:], known)
    ]
    by_line = {book.line_id: book for book in books}
    for book in books:
        book.opposite = by_line[catalogue.opposite(book.line_id).line_id]
    return books


def _preference(wager: ExchangeWager) -> tuple[int, int]:
    """Put first what gives takers the longest odds, which is the shortest of its own; then age."""
    return wager.odds, wager.number


def _odds(offer: Offer) -> Odds:
    return offer.odds
