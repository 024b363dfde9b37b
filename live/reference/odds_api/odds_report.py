"""What matched and what did not, for persons: lines when it changes, and a file with all of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from live.reference.odds_api.game_matching import Matching
from live.reference.odds_api.odds_wire import OddsGame
from live.reference.odds_api.quota import Quota
from live.wall_clock import utc_text
from recordings.writing import write_text
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import WriteError

REPORT_FILE = "odds-api.json"

# Cap the refusals that are kept, so that a source that lies all day cannot exhaust memory.
_SHOWN_MAX = 1_000


class OddsReport:
    """Notifies a person once of each refusal, and keeps the newest state in a file."""

    def __init__(self, file: Path, quota: Quota, notify: Callable[[str], None]) -> None:
        """Write to a file; `notify` gets the lines for a person."""
        self._file = file
        self._quota = quota
        self._notify = notify
        self._shown: set[str] = set()
        self._counts: dict[str, str] = {}
        self._leagues: dict[str, Any] = {}
        self._is_unwritable = False

    def on_matching(self, league: str, matching: Matching, lines: int, now_ns: int) -> None:
        """Report how the games of a response match those of the exchange, and write the file."""
        for refused in matching.refused:
            game = refused.game
            self._once(f"{league}: {game.label}, {utc_text(game.start_ns)}: {refused.reason}")
        for missing in matching.missing:
            start = utc_text(missing.scheduled_ns)
            self._once(f"{league}: {missing.event.name}, {start}: no odds")
        counts = (
            f"{league}: odds of {counted(len(matching.matched), 'game')}, "
            f"{len(matching.missing)} without, {len(matching.refused)} refused"
        )
        if self._counts.get(league) != counts:
            self._counts[league] = counts
            self._notify(f"odds api: {counts}")
        self._leagues[league] = {
            "polled": utc_text(now_ns),
            "lines": lines,
            "matched": [
                {**_shown(each.game), "event_id": each.followed.event.event_id}
                for each in matching.matched
            ],
            "refused": [{**_shown(each.game), "reason": each.reason} for each in matching.refused],
            "without_odds": [
                {"game": each.event.name, "start": utc_text(each.scheduled_ns)}
                for each in matching.missing
            ],
            "not_followed": [_shown(each) for each in matching.not_followed],
        }
        self._write()

    def _once(self, line: str) -> None:
        if line not in self._shown and len(self._shown) < _SHOWN_MAX:
            self._shown.add(line)
            self._notify(f"odds api: {line}")

    def _write(self) -> None:
        """Write the file; a disk that does not take it costs the file only."""
        quota = {"remaining": self._quota.remaining, "used": self._quota.used}
        state = {"quota": quota, "leagues": self._leagues}
        text = msgspec.json.format(msgspec.json.encode(state)).decode() + "\n"
        try:
            write_text(self._file, text, private=True)
        except WriteError as error:
            if not self._is_unwritable:
                self._is_unwritable = True
                self._notify(f"odds api: {error}")


def _shown(game: OddsGame) -> dict[str, str]:
    return {"game": game.label, "start": utc_text(game.start_ns), "id": game.game_id}
