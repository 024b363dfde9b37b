"""The part of each game in the report of a run of many: its markets, and its most active pair."""

from collections.abc import Iterable, Sequence

from sim.games.game_results import GameResult
from sim.report.number_text import clock, count, dollars, signed_dollars
from sim.report.page import Anchor, Html, figure, folded_part, join, paragraph, table
from sim.report.quote_section import Detail, QuoteTables, small_pair_figure
from sim.report.run_folder import Run
from sim.results.run_summary import NamedSplit
from sim.results.split_text import split_line
from strategies.trading.model.counted import counted

# All parts together, so that a page stays below three megabytes.
_BYTES_OF_ALL = 2_200_000
# What a part takes without the points of its lines, and a point of all its lines; measured.
_BYTES_OF_TEXT, _BYTES_OF_A_POINT, _BYTES_OF_A_FILL = 4_000, 110, 130
_MOST_POINTS, _LEAST_POINTS = 800, 30
_MOST_FILLS, _LEAST_FILLS = 200, 10
_TERMS = ("edge", "adverse", "drift", "outcome")


def part_anchor(game: GameResult) -> Anchor:
    """Return the name of a game that leads to its part."""
    return Anchor(game.event.name, _name_of(game))


def _name_of(game: GameResult) -> str:
    return f"game-{game.event.event_id}"


class GameParts:
    """Which games have a part, and how much is drawn in it, so that the page stays small."""

    def __init__(self, run: Run, games: Sequence[GameResult]) -> None:
        """Give every game a part, or where there are too many those that moved the profit most."""
        least = _bytes_of(Detail(_LEAST_POINTS, _LEAST_FILLS))
        by_size = sorted(games, key=lambda game: -abs(game.split.profit_cents))
        self._kept = {game.event.event_id for game in by_size[: _BYTES_OF_ALL // least]}
        self._games = games
        self._run = run
        self._detail = _affordable(_BYTES_OF_ALL // max(1, len(self._kept)))
        self._tables = QuoteTables(run)
        self._pairs: dict[str, str] = {}
        for pair_id in self._tables.pairs:
            event = run.event_of(pair_id)
            self._pairs.setdefault(event.event_id if event else "", pair_id)
        self._markets = _by_event(run)

    def has(self, game: GameResult) -> bool:
        """Return whether a game has a part."""
        return game.event.event_id in self._kept

    def html(self) -> Html:
        """Return how the parts are drawn, and all of them."""
        detail = self._detail
        drawn = (
            "A game opens by its name in the table. Its figure is of the pair with most fills and "
            f"quotes, with at most about {count(detail.points)} points of a line, extremes "
            f"included, and the {count(detail.fills)} largest fills"
        )
        left_out = len(self._games) - len(self._kept)
        if left_out:
            drawn += f"; {counted(left_out, 'game')} that moved the profit least have no part"
        parts = [self._part(game) for game in self._games if self.has(game)]
        return join([paragraph(f"{drawn}.", "aside"), *parts])

    def _part(self, game: GameResult) -> Html:
        event = game.event
        title = f"{clock(event.scheduled_ns)[:-3]}, {event.name}"
        parts = [
            paragraph(split_line(game.split)),
            *self._market_table(event.event_id),
            paragraph(f"Its id is {event.event_id}.", "aside"),
        ]
        pair_id = self._pairs.get(event.event_id)
        if pair_id is not None:
            name = self._run.pair_name(pair_id)
            tables = self._tables.of(pair_id)
            drawn = small_pair_figure(self._run, pair_id, tables, self._detail)
            label = name.label.removeprefix(f"{event.name}: ")
            fills = counted(len(tables.fills["ns"]), "fill")
            caption = (
                f"Probability of {name.first} ({label}), with the largest of its {fills}; the band "
                "is the market without us, between our two lines is what we quoted."
            )
            parts.append(figure(f"pair-of-{event.event_id}", drawn, caption))
        profit = signed_dollars(game.split.profit_cents)
        return folded_part(_name_of(game), f"{title}: {profit}", join(parts))

    def _market_table(self, event_id: str) -> list[Html]:
        markets = self._markets.get(event_id)
        if not markets:
            return []
        heads = ("market", "#fills", "#stake", *(f"#{term}" for term in _TERMS), "#profit")
        return [table(heads, [_market_row(named) for named in markets])]


def _bytes_of(detail: Detail) -> int:
    points, fills = detail.points * _BYTES_OF_A_POINT, detail.fills * _BYTES_OF_A_FILL
    return _BYTES_OF_TEXT + points + fills


def _affordable(size: int) -> Detail:
    """Return what a part of this many bytes can draw: two thirds lines, one third fills."""
    left = max(0, size - _BYTES_OF_TEXT)
    points = 2 * left // (3 * _BYTES_OF_A_POINT)
    fills = left // (3 * _BYTES_OF_A_FILL)
    return Detail(
        min(_MOST_POINTS, max(_LEAST_POINTS, points)), min(_MOST_FILLS, max(_LEAST_FILLS, fills))
    )


def _by_event(run: Run) -> dict[str, list[NamedSplit]]:
    """Return the splits of markets, which are named by event and market, by event."""
    found: dict[str, list[NamedSplit]] = {}
    for named in run.summary.splits["market"]:
        found.setdefault(named.key.rpartition(":")[0], []).append(named)
    return found


def _market_row(named: NamedSplit) -> Iterable[str]:
    split = named.split
    return (
        named.label.rpartition(": ")[2],
        count(split.fills),
        dollars(split.stake_cents),
        *(signed_dollars(getattr(split, f"{term}_cents")) for term in _TERMS),
        signed_dollars(split.profit_cents),
    )
