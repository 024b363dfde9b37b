"""Maps a Betfair market to a sport event, a market and pairs, or refuses it with a reason.

Two runners are a pair. Of a moneyline that is the whole market; of a handicap market it is every
(team, h) with (other team, -h), of a total of many points (over, p) with (under, p). `teams.py`
says which team is home. The runner of a total of one point that Betfair lists first is under,
unless a name says otherwise.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, assert_never

from recordings.importers.betfair.stream_file import Definition, Runner
from recordings.importers.betfair.teams import TeamNames, home_and_away, home_rule, team_names
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Selection

_MONEYLINES = ("MATCH_ODDS", "MONEY_LINE")
_SPREADS = ("ASIAN_HANDICAP", "HANDICAP")
# A total of many points in one market, as games of the American leagues have.
_TOTALS = ("COMBINED_TOTAL",)
_TOTAL = re.compile(r"OVER_UNDER_(\d{2,4})")
_SPORTS = {
    "1": "soccer",
    "2": "tennis",
    "4": "cricket",
    "7": "horse racing",
    "6423": "american football",
    "7511": "baseball",
    "7522": "basketball",
    "7524": "ice hockey",
}
_OUTCOMES = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RunnerKey(NamedTuple):
    """Identifies a runner within its market: its id and its handicap."""

    id: int
    hc: float


class RunnerPair(NamedTuple):
    """Two runners of which one wins, and the lines that they become."""

    first: RunnerKey
    second: RunnerKey
    first_line: Line
    second_line: Line


@dataclass(frozen=True, slots=True)
class MarketMapping:
    """A Betfair market as the tape will hold it.

    `home_rule` says how the home team was found. `quarter_lines` and `lines_alone` are the runners
    left out: those at a point that is no multiple of a half, and those without an opposite.
    """

    event: SportEvent
    market: Market
    pairs: tuple[RunnerPair, ...]
    home_rule: str
    quarter_lines: frozenset[RunnerKey] = frozenset()
    lines_alone: frozenset[RunnerKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A Betfair market that cannot be imported, and why."""

    market_id: str
    market_type: str
    name: str
    reason: str

    def label(self) -> str:
        """Return the market's id, with its name where the file holds one."""
        return f"{self.market_id} ({self.name})" if self.name else self.market_id

    def text(self) -> str:
        """Return the refusal as a sentence without its full stop."""
        return f"{self.market_type} {self.label()} {self.reason}"


class UnfitMarketError(TapeError):
    """A market that could be imported so far, and cannot be any more; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        """Take the refusal."""
        super().__init__(refusal.text())
        self.refusal = refusal


def runner_key(runner: Runner) -> RunnerKey:
    """Return the key of a runner."""
    return RunnerKey(runner.id, runner.hc)


def scheduled_ns(definition: Definition) -> int:
    """Return the announced start, nanoseconds since the epoch."""
    since = definition.market_time - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def map_market(market_id: str, definition: Definition) -> MarketMapping | Refusal:
    """Return how a market is mapped to the tape, or a refusal with the reason."""
    runners = sorted(definition.runners, key=lambda runner: runner.sort_priority)
    if len({runner_key(runner) for runner in runners}) < len(runners):
        return refusal_of(market_id, definition, "lists a runner twice")
    if definition.market_type in _MONEYLINES:
        return _map_two_runners(market_id, definition, runners, MarketType.MONEYLINE, 0.0)
    if definition.market_type in _SPREADS:
        return _map_points(market_id, definition, runners, MarketType.SPREAD)
    if definition.market_type in _TOTALS:
        return _map_points(market_id, definition, runners, MarketType.TOTAL)
    if total := _TOTAL.fullmatch(definition.market_type):
        point = int(total.group(1)) / 10
        if (2 * point).is_integer():
            return _map_two_runners(market_id, definition, runners, MarketType.TOTAL, point)
    reason = (
        f"(runners: {len(runners)}) is no moneyline, spread or total; what can be imported "
        f"is {', '.join((*_MONEYLINES, *_SPREADS, *_TOTALS))} and OVER_UNDER_*"
    )
    return refusal_of(market_id, definition, reason)


def _map_two_runners(
    market_id: str,
    definition: Definition,
    runners: Sequence[Runner],
    type_: MarketType,
    point: float,
) -> MarketMapping | Refusal:
    if len(runners) > _OUTCOMES:
        runners = [runner for runner in runners if runner.status != "REMOVED"]
    if len(runners) != _OUTCOMES:
        reason = f"has {counted(len(runners), 'runner')}, where a market needs exactly two"
        return refusal_of(market_id, definition, reason)
    event = _event(definition, runners)
    market = _market(market_id, definition, type_)
    pair = _pair(market, _first_and_second(definition, type_, runners), (point, point))
    return MarketMapping(event, market, (pair,), home_rule(definition, event.sport))


def _first_and_second(
    definition: Definition, type_: MarketType, runners: Sequence[Runner]
) -> tuple[Runner, Runner]:
    """Return the two runners in the order of a type's selections."""
    match type_.row.first:
        case Selection.HOME | Selection.AWAY:
            return home_and_away(definition, runners)
        case Selection.OVER | Selection.UNDER:
            return _over_and_under(runners)
        case _:
            assert_never(type_.row.first)


