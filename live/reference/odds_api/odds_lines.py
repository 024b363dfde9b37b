"""A bookmaker's prices as lines of outside prices, in the format of docs/reference.md."""

from collections.abc import Iterator

import msgspec

from live.reference.odds_api.game_matching import FollowedGame, LinesByPoint
from live.reference.odds_api.odds_wire import BookPrices
from strategies.trading.model.ids import LineId


def reference_lines(prices: list[BookPrices], followed: FollowedGame) -> Iterator[bytes]:
    """Yield a line for each market of each bookmaker that the exchange has too.

    Where the exchange has no lines at the bookmaker's point, those nearest to it stand for the
    market, and the line gives the bookmaker's point.
    """
    for price in prices:
        lines = followed.lines.get(price.type)
        if lines:
            yield _line(price, *_nearest(lines, price.point))


def _nearest(lines: LinesByPoint, point: float) -> tuple[LineId, LineId]:
    return lines[min(lines, key=lambda each: (abs(each - point), each))]


def _line(price: BookPrices, first_id: LineId, second_id: LineId) -> bytes:
    points = (price.point, price.type.opposite_point(price.point))
    selections = [
        {"line_id": line_id, "american": odds, **({"point": point} if price.has_point else {})}
        for line_id, odds, point in zip((first_id, second_id), price.odds, points, strict=True)
    ]
    return msgspec.json.encode(
        {"source": price.book, "at": price.updated_ns, "selections": selections}
    )
