"""The page of a rehearsal: what the exchange's review asks for, what was measured, and both judged.

The demands are those that the exchange publishes for production keys; where it states no figure,
ours is in the row.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TradingError
from strategies.trading.model.money import dollars_text
from strategies.trading.ports.exchange import BATCH_LIMIT

REVIEW_ORDERS = 500
_QUERIES_PER_SECOND = 1
_OPEN_STAKE_TIMES_CASH = 10
_BOOK_EMPTY_SECONDS = 10


class ReviewRow(NamedTuple):
    """One demand of the review: what was measured, what is asked, and whether it is met."""

    name: str
    measured: str
    asked: str
    passed: bool

    def line(self) -> str:
        """Return the row for a terminal; a failed one is marked, with the demand beside it."""
        if self.passed:
            return f"ok      {self.name:<22}{self.measured}"
        return f"FAILED  {self.name:<22}{self.measured}; the review asks for {self.asked}"


class RehearsalFailedError(TradingError):
    """A rehearsal measured something that the exchange's review would not let pass."""


class Review(NamedTuple):
    """The rows of a rehearsal, judged as the exchange's review does."""

    rows: tuple[ReviewRow, ...]

    @property
    def failed(self) -> int:
        """Return how many demands are not met."""
        return sum(not row.passed for row in self.rows)

    def lines(self) -> Iterator[str]:
        """Yield every row for a terminal, then how many were met."""
        yield from (row.line() for row in self.rows)
        met = len(self.rows) - self.failed
        yield f"{met} of {counted(len(self.rows), 'demand')} met"

    def require_passed(self) -> None:
        """Raise RehearsalFailedError unless every demand is met."""
        if self.failed:
            message = f"{counted(self.failed, 'demand')} of the review not met"
            raise RehearsalFailedError(message)


class QuotesRow(NamedTuple):
    """The quotes of a market in words."""

    name: str
    quotes: str


class RehearsalFigures(Struct, frozen=True, kw_only=True):
    """What a rehearsal measured.

    `ended_by` is the error that ended the session or why it was cut short, None if it ran whole.
    `too_many_caused` counts the 429s that the rehearsal itself caused, `pulls` how often it pulled
    all quotes. `checks` says of each wager
    that must be refused whether it was. `differences` is None if they could not be compared.
    """

    hours: float
    hours_run: float
    ended_by: str | None
    faults: int
    orders: int
    accepted: int
    pulls: int
    batches: dict[int, int]
    gaps: int
    whole: bool
    tokens_renewed: int
    too_many: int
    too_many_caused: int
    fastest_query: tuple[str, int]
    queries: dict[str, int]
    checks: dict[str, bool]
    denials: dict[str, int]
    kill_switch_seconds: float | None
    max_daily_loss_cents: int
    stop_loss_percent: float
    open_stake_times_cash: float
    unknown: int
    unresolved: int
    followed: int
    markets: list[QuotesRow]
    two_sided: int
    differences: list[str] | None


def review(figures: RehearsalFigures) -> Review:
    """Return every demand of the review, with what the rehearsal measured of it."""
    parts = (_running, _requests, _safety, _books)
    return Review(tuple(row for part in parts for row in part(figures)))


def _running(f: RehearsalFigures) -> Iterator[ReviewRow]:
    ran = f"{f.hours_run:.2f} of {f.hours:g} h through {counted(f.faults, 'fault')}"
    yield ReviewRow(
        "running",
        ran if f.ended_by is None else f"{ran}; ended by {f.ended_by}",
        "running continuously, under varied conditions",
        f.ended_by is None and f.faults > 0,
    )
    yield ReviewRow(
        "orders",
        f"{f.orders:,} placed, {f.accepted:,} accepted, "
        f"{f.orders - f.accepted:,} refused or found invalid; "
        f"all quotes pulled {f.pulls} times",
        f"{REVIEW_ORDERS} or more",
        f.orders >= REVIEW_ORDERS,
    )
    yield ReviewRow(
        "reconnects",
        f"{f.gaps} gaps, the feed {'whole' if f.whole else 'lost'} at the end",
        "reconnects that are shown",
        f.gaps > 0 and f.whole,
    )


