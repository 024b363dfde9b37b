"""Reads what a session's folder has for an export, as far as it is whole."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conf.modes import Mode
from conf.saved_targets import saved_exchange, saved_fees, saved_mode
from live.export.session_account import AccountRow, SessionAccount
from recordings.journal.entries import JOURNAL
from recordings.journal.journal_reader import JournalReader
from recordings.reader import Tape
from recordings.utc_time import utc_text
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, JournalError, TapeError
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.money import dollars_text

PAPER = "paper"


class ExportedSession(NamedTuple):
    """The rows of a session, and what is needed to name and to date them.

    `venue` is the exchange at which it traded, or `paper`; `fees` are those of its last start.
    `day_starts` has when the trading day turned in each start. `problems` says what is missing.
    """

    name: str
    venue: str
    rows: Sequence[AccountRow]
    catalogue: Catalogue
    fees: Commission
    refs: frozenset[WagerRef]
    day_starts: frozenset[str]
    without_result: str
    problems: Sequence[str]


def read_exported(folder: Path) -> ExportedSession:
    """Read a session, also while it runs; of a broken journal the part before the break.

    Raise ConfigError if what it was started with cannot be read, and JournalError if nothing of
    the journal can.
    """
    saved = _saved_starts(folder)
    catalogue, unreadable = _catalogue(folder)
    problems: list[str] = []
    rows: list[AccountRow] = []
    day_starts: set[str] = set()
    with JournalReader(folder / JOURNAL, may_be_cut=True) as journal:
        if journal.cut_text is not None:
            problems.append(journal.cut_text)

        def taken_over_by(start: int) -> Sequence[WagerRef]:
            context = journal.run_context(start)
            if context is None:
                return ()
            day_starts.add(context.limits.day_starts)
            return context.earlier_refs

        @cache
        def fees_of(start: int) -> Commission:
            return saved_fees(saved.get(start, saved[max(saved)]))

        account = SessionAccount(catalogue, fees_of, taken_over_by)
        last_ns = 0
        try:
            for entry in journal.entries():
                rows += account.rows_of(entry)
                last_ns = entry.now_ns
        except JournalError as error:
            if not last_ns:
                raise
            problems.append(f"{error}; exported is what came before it, to {utc_text(last_ns)}")
    return ExportedSession(
        name=folder.name,
        venue=_venue(saved[max(saved)]),
        rows=rows,
        catalogue=catalogue,
        fees=fees_of(max(saved)),
        refs=frozenset(account.wagers),
        day_starts=frozenset(day_starts),
        without_result=_without_result_text(account),
        problems=[*problems, *account.problems, *_nameless(account, catalogue, unreadable)],
    )


def _saved_starts(folder: Path) -> dict[int, Path]:
    """Return the saved configuration of each start; raise ConfigError if there is not one."""
    paths = sorted(folder.glob("start-*.yaml"))
    saved = {int(path.stem.removeprefix("start-")): path for path in paths}
    if not saved:
        message = f"{folder}: no start-*.yaml is left, which has the fees and the exchange"
        raise ConfigError(message)
    return saved


def _catalogue(folder: Path) -> tuple[Catalogue, list[str]]:
    """Return what the recordings of its starts name, and which of them cannot be read."""
    catalogue, unreadable = Catalogue([], [], []), []
    for path in sorted(folder.glob("tape-*")):
        try:
            info = Tape(path).info
        except TapeError as error:
            unreadable.append(str(error))
            continue
        catalogue.add(info.events, info.markets, info.lines)
    return catalogue, unreadable


def _venue(start: Path) -> str:
    if saved_mode(start) is Mode.PAPER:
        return PAPER
    exchange = saved_exchange(start)
    if exchange is None or "name" not in exchange:
        message = f"{start}: names no exchange"
        raise ConfigError(message)
    return str(exchange["name"])


def _without_result_text(account: SessionAccount) -> str:
    """Return how much is matched without a result, empty if nothing."""
    waiting = account.without_result()
    if not waiting:
        return ""
    stake = dollars_text(sum(wager.stake_cents for wager in waiting))
    return f"{counted(len(waiting), 'wager')} without a result yet, {stake} matched"


def _nameless(
    account: SessionAccount, catalogue: Catalogue, unreadable: Sequence[str]
) -> list[str]:
    """Return that wagers are on lines that no recording names, if some are.

    A start that was killed early leaves a recording that cannot be read, which nothing needs.
    """
    nameless = [
        wager
        for wager in account.wagers.values()
        if wager.stake_cents and wager.request.line_id not in catalogue.lines
    ]
    if not nameless:
        return []
    return [
        *unreadable,
        f"{counted(len(nameless), 'matched wager')} on lines that no recording names, first "
        f"{nameless[0].request.ref}: without game and market, and without a settlement",
    ]
