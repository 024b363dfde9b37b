"""What an evening came to: whether each fault was seen and survived, and what was wrong."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import NamedTuple

from recordings.journal.journal_reader import JournalReader
from recordings.journal.wager_history import WagerHistory
from recordings.reader import Tape
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import FeedLost, WagerOpened
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND
from tests.trials.bench import STARTING_BALANCE, Bench
from tests.trials.evening_plan import (
    LARGEST_STAKE,
    PAGE_SIGNS,
    STAKE_NAME,
    Incident,
    Step,
    Words,
)
from tests.trials.exchange_statement import (
    PlacedOrder,
    Statement,
    differences,
    exported_statement,
)
from tests.trials.watched_page import PageLook, PageState

NAME = "evening"
OPERATOR = "Ann Lee"
_CENTS = 100
# What a session logs at these levels because of what is done to it here; all else is unexpected.
_EXPECTED = re.compile(
    r"^(the feed (of .+ )?is lost for \d+ s$|\d+ % used: |fill far from fair: |"
    r"\d+ fills within a minute|no fill in )"
)
_LOGGED = re.compile(r"^\S+Z (WARNING|ERROR|CRITICAL) +(.*)$", re.MULTILINE)
_PRINTING = ("serve", "trade", "watch", "metrics", "reconcile", "export")


class Moment(NamedTuple):
    """A step of the plan as it was done, in seconds since the evening began.

    `answered` is when the session had answered words, with `done`; `game` is the id of the game
    that they named.
    """

    step: Step
    seconds: float
    answered: float = 0.0
    done: str = ""
    game: str = ""


@dataclass
class EveningRecord:
    """What was seen of an evening. All times are seconds of the wall since it began.

    `began_ns` is that moment by the session's clock, which runs `speed` times as fast.
    """

    began_ns: int
    speed: float
    ended: float = 0.0
    moments: list[Moment] = field(default_factory=list)
    states: list[PageState] = field(default_factory=list)
    looks: list[PageLook] = field(default_factory=list)
    scrapes: list[PageLook] = field(default_factory=list)
    alerts: list[tuple[float, str]] = field(default_factory=list)
    orders: list[PlacedOrder] = field(default_factory=list)
    statement: Statement | None = None
    balance: str = ""
    problems: list[str] = field(default_factory=list)

    def seconds_at(self, at_ns: int) -> float:
        """Return a time of the session's clock in seconds since the evening began."""
        return (at_ns - self.began_ns) / self.speed / NS_PER_SECOND

    def windows(self) -> Iterator[tuple[Moment, float]]:
        """Yield each moment with the time of the next one."""
        following = [moment.seconds for moment in self.moments[1:]]
        yield from zip(self.moments, [*following, self.ended], strict=False)

    def shown(self, since: float, until: float) -> Iterator[PageState]:
        """Yield what the page showed between two times, when it showed the session."""
        yield from (
            each for each in self.states if since < each.seconds <= until and not each.absent
        )

    def shown_before(self, seconds: float) -> PageState:
        """Return what the page showed at a time."""
        return [each for each in self.states if each.seconds <= seconds and not each.absent][-1]


class EveningJournal:
    """The session's own journal of an evening, in seconds since it began."""

    def __init__(self, record: EveningRecord, session: Path) -> None:
        """Read it."""
        with JournalReader(session / "journal.sqlite") as journal:
            entries = list(journal.entries())
        self._record = record
        self._lost = [
            record.seconds_at(entry.now_ns)
            for entry in entries
            if isinstance(entry.payload, FeedLost)
        ]
        self.wagers = list(WagerHistory(entries).wagers.values())
        lines = Tape(session / "tape-00001").info.lines
        self._event_of = {line.line_id: line.event_id for line in lines}

    def placed_at(self, wager: EarlierWager) -> float:
        """Return when a wager was placed."""
        return self._record.seconds_at(wager.placed_ns)

    def placed(self, since: float, until: float, game: str = "") -> list[EarlierWager]:
        """Return the wagers that were placed between two times, of one game if it is named."""
        return [
            wager
            for wager in self.wagers
            if since < self.placed_at(wager) <= until and game in ("", self._game_of(wager))
        ]

    def open_at(self, seconds: float, game: str) -> list[EarlierWager]:
        """Return the wagers that were open at a time, of one game if it is named."""
        placed = (each for each in self.wagers if game in ("", self._game_of(each)))
        return [each for each in placed if self.placed_at(each) <= seconds < self.ended_at(each)]

    def ended_at(self, wager: EarlierWager) -> float:
        """Return when the session knew that nothing more of a wager could be matched."""
        for number, (at_ns, _) in enumerate(wager.updates, start=1):
            known = EarlierWager(wager.request, wager.placed_ns, wager.updates[:number])
            if not known.open_cents:
                return self._record.seconds_at(at_ns)
        return inf

    def quoted_again(self, since: float, until: float) -> float | None:
        """Return when a wager was open that was placed after a fault, and after the feed was lost.

        None if that did not happen until the second time.
        """
        disturbed = max((at for at in self._lost if since <= at <= until), default=since)
        opened = (
            self._record.seconds_at(at_ns)
            for wager in self.placed(disturbed, until)
            for at_ns, update in wager.updates
            if isinstance(update, WagerOpened)
        )
        return min((at for at in opened if at <= until), default=None)

    def _game_of(self, wager: EarlierWager) -> str:
        return str(self._event_of[wager.request.line_id])