def _over_and_under(runners: Sequence[Runner]) -> tuple[Runner, Runner]:
    # Betfair lists under first; where the file holds names, they are more reliable than the order.
    under, over = runners
    if _is_named_over(under):
        under, over = over, under
    return over, under


def _names_over(runners: Sequence[Runner]) -> bool:
    """Return whether exactly one of the runners is named over."""
    return sum(map(_is_named_over, runners)) == 1


def _is_named_over(runner: Runner) -> bool:
    return (runner.name or "").lower().startswith("over")


def _map_points(
    market_id: str, definition: Definition, runners: Sequence[Runner], type_: MarketType
) -> MarketMapping | Refusal:
    """Map a market of two runners, each of which stands there once for every point."""
    both = _first_of_each(runners)
    if len(both) != _OUTCOMES:
        reason = f"has {counted(len(both), 'different runner')}, where points need exactly two"
        return refusal_of(market_id, definition, reason)
    if type_ is MarketType.TOTAL and not _names_over(both):
        # Unlike in a total of one point, the order is not known to be always the same.
        return refusal_of(market_id, definition, "does not name which of its runners is over")
    first_runner, second_runner = _first_and_second(definition, type_, both)
    quarter = {runner_key(runner) for runner in runners if not (2 * runner.hc).is_integer()}
    by_key = {key: r for r in runners if (key := runner_key(r)) not in quarter}
    market = _market(market_id, definition, type_)
    pairs = tuple(
        _pair(market, (first, second), (first.hc, second.hc))
        for first in by_key.values()
        if first.id == first_runner.id
        and (second := by_key.get(RunnerKey(second_runner.id, type_.opposite_point(first.hc))))
        is not None
    )
    if not pairs:
        reason = "has no two runners at opposite points that are a multiple of .5"
        return refusal_of(market_id, definition, reason)
    paired = {key for pair in pairs for key in (pair.first, pair.second)}
    alone = frozenset(key for key in by_key if key not in paired)
    event = _event(definition, runners)
    rule = home_rule(definition, event.sport)
    return MarketMapping(event, market, pairs, rule, frozenset(quarter), alone)


def _first_of_each(runners: Sequence[Runner]) -> list[Runner]:
    """Return the first runner of every id, in order."""
    first: dict[int, Runner] = {}
    for runner in runners:
        first.setdefault(runner.id, runner)
    return list(first.values())


def _pair(
    market: Market, runners: tuple[Runner, Runner], points: tuple[float, float]
) -> RunnerPair:
    selections = (market.type.row.first, market.type.row.second)
    first, second = (
        Line(_line_id(market, runner), market.event_id, market.market_id, selection, point)
        for runner, selection, point in zip(runners, selections, points, strict=True)
    )
    return RunnerPair(runner_key(runners[0]), runner_key(runners[1]), first, second)


def _line_id(market: Market, runner: Runner) -> LineId:
    # Of a market of many points, each has the same two runners.
    at = f":{runner.hc:+g}" if market.type.row.mirrored or runner.hc else ""
    return LineId(f"{market.market_id}:{runner.id}{at}")


def _market(market_id: str, definition: Definition, type_: MarketType) -> Market:
    name = definition.name or f"{definition.market_type} {market_id}"
    return Market(EventId(definition.event_id), MarketId(market_id), type_, name)


def _event(definition: Definition, runners: Sequence[Runner]) -> SportEvent:
    home, away = _team_names(definition, runners)
    return SportEvent(
        event_id=EventId(definition.event_id),
        name=definition.event_name or f"Betfair event {definition.event_id}",
        home=home,
        away=away,
        tournament=_tournament(definition),
        sport=_SPORTS.get(definition.event_type_id, f"sport {definition.event_type_id}"),
        scheduled_ns=scheduled_ns(definition),
    )


def _tournament(definition: Definition) -> str:
    """Return the name of the competition, else its id, else nothing: few files hold either."""
    if definition.competition_name:
        return definition.competition_name
    number = definition.competition_id
    return "" if number is None else f"Betfair competition {number}"


def _team_names(definition: Definition, runners: Sequence[Runner]) -> TeamNames:
    # The runners of a total are not teams, so its teams are read from the event's name.
    if definition.market_type in _TOTALS or _TOTAL.fullmatch(definition.market_type):
        return team_names(definition) or TeamNames("home", "away")
    home, away = home_and_away(definition, _first_of_each(runners))
    return TeamNames(home.name or f"runner {home.id}", away.name or f"runner {away.id}")


def refusal_of(market_id: str, definition: Definition, reason: str) -> Refusal:
    """Return the refusal of a market for a reason, which follows its name in a sentence."""
    names = [name for name in (definition.event_name, definition.name) if name]
    return Refusal(market_id, definition.market_type, ", ".join(names), reason)
