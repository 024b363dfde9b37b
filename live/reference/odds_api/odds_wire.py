"""What The Odds API answers: games, bookmakers, markets and outcomes, each checked by itself.

One part that cannot be read costs that part only: it is counted, and the rest is used.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from math import isfinite
from typing import Annotated, NamedTuple, TypeVar

from msgspec import Meta, Raw

from live.decode import WireStruct, read, unreadable
from live.decode_errors import DecodeErrors
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

MARKET_TYPES = {
    "h2h": MarketType.MONEYLINE,
    "spreads": MarketType.SPREAD,
    "totals": MarketType.TOTAL,
}

_SOURCE = "odds api"
_ODDS_MAX = 1_000_000

_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_Part = TypeVar("_Part")


class OddsGame(NamedTuple):
    """A game as the source names it, with the raw text of each bookmaker's prices."""

    game_id: str
    home: str
    away: str
    start_ns: int
    books: Sequence[Raw]

    @property
    def label(self) -> str:
        """Return the game for people: "Miami Heat at Boston Celtics"."""
        return f"{self.away} at {self.home}"


class BookPrices(NamedTuple):
    """The two prices of one bookmaker for one market at one point, in American odds.

    `point` is that of the first selection: home, or over. `updated_ns` is when the bookmaker was
    last seen to have these prices, by the source's clock.
    """

    book: str
    type: MarketType
    point: float
    odds: tuple[int, int]
    updated_ns: int

    @property
    def has_point(self) -> bool:
        """Return whether its market has points."""
        return self.type.row.has_point


class _WireGame(WireStruct, frozen=True):
    id: _Text
    sport_key: str
    commence_time: str
    home_team: _Text
    away_team: _Text
    bookmakers: tuple[Raw, ...] = ()


class _WireBook(WireStruct, frozen=True):
    key: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}$")]
    last_update: str | None = None
    markets: tuple[Raw, ...] = ()


class _WireMarket(WireStruct, frozen=True):
    key: str
    outcomes: list["_WireOutcome"]
    last_update: str | None = None


class _WireOutcome(WireStruct, frozen=True):
    name: str
    price: float
    point: float | None = None


def read_games(body: bytes, sport_key: str, decode_errors: DecodeErrors) -> list[OddsGame]:
    """Return the games in a body; raise ProtocolError if it is no list."""
    games = read(list[Raw], body, _SOURCE)
    return list(_readable(games, lambda raw: _game(raw, sport_key), decode_errors))


def read_prices(game: OddsGame, decode_errors: DecodeErrors) -> list[BookPrices]:
    """Return the prices of all bookmakers for a game; what cannot be read is counted."""
    prices = []
    for book in _readable(game.books, lambda raw: read(_WireBook, raw, _SOURCE), decode_errors):

        def of_market(raw: bytes, book: _WireBook = book) -> BookPrices | None:
            return _prices(read(_WireMarket, raw, f"{_SOURCE}: {book.key}"), book, game)

        prices += [each for each in _readable(book.markets, of_market, decode_errors) if each]
    return prices


def _readable(
    parts: Sequence[Raw], read_part: Callable[[bytes], _Part], decode_errors: DecodeErrors
) -> Iterator[_Part]:
    for raw in parts:
        try:
            yield read_part(bytes(raw))
        except ProtocolError as error:
            decode_errors.note(error)


def _game(raw: bytes, sport_key: str) -> OddsGame:
    game = read(_WireGame, raw, _SOURCE)
    if game.sport_key != sport_key:
        raise unreadable(_SOURCE, f"a game of {game.sport_key!r} among those of {sport_key}", raw)
    if game.home_team == game.away_team:
        raise unreadable(_SOURCE, "a game of one team", raw)
    start_ns = _time_ns(game.commence_time, raw)
    return OddsGame(game.id, game.home_team, game.away_team, start_ns, game.bookmakers)


def _prices(market: _WireMarket, book: _WireBook, game: OddsGame) -> BookPrices | None:
    """Return the prices of a market, None for one of a type that is not asked for."""
    type_ = MARKET_TYPES.get(market.key)
    if type_ is None:
        return None
    what = f"{_SOURCE}: {book.key}: {market.key}"
    stamp = market.last_update or book.last_update
    if stamp is None:
        raise unreadable(what, "has no last_update", repr(market))
    updated_ns = _time_ns(stamp, repr(market))
    first_name, second_name = (
        ("Over", "Under") if type_ is MarketType.TOTAL else (game.home, game.away)
    )
    by_name = {outcome.name: outcome for outcome in market.outcomes}
    if len(market.outcomes) != 2 or by_name.keys() != {first_name, second_name}:
        raise unreadable(what, f"is not of {first_name} and {second_name}", repr(market))
    first, second = by_name[first_name], by_name[second_name]
    point = _point(type_, first.point, second.point, what)
    odds = _american(first.price, what), _american(second.price, what)
    return BookPrices(book.key, type_, point, odds, updated_ns)


def _point(type_: MarketType, first: float | None, second: float | None, what: str) -> float:
    """Return the point of the first selection; raise ProtocolError if the two do not agree."""
    if not type_.row.has_point:
        return 0.0
    texts = f"{first} and {second}"
    if first is None or second is None or not (isfinite(first) and isfinite(second)):
        raise unreadable(what, "lacks a point", texts)
    if type_.opposite_point(first) != second:
        raise unreadable(what, "has two points that are not opposite", texts)
    if first * 2 % 1:
        # At a quarter half of the stake is on each of two points: its price is of neither.
        raise unreadable(what, "has a point that is no multiple of a half", texts)
    return first


def _american(price: float, what: str) -> int:
    if not isfinite(price) or price % 1 or not 100 <= abs(price) <= _ODDS_MAX:
        raise unreadable(what, "has a price that is no American odds", f"{price}")
    return int(price)


def _time_ns(text: str, raw: bytes | str) -> int:
    """Return a time in ISO 8601 with its offset as nanoseconds since the epoch."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp()) * NS_PER_SECOND
    except (ValueError, OverflowError):
        pass
    raise unreadable(_SOURCE, "a time that is not ISO 8601 with an offset", raw)