@dataclass(frozen=True)
class EveningVerdict:
    """The rows of a table on an evening, and what was wrong."""

    rows: list[str]
    problems: list[str]

    def lines(self) -> list[str]:
        """Return it for a person."""
        return [*self.rows, *(f"FAILED: {problem}" for problem in self.problems)]


def judge(record: EveningRecord, bench: Bench) -> EveningVerdict:
    """Judge an evening by what was seen, by the session's files, and by the exchange's account."""
    journal = EveningJournal(record, bench.session)
    rows: list[str] = []
    problems = [*record.problems]
    for part in (
        _judge_steps(record, journal),
        _judge_alerts(record),
        _judge_page(record),
        _judge_money(record, bench),
        _judge_logs(bench),
    ):
        for row, wrong in part:
            rows.append(row)
            problems += wrong
    return EveningVerdict(rows, problems)


# A row of the table, and what is wrong with what it says.
Row = tuple[str, list[str]]


def _judge_steps(record: EveningRecord, journal: EveningJournal) -> Iterator[Row]:
    """Yield a row for each fault and for each word of the operator."""
    yield f"{'at s':>6}  {'what':<44} seen, after s; quoted again, after s", []
    for moment, until in record.windows():
        if isinstance(moment.step, Incident):
            yield _judge_incident(record, journal, moment, until)
        else:
            yield _judge_words(record, journal, moment, until)


def _judge_incident(
    record: EveningRecord, journal: EveningJournal, moment: Moment, until: float
) -> Row:
    step, since, wrong = moment.step, moment.seconds, []
    assert isinstance(step, Incident), "it is a fault"
    seen = []
    for sign in step.signs:
        at = _seen_at(record, sign, since, until)
        if at is None:
            wrong.append(f"{step.name}: {sign} was not seen")
        else:
            seen.append(f"{sign} {at - since:.1f}")
    again = journal.quoted_again(since, until)
    if again is None:
        wrong.append(f"{step.name}: no quotes afterwards")
    quoted = "never" if again is None else f"{again - since:.1f}"
    return f"{since:6.0f}  {step.name:<44} {', '.join(seen)}; {quoted}", wrong


def _seen_at(record: EveningRecord, sign: str, since: float, until: float) -> float | None:
    if sign in PAGE_SIGNS:
        before = record.shown_before(since)
        shows = PAGE_SIGNS[sign]
        return next(
            (each.seconds for each in record.shown(since, until) if shows(before, each)), None
        )
    kind = f": {sign.removeprefix('alert ')} ("
    return next((at for at, title in record.alerts if since < at <= until and kind in title), None)


def _judge_words(
    record: EveningRecord, journal: EveningJournal, moment: Moment, until: float
) -> Row:
    """Judge what followed words until the next step, from when they were answered."""
    step, since = moment.step, moment.seconds
    assert isinstance(step, Words), "it is no fault"
    match step.words:
        case ("pause", *_):
            text, wrong = _judge_pause(record, journal, moment, until)
        case ("pull", *_):
            text, wrong = _judge_pull(journal, moment, until)
        case ("set", setting) if setting == f"{STAKE_NAME}={LARGEST_STAKE}":
            text, wrong = _judge_stake(journal, moment, until)
        case _:
            again = [journal.placed_at(each) for each in journal.placed(since, until, moment.game)]
            text = f"placed after {min(again) - since:.1f}" if again else "nothing placed"
            wrong = [] if again else [f"{step.name}: no quotes afterwards"]
    if OPERATOR not in moment.done:
        wrong.append(f"{step.name}: done without the operator's name: {moment.done}")
    return f"{since:6.0f}  {step.name:<44} {text}", wrong


def _judge_pause(
    record: EveningRecord, journal: EveningJournal, moment: Moment, until: float
) -> tuple[str, list[str]]:
    """Once it is answered nothing may be placed until the next step, by us nor at the exchange."""
    since, answered = moment.seconds, moment.answered
    ours = journal.placed(answered, until, moment.game)
    before = {each.request.ref for each in journal.wagers} - {each.request.ref for each in ours}
    late = [
        order
        for order in record.orders
        if answered < record.seconds_at(order.created_ns) <= until
        and moment.game in ("", order.event_id)
        and order.ref not in before
    ]
    open_before = journal.open_at(since, moment.game)
    empty = max((journal.ended_at(each) for each in open_before), default=since)
    wrong = [f"{moment.step.name}: {len(each)} placed" for each in (ours, late) if each]
    if not open_before or empty > until:
        wrong.append(f"{moment.step.name}: of {len(open_before)} open not all ended")
    text = f"{len(open_before)} open ended within {empty - since:.1f}; {len(ours)} placed"
    return f"{text} in {until - answered:.0f}", wrong


