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
        self._results: dict[int, Result] = {}

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
        """Write the results that a definition changes; a pair without one is not settled."""
        statuses = {runner_key(runner): runner.status for runner in definition.runners}
        self.pairs_voided = self.pairs_without_result = 0
        for pair in mapping.pairs:
            results = _pair_results(statuses.get(pair.first), statuses.get(pair.second))
            if results is None:
                self.pairs_without_result += 1
                continue
            self.pairs_voided += results[0] is Result.VOIDED
            for line, result in zip(self._lines(pair), results, strict=True):
                if self._results.get(line) is not result:
                    self._results[line] = result
                    self._writer.result(line, result)

    def _lines(self, pair: RunnerPair) -> tuple[int, int]:
        add_line = self._writer.add_line
        return add_line(pair.first_line), add_line(pair.second_line)


def _pair_results(first: str | None, second: str | None) -> tuple[Result, Result] | None:
    """Return the results of two runners, None if one is not named or still active."""
    if None in (first, second) or "ACTIVE" in (first, second):
        return None
    if (first, second) == ("WINNER", "LOSER"):
        return Result.WON, Result.LOST
    if (first, second) == ("LOSER", "WINNER"):
        return Result.LOST, Result.WON
    return Result.VOIDED, Result.VOIDED
