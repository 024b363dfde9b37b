"""What a person reads of the outside sources of a session: their prices, and what was refused."""

from collections.abc import Iterator

from strategies.trading.markets.market_states import MarketStates
from strategies.trading.model.counted import counted
from strategies.trading.model.event_state import EventState
from strategies.trading.model.market import Pair
from strategies.trading.model.source_prices import SourceRecord
from strategies.trading.model.units import NS_PER_SECOND


def source_rows(market_states: MarketStates, now_ns: int) -> Iterator[tuple[str, str]]:
    """Yield a row for each outside source that ever sent a price, by name."""
    for name, record in sorted(market_states.sources.by_name.items()):
        yield "source", f"{name}: {_record_text(record, now_ns)}"


def refused_text(market_states: MarketStates) -> str | None:
    """Return how many prices of which sources the desk refused, None if it refused none."""
    refused = {
        name: record.refusals.total()
        for name, record in sorted(market_states.sources.by_name.items())
        if record.refusals
    }
    if not refused:
        return None
    names = ", ".join(f"{count} of {name}" for name, count in refused.items())
    return f"outside prices refused: {names}"


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
