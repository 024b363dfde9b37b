"""The games of a capture as a source of odds needs them: teams, start, status and lines."""

from live.prophetx.market_data.tape_rows import MarketRows
from live.reference.odds_api.game_matching import FollowedGame, LinesByPoint
from recordings.tape import TapeInfo
from strategies.trading.model.ids import EventId, LineId, MarketKey
from strategies.trading.model.market_types import MarketType, Period


def followed_games(info: TapeInfo, rows: MarketRows) -> list[FollowedGame]:
    """Return every game on a tape, with the lines of its markets on the whole game."""
    lines: dict[EventId, dict[MarketType, LinesByPoint]] = {
        event.event_id: {} for event in info.events
    }
    types = {
        market.key: market.type
        for market in info.markets
        if market.period is Period.GAME and market.participant is None
    }
    firsts: dict[tuple[MarketKey, float], LineId] = {}
    for line in info.lines:
        type_ = types.get(line.market_key)
        if type_ is None:
            continue
        if line.selection is type_.row.first:
            firsts[line.market_key, line.point] = line.line_id
            continue
        point = type_.opposite_point(line.point)
        # The first line of a pair is added first.
        first_id = firsts[line.market_key, point]
        lines[line.event_id].setdefault(type_, {})[point] = first_id, line.line_id
    return [
        FollowedGame(event, *rows.start_and_status(index), lines[event.event_id])
        for index, event in enumerate(info.events)
    ]
