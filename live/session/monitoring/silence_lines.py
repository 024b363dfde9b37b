"""Lines on markets that are not quoted any more, and that are quoted again."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime

from live.session.gateway import Notify
from strategies.trading.markets.silences import Silence, Silences
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import Decision

# Shorter ones are ordinary: a refresh, a fill, a response that is on its way.
_REPORTED_AFTER_NS = 5 * NS_PER_SECOND
_LOOK_SECONDS = 1.0
_NAMED = 3


class SilenceLines:
    """Turns decisions into lines for people, few however many markets there are.

    Markets that fell silent for one reason share a line.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        """Start with nothing quoted; the catalogue names the markets."""
        self._catalogue = catalogue
        self._silences = Silences()
        self._reported: dict[MarketKey, Silence] = {}

    def note(self, now_ns: int, decision: Decision) -> None:
        """Follow a decision."""
        self._silences.apply(now_ns, decision.market_key, decision.silence)

    def current(self, key: MarketKey) -> Silence | None:
        """Return the silence of a market, None while it is quoted, and before it ever was."""
        return self._silences.of(key)

    def lines(self, now_ns: int) -> list[str]:
        """Return what is new since the last call and has lasted for some seconds."""
        lasting = {
            silence.market_key: silence
            for silence in self._silences.current()
            if now_ns - silence.since_ns >= _REPORTED_AFTER_NS
        }
        silent = {silence.market_key for silence in self._silences.current()}
        ended = [silence for key, silence in self._reported.items() if key not in silent]
        new = [silence for key, silence in lasting.items() if self._reported.get(key) != silence]
        for silence in ended:
            del self._reported[silence.market_key]
        self._reported |= {silence.market_key: silence for silence in new}
        return [*self._began(new), *self._ended(ended)]

    async def report(self, clock: Clock, notify: Notify) -> None:
        """Print the lines as they come, until cancelled; an error ends the lines, nothing else."""
        try:
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                for line in self.lines(clock.now_ns()):
                    notify(line)
        except Exception as error:
            notify(f"no more lines on silences: {type(error).__name__}: {error}")

    def _began(self, silences: list[Silence]) -> list[str]:
        by_reason: dict[str, list[Silence]] = defaultdict(list)
        for silence in silences:
            by_reason[silence.reason].append(silence)
        return [
            f"not quoted since {_clock(group[0].since_ns)}: {self._names(group)}: {reason}"
            for reason, group in by_reason.items()
        ]

    def _ended(self, silences: list[Silence]) -> list[str]:
        if not silences:
            return []
        since = _clock(min(silence.since_ns for silence in silences))
        return [f"quoted again: {self._names(silences)}; silent since {since}"]

    def _names(self, silences: list[Silence]) -> str:
        """Return the markets by game, each game named once."""
        by_event: dict[EventId, list[MarketKey]] = defaultdict(list)
        for silence in silences[:_NAMED]:
            by_event[silence.market_key.event_id].append(silence.market_key)
        catalogue = self._catalogue
        texts = [
            f"{catalogue.name_of(event_id)} ({', '.join(map(catalogue.label_of, keys))})"
            for event_id, keys in by_event.items()
        ]
        left = len(silences) - _NAMED
        return ", ".join(texts) + (f" and {counted(left, 'more market')}" if left > 0 else "")


def _clock(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // NS_PER_SECOND, UTC):%H:%M:%S} UTC"
