"""When quoting before a game begins, and when it is widened or stopped for news.

Line-ups, injury reports and scratches come at known times, and move a price faster than a resting
wager can be cancelled. A window is written as a line:

    nba: pull 90 to 60 minutes before the start
    nfl: widen 0.01 90 to 0 minutes before the start
    any: pull from 13:00 to 13:10 America/New_York

It holds for games that have not started, of one sport or tournament, or of any. Where several hold,
one that pulls prevails, and else the one that widens most.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from strategies.trading.model.commands import Intent
from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import EventStatus
from strategies.trading.model.odds import Ladder, implied_probability
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.strategy import Quote
from strategies.trading.risk.trading_day import TradingDays, read_trading_days

SETTING = "news_windows"
NEWS = "news"

_NS_PER_MINUTE = 60 * NS_PER_SECOND
_NS_PER_HOUR = 60 * _NS_PER_MINUTE
_ANY = "any"
_FORM = (
    "write it as `nba: pull 90 to 60 minutes before the start`, or "
    "`nba: widen 0.01 from 13:00 to 13:10 America/New_York`"
)
_WINDOW = re.compile(r"(?P<who>[^:]+): (?P<action>pull|widen (?P<by>\d*\.?\d+)) (?P<when>.+)")
_BEFORE_START = re.compile(r"(\d{1,5}) to (\d{1,5}) minutes before the start")
_EVERY_DAY = re.compile(r"from (\S+) to (\S+) (\S+)")
_WIDEST = 0.5


class _When(Protocol):
    """The times of a window."""

    def holds(self, scheduled_ns: int, now_ns: int) -> bool:
        """Return whether it holds now for a game with this start."""

    def next_change_ns(self, scheduled_ns: int, now_ns: int) -> int | None:
        """Return when it next begins or ends, None if it never will."""


@dataclass(frozen=True, slots=True)
class _BeforeStart:
    """From one distance before the start of a game to another."""

    from_ns: int
    to_ns: int

    def holds(self, scheduled_ns: int, now_ns: int) -> bool:
        return scheduled_ns - self.from_ns <= now_ns < scheduled_ns - self.to_ns

    def next_change_ns(self, scheduled_ns: int, now_ns: int) -> int | None:
        edges = (scheduled_ns - self.from_ns, scheduled_ns - self.to_ns)
        return min((edge for edge in edges if edge > now_ns), default=None)


class _EveryDay:
    """From one local time to another, every day."""

    def __init__(self, first: TradingDays, last: TradingDays) -> None:
        """Take the days that begin as the window does, and those that begin as it ends."""
        self._first = first
        self._last = last
        # Start, end and next start of the window around the last time that was asked for.
        self._around = (0, 0, 0)

    def holds(self, scheduled_ns: int, now_ns: int) -> bool:  # noqa: ARG002 - of any game
        return now_ns < self._at(now_ns)[1]

    def next_change_ns(self, scheduled_ns: int, now_ns: int) -> int | None:  # noqa: ARG002
        _, end_ns, next_ns = self._at(now_ns)
        return end_ns if now_ns < end_ns else next_ns

    def _at(self, now_ns: int) -> tuple[int, int, int]:
        start_ns, _, next_ns = self._around
        if not start_ns <= now_ns < next_ns:
            start_ns = self._first.start_ns(now_ns)
            next_ns = self._first.end_ns(now_ns)
            self._around = start_ns, self._last.end_ns(start_ns), next_ns
        return self._around


@dataclass(frozen=True, slots=True)
class NewsWindow:
    """Times at which quotes on games of a sport or tournament are pulled, or widened by `widen`.

    `widen` is a probability, None where quotes are pulled.
    """

    text: str
    who: str
    widen: float | None
    when: _When

    def holds(self, event: EventState, now_ns: int) -> bool:
        """Return whether it holds now for an event."""
        return self._is_of(event) and self.when.holds(event.scheduled_ns, now_ns)

    def next_change_ns(self, event: EventState, now_ns: int) -> int | None:
        """Return when it next begins or ends for an event, None if it never will."""
        return self.when.next_change_ns(event.scheduled_ns, now_ns) if self._is_of(event) else None

    def _is_of(self, event: EventState) -> bool:
        if event.status is not EventStatus.NOT_STARTED:
            return False
        of = event.event
        return self.who in (_ANY, of.sport.lower(), of.tournament.lower())


class PreGameWindows:
    """When quotes on a game are permitted before it, and how much they are widened."""

    def __init__(self, begin_before_start_ns: int, windows: Iterable[str]) -> None:
        """Take how long before the start quoting begins, 0 for any time, and the news windows.

        Raise SettingError for a window that cannot be read.
        """
        self._begin_ns = begin_before_start_ns
        self._windows = read_news_windows(windows)

    def block_reason(self, event: EventState, now_ns: int) -> str | None:
        """Return why a game may not be quoted before it now, None if it may."""
        if self._begin_ns and now_ns < event.scheduled_ns - self._begin_ns:
            return f"more than {self._begin_ns / _NS_PER_HOUR:g} h before the start"
        for window in self._windows:
            if window.widen is None and window.holds(event, now_ns):
                return f"news window, {window.text}"
        return None

    def widening(self, event: EventState, now_ns: int) -> tuple[float, str]:
        """Return by how much probability quotes are widened now, and the window that says so."""
        widest = (0.0, "")
        for window in self._windows:
            by = window.widen
            if by is not None and by > widest[0] and window.holds(event, now_ns):
                widest = (by, window.text)
        return widest

    def next_change_ns(self, event: EventState, now_ns: int) -> int | None:
        """Return when time next changes any of this for an event, None if it never will."""
        changes = [window.next_change_ns(event, now_ns) for window in self._windows]
        if self._begin_ns and event.scheduled_ns - self._begin_ns > now_ns:
            changes.append(event.scheduled_ns - self._begin_ns)
        return min((change for change in changes if change is not None), default=None)


def widened(quote: Quote, by: float, ladder: Ladder) -> Quote | None:
    """Return a quote at odds that cost this much less, None if there are none as long.

    What takes an offer does not rest, and stays as it is.
    """
    if not by or quote.intent is Intent.TAKE:
        return quote
    odds = ladder.shortest_implying_at_most(implied_probability(quote.odds) - by)
    return None if odds is None else replace(quote, odds=odds)


def read_news_windows(texts: Iterable[str]) -> Sequence[NewsWindow]:
    """Return the windows that texts describe; raise SettingError for one that is wrong."""
    return tuple([_window(text) for text in texts])


def _window(text: str) -> NewsWindow:
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise SettingError(SETTING, f"{text!r} is no window; {_FORM}")
    widen = None if found["by"] is None else float(found["by"])
    if widen is not None and not 0 < widen < _WIDEST:
        raise SettingError(SETTING, f"{text!r} widens by no probability above 0 and below 0.5")
    return NewsWindow(text.strip(), found["who"].strip().lower(), widen, _when(text, found["when"]))


def _when(text: str, when: str) -> _When:
    before = _BEFORE_START.fullmatch(when)
    if before is not None:
        first, last = (int(minutes) * _NS_PER_MINUTE for minutes in before.groups())
        if first <= last:
            raise SettingError(
                SETTING, f"{text!r} ends before it begins; the earlier time is first"
            )
        return _BeforeStart(first, last)
    daily = _EVERY_DAY.fullmatch(when)
    if daily is None:
        raise SettingError(SETTING, f"{text!r} is no window; {_FORM}")
    first_time, last_time, zone = daily.groups()
    if first_time == last_time:
        raise SettingError(SETTING, f"{text!r} ends when it begins")
    return _EveryDay(*(_days(text, f"{time} {zone}") for time in (first_time, last_time)))


def _days(text: str, local_time: str) -> TradingDays:
    try:
        return read_trading_days(local_time)
    except SettingError as error:
        raise SettingError(SETTING, f"{text!r}: {error.problem}") from None
