"""The folder of a season: what season it is, a folder for each game, and a catalogue of them.

`season.json` says of which sport, seed and settings the games are, and how strong the teams; it is
written first, so that a folder never mixes two seasons. `games.jsonl` is the catalogue: a line for
each whole game, in order of time, with `path`, `event_id`, `name`, `start`, teams, and what was
expected.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recordings.writing import write_text
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import GamePlan
from sim.crowd.season.season import Season, SeasonGame
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

IDENTITY, CATALOGUE = "season.json", "games.jsonl"


class SeasonFolder:
    """The folder of one season, of a sport, a seed and settings of the crowd."""

    def __init__(self, path: Path, season: Season, settings: CrowdSettings) -> None:
        """Take the folder; nothing is read or written."""
        self.path = path
        self._season = season
        self._settings = settings

    def begin(self) -> None:
        """Write what season it is, or compare it with what is written.

        Raise ConfigError if the folder is of another season or of something else.
        """
        identity = self._identity()
        path = self.path / IDENTITY
        if not path.exists():
            self._require_empty()
            write_text(path, f"{json.dumps(identity, indent=1)}\n")
            return
        found = _read_identity(path)
        for key, value in identity.items():
            if found.get(key) != value:
                message = f"{path}: {_difference(key, found.get(key), value)}; name a new folder"
                raise ConfigError(message)

    def plans(self) -> list[GamePlan]:
        """Return the plans of all games of the season, in order of time."""
        sport, seed = self._season.sport.key, self._season.seed
        edge = self._settings.mispricing
        options = f" --planted-edge {edge:g}" if edge else ""
        options += "" if self._settings.reference_s is None else " --reference"
        options += f" --books {self._settings.books}" if self._settings.books else ""
        source = f"simulated: python -m sim season {sport} --seed {seed}{options}"
        return [
            GamePlan(
                self.path / game.name,
                f"{source}, game {game.number}",
                sport,
                game.seed,
                self._settings,
                game.fixture,
            )
            for game in self._season.games
        ]

    def write_catalogue(self) -> int:
        """Write the catalogue of the whole games, and return their number; raise WriteError."""
        games = [game for game in self._season.games if (self.path / game.name).is_dir()]
        lines = "".join(f"{json.dumps(_catalogued(game))}\n" for game in games)
        write_text(self.path / CATALOGUE, lines)
        return len(games)

    def _identity(self) -> dict[str, Any]:
        """Return what all games are a function of; JSON reads it as it was written."""
        teams = {
            rated.team.code: {"name": rated.team.name, "line": rated.line, "total": rated.total}
            for rated in self._season.teams
        }
        return {
            "sport": self._season.sport.key,
            "simulated": True,
            "seed": self._season.seed,
            "planted_edge": self._settings.mispricing,
            "reference_seconds": self._settings.reference_s,
            "crowd": self._crowd(),
            "teams": teams,
        }

    def _crowd(self) -> dict[str, Any]:
        crowd = asdict(self._settings) | {"types": [str(each) for each in self._settings.types]}
        # Seasons from before there were books go on where they were stopped.
        return crowd if crowd["books"] else {k: v for k, v in crowd.items() if k != "books"}

    def _require_empty(self) -> None:
        others = sorted(path.name for path in self.path.iterdir() if path.name[0] != ".")
        if others:
            message = f"{self.path}: holds {others[0]} and no season; name a new folder"
            raise ConfigError(message)


def _read_identity(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read ({error}); name a new folder"
        raise ConfigError(message) from error
    if not isinstance(found, dict):
        message = f"{path}: is not what a season writes; name a new folder"
        raise ConfigError(message)
    return found


def _difference(key: str, found: object, wanted: object) -> str:
    """Return how another season differs: by a value, or by what another version draws."""
    if isinstance(wanted, dict):
        return f"another version of this program drew other values of {key!r}"
    return f"holds games of {key} {found!r}, not {wanted!r}"


def _catalogued(game: SeasonGame) -> dict[str, Any]:
    event = game.fixture.event
    start = datetime.fromtimestamp(event.scheduled_ns // NS_PER_SECOND, UTC)
    return {
        "path": game.name,
        "event_id": event.event_id,
        "name": event.name,
        "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "home": game.home.code,
        "away": game.away.code,
        "line": round(game.fixture.line, 3),
        "total": round(game.fixture.total, 3),
    }
