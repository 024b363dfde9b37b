"""The books of a recording at a moment, as text."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from recordings.tape import UNREPORTED_CENTS, TapeInfo
from recordings.tape_columns import TapeColumns
from recordings.utc_time import utc_text
from sim.exchange.displayed_book import Level
from sim.inspect.aligned_rows import aligned_rows
from sim.inspect.recorded_book import RecordedBook, RecordedScore
from sim.inspect.time_argument import parse_time, span_text, start_text
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market import EventStatus, Market, Pair, SportEvent
from strategies.trading.model.money import dollars_text

_NUMBERS = (0, 1, 2, 3)


def book_table(
    recording: TapeColumns, at: str, *, line: str | None = None, market: str | None = None
) -> Iterator[str]:
    """Yield the state of every event, and of its markets with their books, at a time.

    `line` is an id; `market` an id or a type as `line_table` shows it. Raise ConfigError for a
    time outside of the recording, or if nothing is of that name.
    """
    info = recording.info
    catalogue = info.catalogue()
    pairs = chosen_pairs(catalogue, line, market)
    starts = {catalogue.events[pair.first.event_id].scheduled_ns for pair in pairs}
    at_ns = parse_time(at, starts.pop() if len(starts) == 1 else None)
    chosen = {each.line_id for pair in pairs for each in (pair.first, pair.second)}
    indices = [index for index, each in enumerate(info.lines) if each.line_id in chosen]
    book = RecordedBook(recording, at_ns, indices)
    for number, event in enumerate(info.events):
        of_event = [pair for pair in pairs if pair.first.event_id == event.event_id]
        if of_event:
            yield _event_line(book, number, event, at_ns)
            yield from _market_lines(book, info, catalogue, of_event, at_ns)


def chosen_pairs(catalogue: Catalogue, line: str | None, market: str | None) -> list[Pair]:
    """Return the pairs of a line's id, of a market's id or type, or all; raise ConfigError."""
    pairs = list(catalogue.pairs.values())
    if line is not None:
        pairs = [pair for pair in pairs if line in (pair.first.line_id, pair.second.line_id)]
        if not pairs:
            message = f"line {line!r}: the recording has none of that id; `lines` prints them"
            raise ConfigError(message)
    if market is not None:
        pairs = [pair for pair in pairs if market in _market_names(catalogue, pair.market)]
        if not pairs:
            message = f"market {market!r}: neither an id nor a type here; `lines` prints them"
            raise ConfigError(message)
    return pairs


def _market_names(catalogue: Catalogue, market: Market) -> tuple[str, str]:
    return market.market_id, catalogue.label_of(market.key)


def _event_line(book: RecordedBook, number: int, event: SportEvent, at_ns: int) -> str:
    when = f"{utc_text(at_ns)}, {start_text(at_ns, book.start_ns(number))}"
    parts = [when, event.name, status_text(book.event_status(number))]
    score = book.score(number)
    return "; ".join(parts if score is None else [*parts, score_text(event, score)])


def status_text(status: EventStatus) -> str:
    """Return the status of an event in words."""
    return status.name.lower().replace("_", " ")


def score_text(event: SportEvent, score: RecordedScore) -> str:
    """Return a score with the names of both sides, and the playing time if it is known."""
    played = f" after {span_text(score.clock_ns)} of play" if score.clock_ns else ""
    return f"{event.home} {score.home}, {event.away} {score.away}{played}"


def _market_lines(
    book: RecordedBook, info: TapeInfo, catalogue: Catalogue, pairs: Sequence[Pair], at_ns: int
) -> Iterator[str]:
    without_offers = 0
    shown: set[Market] = set()
    for pair in pairs:
        sides = (book.levels(pair.first.line_id), book.levels(pair.second.line_id))
        if pair.market not in shown:
            shown.add(pair.market)
            yield ""
            yield _market_line(book, info, catalogue, pair.market, at_ns)
        if any(sides):
            yield from _pair_lines(catalogue, pair, *sides)
        else:
            without_offers += 1
    if without_offers:
        yield ""
        yield f"without any offer: {counted(without_offers, 'pair')}"


def _market_line(
    book: RecordedBook, info: TapeInfo, catalogue: Catalogue, market: Market, at_ns: int
) -> str:
    status = book.market_status(info.markets.index(market))
    parts = [
        f"market {market.market_id}: {catalogue.label_of(market.key)}",
        "no status yet" if status is None else status.name.lower(),
    ]
    last = book.last_trade(market.key)
    if last is None:
        return ", ".join([*parts, "no trade yet"])
    trade = last.trade
    line = catalogue.lines[trade.line_id].label(market, catalogue.events[market.event_id])
    stake, ago = dollars_text(trade.stake_cents), span_text(at_ns - last.at_ns)
    return ", ".join([*parts, f"last trade {stake} at {trade.odds:+d} on {line}, {ago} ago"])


def _pair_lines(
    catalogue: Catalogue, pair: Pair, first: Sequence[Level], second: Sequence[Level]
) -> Iterator[str]:
    event = catalogue.events[pair.market.event_id]
    for line in (pair.first, pair.second):
        yield f"  {line.line_id}  {line.label(pair.market, event)}"
    rows = [(*_cells(left), *_cells(right)) for left, right in zip_longest(first, second)]
    headings = (str(pair.first.selection), "stake", str(pair.second.selection), "stake")
    yield from (f"    {text}" for text in aligned_rows([headings, *rows], _NUMBERS))


def _cells(level: Level | None) -> tuple[str, str]:
    return ("", "") if level is None else (f"{level.odds:+d}", amount_text(level.value_cents))


def amount_text(cents: int) -> str:
    """Return the amount of an offer in dollars."""
    return dollars_text(cents) if cents != UNREPORTED_CENTS else "unreported"
