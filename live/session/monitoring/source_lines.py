"""What a person reads of the outside sources of a session: their prices, and what was refused."""

from collections import Counter
from collections.abc import Iterator, Mapping

from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.counted import counted
from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import Pair
from strategies.trading.model.source_prices import SourceRecord
from strategies.trading.model.units import NS_PER_SECOND


def source_rows(
    market_states: MarketStates, unreadable: Mapping[str, int], now_ns: int
) -> Iterator[tuple[str, str]]:
    """Yield a row for each outside source that ever sent a line, by name.

    `unreadable` is how many lines of each source were refused before the desk received them.
    """
    records = market_states.sources.by_name
    for name in sorted({*records, *unreadable}):
        texts = [_record_text(records[name], now_ns)] if name in records else []
        if name in unreadable:
            texts.append(f"{counted(unreadable[name], 'line')} refused as read, see the log")
        yield "source", f"{name}: {'; '.join(texts)}"


def refused_text(market_states: MarketStates, unreadable: Mapping[str, int]) -> str | None:
    """Return how many prices of which sources were refused, None if none was."""
    total = Counter(dict(unreadable))
    for name, record in market_states.sources.by_name.items():
        total[name] += record.refusals.total()
    names = ", ".join(f"{count} of {name}" for name, count in sorted(total.items()) if count)
    return f"outside prices refused: {names}" if names else None


def pair_text(event: EventState, pair: Pair, now_ns: int) -> str | None:
    """Return what each source says of a pair's first line, None where none offers it."""
    prices = event.sources.at(pair.market.kind, pair.first.point)
    texts = [
        f"{name} {100 * price.fair:.1f} % ("
        + (price.refusal or f"{_seconds(now_ns - price.at_ns)} old")
        + ")"
        for name, price in sorted(prices.items())
    ]
    return ", ".join(texts) or None


def _record_text(record: SourceRecord, now_ns: int) -> str:
    text = f"{counted(record.prices, 'price')}, last {_seconds(now_ns - record.last_ns)} ago"
    if not record.refusals:
        return text
    return f"{text}; {record.refusals.total()} refused, last: {record.last_refusal}"


def _seconds(duration_ns: int) -> str:
    return f"{max(0, duration_ns) / NS_PER_SECOND:.1f} s"
