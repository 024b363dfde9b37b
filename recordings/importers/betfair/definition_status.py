"""From market definitions to rows of schedule, in-play, suspension, delay and settlement."""

from recordings.importers.betfair.definition import (
    MarketMapping,
    RunnerPair,
    runner_key,
    scheduled_ns,
)
from recordings.importers.betfair.stream_file import Definition
from recordings.writer import TapeWriter
from strategies.trading.model.market import EventStatus, MarketStatus, Result

_STATUSES = {
    "INACTIVE": MarketStatus.SUSPENDED,
    "OPEN": MarketStatus.OPEN,
    "SUSPENDED": MarketStatus.SUSPENDED,
    "CLOSED": MarketStatus.CLOSED,
}
_NS_PER_S = 1_000_000_000


class EventStates:
    """Follows the sport events of a file; an event ends when the last of its markets closes."""

    def __init__(self, writer: TapeWriter) -> None:
        """Write what changes to this tape."""
        self._writer = writer
        self._scheduled_ns: dict[int, int] = {}
        self._statuses: dict[int, EventStatus] = {}
        self._unclosed: dict[int, dict[int, None]] = {}

    def schedule(self, event: int, at_ns: int) -> None:
        """Write the announced start of an event, if it changed."""
        if self._scheduled_ns.get(event) != at_ns:
            self._scheduled_ns[event] = at_ns
            self._writer.schedule(event, at_ns)

    def go_in_play(self, event: int) -> None:
        """Write that the event is in-play, once."""
        if self._statuses.get(event, EventStatus.NOT_STARTED) is EventStatus.NOT_STARTED:
            self._write_status(event, EventStatus.LIVE)

    def market_status(self, event: int, market: int, status: MarketStatus) -> None:
        """Note the status of a market; write that its event ended once all are closed."""
        unclosed = self._unclosed.setdefault(event, {})
        if status is not MarketStatus.CLOSED:
            unclosed[market] = None
        else:
            unclosed.pop(market, None)
            if not unclosed and self._statuses.get(event) is not EventStatus.ENDED:
                self._write_status(event, EventStatus.ENDED)

    def _write_status(self, event: int, status: EventStatus) -> None:
        self._statuses[event] = status
        self._writer.event_status(event, status)


class DefinitionState:
    """Follows the definitions of one market, and writes their changes.

    Rows come in this order: schedule, in-play delay, event in-play, market status, results, event
    ended. The delay comes first so that it is known by the time a market opens in-play.
    """

    def __init__(self, writer: TapeWriter, events: EventStates, event: int, market: int) -> None:
        """Follow a market; `event` and `market` are indices in the tape's dictionaries."""
        self.pairs_voided = 0
        self.pairs_without_result = 0
        self._writer = writer
        self._events = events
        self._event = event
        self._market = market
        self._scheduled_ns: int | None = None
        self._delay_ns: int | None = None
        self._status: MarketStatus | None = None
        self._results: list[tuple[int, Result]] = []

    @property
    def has_results(self) -> bool:
        """Return whether results were written."""
        return bool(self._results)

    def apply(self, definition: Definition, mapping: MarketMapping) -> None:
        """Write what a definition changes."""
        self._write_schedule(scheduled_ns(definition))
        if definition.in_play:
            # Before the game Betfair reports a delay of zero whatever it will be, so it is ignored.
            self._write_delay(definition.bet_delay * _NS_PER_S)
            self._events.go_in_play(self._event)
        status = _STATUSES[definition.status]
        if status is not self._status:
            self._status = status
            self._writer.market_status(self._market, status)
        # Betfair names winners only when a market closes; until then they may change.
        if status is MarketStatus.CLOSED:
            self._write_results(definition, mapping)
        self._events.market_status(self._event, self._market, status)

    def _write_schedule(self, at_ns: int) -> None:
        if at_ns != self._scheduled_ns:
            self._scheduled_ns = at_ns
            self._events.schedule(self._event, at_ns)

    def _write_delay(self, delay_ns: int) -> None:
        if delay_ns != self._delay_ns:
            self._delay_ns = delay_ns
            self._writer.in_play_delay(self._market, delay_ns)

    def _write_results(self, definition: Definition, mapping: MarketMapping) -> None:
        statuses = {runner_key(runner): runner.status for runner in definition.runners}
        named = [
            pair for pair in mapping.pairs if pair.first in statuses and pair.second in statuses
        ]
        outcomes = [_pair_results(statuses[pair.first], statuses[pair.second]) for pair in named]
        results = [
            reported
            for pair, (first, second) in zip(named, outcomes, strict=True)
            for reported in self._on_lines(pair, first, second)
        ]
        self.pairs_without_result = len(mapping.pairs) - len(named)
        if results != self._results:
            self._results = results
            self.pairs_voided = sum(first is Result.VOIDED for first, _ in outcomes)
            for line, result in results:
                self._writer.result(line, result)

    def _on_lines(
        self, pair: RunnerPair, first: Result, second: Result
    ) -> tuple[tuple[int, Result], tuple[int, Result]]:
        add_line = self._writer.add_line
        return (add_line(pair.first_line), first), (add_line(pair.second_line), second)


def _pair_results(first: str, second: str) -> tuple[Result, Result]:
    if (first, second) == ("WINNER", "LOSER"):
        return Result.WON, Result.LOST
    if (first, second) == ("LOSER", "WINNER"):
        return Result.LOST, Result.WON
    return Result.VOIDED, Result.VOIDED