def _requests(f: RehearsalFigures) -> Iterator[ReviewRow]:
    requests = sum(f.batches.values())
    largest = max(f.batches, default=0)
    mean = f.orders / requests if requests else 0
    yield ReviewRow(
        "batches",
        f"{counted(requests, 'request')}, {mean:.1f} orders each, {largest} at most",
        f"batches of up to {BATCH_LIMIT}, not one request an order",
        1 < largest <= BATCH_LIMIT,
    )
    yield ReviewRow(
        "tokens renewed",
        f"{f.tokens_renewed} times",
        "tokens refreshed while running",
        f.tokens_renewed > 0,
    )
    yield ReviewRow(
        "429",
        f"{f.too_many}, of which the rehearsal caused up to {f.too_many_caused}",
        "none by our own requests",
        f.too_many <= f.too_many_caused,
    )
    route, fastest = f.fastest_query
    yield ReviewRow(
        "queries",
        f"{fastest} in the fastest second ({route})",
        f"at most {_QUERIES_PER_SECOND} a second of each query route",
        fastest <= _QUERIES_PER_SECOND,
    )


def _safety(f: RehearsalFigures) -> Iterator[ReviewRow]:
    passed = [name for name, refused in f.checks.items() if not refused]
    denials = ", ".join(f"{count} {control}" for control, count in f.denials.items()) or "none"
    yield ReviewRow(
        "sanity checks",
        f"{len(f.checks) - len(passed)} of {len(f.checks)} wrong wagers refused"
        + (f" (not refused: {', '.join(passed)})" if passed else "")
        + f"; while trading: {denials}",
        "price sanity checks",
        bool(f.checks) and not passed,
    )
    seconds = f.kill_switch_seconds
    yield ReviewRow(
        "kill switch",
        "no drill ended" if seconds is None else f"the book was empty after {seconds:.2f} s",
        f"a kill switch; the book is empty within {_BOOK_EMPTY_SECONDS} s",
        seconds is not None and seconds <= _BOOK_EMPTY_SECONDS,
    )
    yield ReviewRow(
        "largest loss",
        f"halts at {dollars_text(f.max_daily_loss_cents)} lost in a day, or "
        f"{f.stop_loss_percent:g} % below the peak",
        "a kill switch for the largest loss (risk.max_daily_loss)",
        f.max_daily_loss_cents > 0,
    )
    yield ReviewRow(
        "open stake over cash",
        f"{f.open_stake_times_cash:.2f} at most",
        f"less than {_OPEN_STAKE_TIMES_CASH}",
        f.open_stake_times_cash < _OPEN_STAKE_TIMES_CASH,
    )


def _books(f: RehearsalFigures) -> Iterator[ReviewRow]:
    yield ReviewRow(
        "unknown outcomes",
        f"{counted(f.unknown, 'order')} without a response, {f.unresolved} not resolved",
        "every order resolved",
        f.unresolved == 0,
    )
    yield ReviewRow(
        "coverage",
        f"{f.two_sided} of {counted(f.followed, 'market')} quoted on both sides",
        "realistic size and coverage",
        f.two_sided > 0,
    )
    found = f.differences
    yield ReviewRow(
        "account",
        "not compared" if found is None else "; ".join(found) or "no difference",
        "no difference between our books and the account",
        found == [],
    )


def page(title: str, facts: list[tuple[str, str]], figures: RehearsalFigures) -> str:
    """Return the page as Markdown: facts about the rehearsal, the review, and the markets."""
    rows, failed = review(figures).rows, review(figures).failed
    verdict = "passed" if not failed else f"FAILED: {counted(failed, 'demand')} not met"
    lines = [f"# {title}", "", f"**{verdict}**", ""]
    lines += [f"- {name}: {text}" for name, text in facts]
    lines += ["", "| | | measured | the review asks for |", "|---|---|---|---|"]
    lines += [
        f"| {'ok' if row.passed else '**FAILED**'} | {row.name} | {row.measured} | {row.asked} |"
        for row in rows
    ]
    lines += ["", "## Quotes by market", "", "| market | quotes |", "|---|---|"]
    lines += [f"| {market.name} | {market.quotes} |" for market in figures.markets]
    return "\n".join(lines) + "\n"
