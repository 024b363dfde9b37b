"""The games of a capture as a source of odds needs them: teams, start, status and lines."""

from live.prophetx.market_data.tape_rows import MarketRows
from live.reference.odds_api.game_matching import FollowedGame, LinesByPoint
from recordings.tape import TapeInfo
from strategies.trading.model.ids import EventId, LineId, MarketKey
from strategies.trading.model.market import Line
from strategies.trading.model.market_types import MarketType, Period


class FollowedGames:
    """Every game on a tape, with the lines of its markets on the whole game.

    A tape's dictionaries only become longer, and may be long: each entry is looked at once.
    """

    def __init__(self, info: TapeInfo, rows: MarketRows) -> None:
        """Start with nothing looked at."""
        self._info = info
        self._rows = rows
        self._types: dict[MarketKey, MarketType] = {}
        self._markets_seen = 0
        self._lines_seen = 0
        self._firsts: dict[tuple[MarketKey, float], LineId] = {}
        self._lines: dict[EventId, dict[MarketType, LinesByPoint]] = {}

    def games(self) -> list[FollowedGame]:
        """Return the games, with start and status as of now."""
        self._look()
        return [
            FollowedGame(
                event,
                *self._rows.start_and_status(index),
                self._lines.setdefault(event.event_id, {}),
            )
            for index, event in enumerate(self._info.events)
        ]

    def _look(self) -> None:
        """Take over the markets and lines that were added since the last call."""
        markets, lines = self._info.markets, self._info.lines
        for market in markets[self._markets_seen :]:
            if market.period is Period.GAME and market.participant is None:
                self._types[market.key] = market.type
        for line in lines[self._lines_seen :]:
            type_ = self._types.get(line.market_key)
            if type_ is not None:
                self._add(line, type_)
        self._markets_seen, self._lines_seen = len(markets), len(lines)

    def _add(self, line: Line, type_: MarketType) -> None:
        # The first line of a pair is added first.
        if line.selection is type_.row.first:
            self._firsts[line.market_key, line.point] = line.line_id
            return
        point = type_.opposite_point(line.point)
        of_type = self._lines.setdefault(line.event_id, {}).setdefault(type_, {})
        of_type[point] = self._firsts[line.market_key, point], line.line_id