def _judge_pull(journal: EveningJournal, moment: Moment, until: float) -> tuple[str, list[str]]:
    """All that was open must end, and quoting goes on."""
    pulled = journal.open_at(moment.seconds, moment.game)
    ended = max((journal.ended_at(each) for each in pulled), default=moment.seconds)
    again = journal.placed(moment.answered, until, moment.game)
    wrong = []
    if not pulled or ended > until:
        wrong.append(f"{moment.step.name}: of {len(pulled)} open not all ended")
    if not again:
        wrong.append(f"{moment.step.name}: no quotes afterwards")
    return f"{len(pulled)} open ended within {ended - moment.seconds:.1f}", wrong


def _judge_stake(journal: EveningJournal, moment: Moment, until: float) -> tuple[str, list[str]]:
    placed = journal.placed(moment.answered, until)
    largest = max((each.request.stake_cents for each in placed), default=0)
    wrong = []
    if not 0 < largest <= LARGEST_STAKE * _CENTS:
        wrong.append(f"{moment.step.name}: {dollars_text(largest)} was placed")
    return f"{len(placed)} placed, {dollars_text(largest)} at most", wrong


def _judge_page(record: EveningRecord) -> Iterator[Row]:
    """Yield rows on what was asked for while the session traded."""
    for name, looks in (("page", record.looks), ("metrics", record.scrapes)):
        asked = [look for look in looks if look.seconds <= record.ended]
        failed = [look for look in asked if look.problem]
        wrong = [f"{each.part} at {each.seconds:.0f} s: {each.problem}" for each in failed[:3]]
        if not asked:
            yield f"{name}: never asked for", [f"the {name} was never read"]
            continue
        slowest = max(asked, key=lambda look: look.took_seconds)
        where = (
            f"{1_000 * slowest.took_seconds:.0f} ms ({slowest.part}, at {slowest.seconds:.0f} s)"
        )
        yield f"{name}: {len(asked)} requests, {len(failed)} failed, the slowest {where}", wrong
    shown = [each.seconds for each in record.shown(0, record.ended)]
    pause = max((after - at for at, after in pairwise(shown)), default=0.0)
    yield f"page: {len(shown)} states of its stream, at most {pause:.1f} s apart", []


def _judge_money(record: EveningRecord, bench: Bench) -> Iterator[Row]:
    """Yield rows on the exchange's account, and what of the export differs from it."""
    theirs = record.statement
    if theirs is None:
        return
    is_open = [order.ref for order in record.orders if order.is_open]
    wrong = [f"open at the exchange: {', '.join(is_open[:3])}"] if is_open else []
    yield f"exchange: {len(record.orders)} wagers, {len(is_open)} open", wrong
    path = bench.folder / "export" / "rows.csv"
    if not path.exists():
        return
    ours = exported_statement(path, STARTING_BALANCE * _CENTS)
    yield f"{'':<24}{'export':>16}{'exchange':>16}", differences(ours, theirs)
    for name, column in (
        ("balance", [each.balance_cents for each in (ours, theirs)]),
        ("commission", [each.commission_cents for each in (ours, theirs)]),
        ("matched stake", [sum(each.stake_cents.values()) for each in (ours, theirs)]),
        ("to win", [sum(each.to_win_cents.values()) for each in (ours, theirs)]),
        ("settled", [sum(each.settled_cents.values()) for each in (ours, theirs)]),
    ):
        yield f"{name:<24}" + "".join(f"{dollars_text(cents):>16}" for cents in column), []
    settled = [len(each.settled_cents) for each in (ours, theirs)]
    yield f"{'fills':<24}{ours.fills:>16}{theirs.fills:>16}", []
    wrong = [] if theirs.fills else ["nothing was matched"]
    yield f"{'wagers with a result':<24}{settled[0]:>16}{settled[1]:>16}", wrong


def _judge_logs(bench: Bench) -> Iterator[Row]:
    """Yield a row on lines of the logs that a person would look at, and those not expected."""
    logged = [
        found.groups()
        for path in sorted(bench.session.glob("session.log*"))
        for found in _LOGGED.finditer(path.read_text(encoding="utf-8"))
    ]
    odd = [f"{level}: {text}" for level, text in logged if not _EXPECTED.match(text)]
    texts = {name: bench.text(name) for name in _PRINTING if bench.printed_by(name).exists()}
    odd += [f"{name} printed a traceback" for name, text in texts.items() if "Traceback" in text]
    levels = Counter(level.lower() for level, _ in logged)
    counts = ", ".join(f"{count} {level}" for level, count in levels.items()) or "nothing"
    yield f"log: {counts} beyond info, {len(odd)} unexpected", _first(odd)


def _judge_alerts(record: EveningRecord) -> Iterator[Row]:
    """Yield a row on the alerts that arrived, by kind."""
    kinds = Counter(title.partition(": ")[2] for _, title in record.alerts)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    yield f"alerts: {counts or 'none'}", []


def _first(lines: Iterable[str], most: int = 5) -> list[str]:
    return [*lines][:most]
