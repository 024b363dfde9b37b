"""Imports recorded quotes of Polymarket US: a recording of each game, with all of its markets.

Times are those at which the quotes were taken, on one clock. What the quotes do not hold is said
in the notes of each recording: amounts, trades, the start of the game, the time of its results.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from recordings.importers.many_imports import ImportTask
from recordings.importers.polymarket.contract_slugs import ContractSlug, parse_slug
from recordings.importers.polymarket.game_starts import GameStart, StartSource, estimated_start
from recordings.importers.polymarket.game_tape import GameTape, moneyline, sport_event
from recordings.importers.polymarket.quote_files import (
    ZONE,
    Label,
    find_files,
    read_labels,
    read_quotes,
)
from recordings.importers.start_files import read_starts
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError
from strategies.trading.model.units import NS_PER_SECOND

# Most games of American leagues begin in the evening.
_ASSUMED_HOUR = time(19)
_START_NOTES = {
    StartSource.GIVEN: "The start of the game was given to the importer.",
    StartSource.ESTIMATED: "The start of the game is not in the data: it was estimated from the "
    "first lively minutes of the moneyline, to some five minutes.",
    StartSource.BEFORE: "The start of the game is not in the data: it was in play when the "
    "recording begins.",
    StartSource.ASSUMED: "The start of the game is not in the data and its quotes do not reach it: "
    "19:00 eastern time on its day, or after its last quote, is assumed.",
}


def polymarket_tasks(paths: Sequence[Path], starts: Path | None = None) -> list[ImportTask]:
    """Return a task for each game in Parquet files, or in folders of them.

    `starts` is a CSV file with the columns `game` and `start`, a time with its zone, for games
    whose start is known. Raise TapeError for files that hold no quotes, and for the first contract
    or start that cannot be read.
    """
    files = find_files(paths)
    given = {} if starts is None else read_starts(starts)
    games: dict[str, tuple[Path, list[ContractSlug]]] = {}
    for file in files.quotes:
        for contract in _contracts(file):
            games.setdefault(contract.game, (file, []))[1].append(contract)
    unknown = sorted(given.keys() - games.keys())
    if unknown:
        message = f"{starts}: no quotes of game {unknown[0]!r}"
        raise TapeError(message)
    return [
        ImportTask(game, partial(import_game, file, files.labels, contracts, given.get(game)))
        for game, (file, contracts) in sorted(games.items())
    ]


def import_game(
    file: Path,
    label_files: Sequence[Path],
    contracts: Sequence[ContractSlug],
    given_ns: int | None,
    folder: Path,
) -> str:
    """Write the recording of one game of a file into a new folder; return a line about it."""
    labels = _labels(label_files)
    wanted, alone = _with_results(contracts, labels)
    quotes = read_quotes(file).filter(pl.col("slug").is_in([each.slug for each in wanted]))
    unclear = quotes["ns"].null_count()
    quotes = quotes.drop_nulls("ns")
    if quotes.is_empty():
        message = f"{file}: game {contracts[0].game} has no quotes"
        raise TapeError(message)
    start = _start(wanted, quotes, given_ns)
    tape = GameTape(folder, f"Polymarket US quotes, {file.name}", wanted, start)
    with tape.writer:
        winner = moneyline(wanted)
        question = labels[winner.slug].question if winner and winner.slug in labels else ""
        event = sport_event(wanted, question, start.ns)
        tape.write(event, quotes.select("ns", "slug", "bid", "ask").rows(), labels)
        counts = Counter(crossed=tape.crossed, gaps=tape.gaps, unclear=unclear, alone=alone)
        notes = [*_notes(start, counts), _results_note(wanted, labels), tape.prices.note()]
        tape.writer.info.notes.extend(notes)
        rows = tape.writer.rows_written
    return (
        f"{counted(len(wanted), 'contract')}, {counted(quotes.height, 'quote')} to "
        f"{counted(rows, 'row')}, start {start.source}"
    )


def _contracts(file: Path) -> list[ContractSlug]:
    slugs = read_quotes(file).unique("slug", keep="first", maintain_order=True)
    contracts = []
    for slug, row in slugs.select("slug", "row").sort("slug").iter_rows():
        try:
            contracts.append(parse_slug(slug))
        except TapeError as error:
            message = f"{file}, row {row}: {error}"
            raise TapeError(message) from error
    return contracts


def _labels(files: Sequence[Path]) -> Mapping[str, Label]:
    return {slug: label for file in files for slug, label in read_labels(file).items()}


def _with_results(
    contracts: Sequence[ContractSlug], labels: Mapping[str, Label]
) -> tuple[list[ContractSlug], int]:
    """Return the contracts to import, and how many are left out.

    In a market with results, a line without one would count as void.
    """
    settled = {each.market() for each in contracts if _won(each, labels) is not None}
    wanted = [
        each for each in contracts if each.market() not in settled or _won(each, labels) is not None
    ]
    return wanted, len(contracts) - len(wanted)


def _won(contract: ContractSlug, labels: Mapping[str, Label]) -> bool | None:
    return labels[contract.slug].won if contract.slug in labels else None


def _start(
    contracts: Sequence[ContractSlug], quotes: pl.DataFrame, given_ns: int | None
) -> GameStart:
    if given_ns is not None:
        return GameStart(given_ns, StartSource.GIVEN, is_seen=given_ns <= quotes["ns"][-1])
    winner = moneyline(contracts)
    slug = "" if winner is None else winner.slug
    both = quotes.filter(pl.col("slug") == slug).drop_nulls(["bid", "ask"])
    mids = ((both["bid"] + both["ask"]) / 2).to_numpy()
    zone, day = ZoneInfo(ZONE), contracts[0].day
    day_ns, assumed_ns = (
        round(datetime.combine(day, hour, zone).timestamp()) * NS_PER_SECOND
        for hour in (time(0), _ASSUMED_HOUR)
    )
    return estimated_start(both["ns"].to_numpy().astype(np.int64), mids, day_ns, assumed_ns)


def _notes(start: GameStart, counts: Mapping[str, int]) -> Iterable[str]:
    yield (
        "Imported from quotes of Polymarket US, taken about every two minutes: the best bid and "
        "ask alone, without amounts. The team named second is home."
    )
    yield _START_NOTES[start.source]
    if counts["gaps"]:
        yield f"{counted(counts['gaps'], 'gap')} of more than ten minutes: the feed is lost there."
    if counts["crossed"]:
        yield f"{counted(counts['crossed'], 'quote')} with a bid at or above the ask skipped."
    if counts["unclear"]:
        yield f"{counted(counts['unclear'], 'quote')} in the hour that clocks repeat skipped."
    if counts["alone"]:
        yield (
            f"{counted(counts['alone'], 'contract')} without a result left out, of markets in "
            "which others have one."
        )


def _results_note(contracts: Sequence[ContractSlug], labels: Mapping[str, Label]) -> str:
    known = [labels[each.slug] for each in contracts if _won(each, labels) is not None]
    if not known:
        return "The results are unknown."
    inferred = sum(label.inferred for label in known)
    return (
        f"Results: {len(known) - inferred} by the exchange (api), {inferred} inferred from the "
        f"last price (convergence), {len(contracts) - len(known)} unknown. Their time is not in "
        "the data: they are written two minutes after the last quote."
    )
