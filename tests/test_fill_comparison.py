"""The comparison of fills: an exact book, our queue models and hftbacktest's on one market."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.environments import HFTBACKTEST, InstallError, environment_of
from benchmarks.peers.fifo_book import FifoBook, Joined
from benchmarks.peers.fills import (
    OURS,
    SAME_MODEL,
    THEIRS,
    differences,
    exact,
    exact_table,
    model_table,
    ours,
    theirs,
)
from benchmarks.peers.simulated_orders import Flow, order_flow, write_flow
from benchmarks.peers.streams import ASK, BID, LEVEL, TRADE
from recordings.reader import Tape
from recordings.tape import Kind
from sim.crowd.calibration.queue_replay import UNDELAYED_RULES
from strategies.trading.model.odds import opposite, prophetx_ladder

UNPAIRED = replace(UNDELAYED_RULES, trade_pairing_ns=0)
SECONDS = 500.0


@pytest.fixture(scope="module")
def flow() -> Flow:
    """Return a market of some minutes."""
    return order_flow(SECONDS, speed=1.0)


def filled_ns_of(joined: Joined) -> int | None:
    """Return when a hypothetical order was filled, None if it was not yet."""
    return joined.filled_ns


def test_an_exact_book_matches_in_price_and_time_priority() -> None:
    """The better price first, then the older order; what is left of a taker is gone."""
    book = FifoBook()
    for number, (price, size) in enumerate(((99, 10), (100, 5), (100, 7))):
        book.add(0, number, BID, price, size)
    assert list(book.take(1, BID, 100, 8)) == [(100, 8)]
    assert (book.amount(BID, 100), book.quantity(BID, 100)) == (4, 7)
    assert list(book.take(2, BID, 99, 20)) == [(100, 4), (99, 10)]
    assert book.touch(BID) is None


def test_a_hypothetical_order_waits_for_those_ahead_of_it_alone() -> None:
    """Those ahead that cancel no longer count; those behind never did; nothing is taken by it."""
    book = FifoBook()
    book.add(0, 0, ASK, 101, 10)
    book.add(0, 1, ASK, 101, 10)
    joined = book.join(ASK, 101)
    book.add(1, 2, ASK, 101, 50)
    assert list(book.take(2, ASK, 101, 15)) == [(101, 15)]
    assert filled_ns_of(joined) is None
    assert book.cancel(1) == (ASK, 101)
    assert book.cancel(0) is None
    assert list(book.take(3, ASK, 101, 1)) == [(101, 1)]
    assert filled_ns_of(joined) == 3
    assert book.amount(ASK, 101) == 49


def test_an_order_that_crosses_a_hypothetical_one_fills_it() -> None:
    """It would have matched it on arrival."""
    book = FifoBook()
    book.add(0, 0, BID, 100, 10)
    joined = book.join(BID, 100)
    book.cancel(0)
    book.add(1, 1, ASK, 101, 5)
    assert filled_ns_of(joined) is None
    book.add(2, 2, ASK, 100, 5)
    assert filled_ns_of(joined) == 2


def test_the_recording_has_the_trades_and_the_last_book_of_the_market(
    flow: Flow, tmp_path: Path
) -> None:
    """Levels and recording are one market, with the original size of orders where it is wanted."""
    write_flow(flow, tmp_path / "tape", quantities=True)
    rungs = prophetx_ladder().rungs
    book: dict[tuple[int, int], tuple[int, int]] = {}
    trades = []
    for _, kind, side, price, amount, quantity in flow.events.tolist():
        odds = rungs[-1 - price]
        place = (0, odds) if side == ASK else (1, opposite(odds))
        if kind == LEVEL:
            book[place] = 100 * amount, 100 * quantity
        else:
            assert kind == TRADE
            trades.append((*place, 100 * amount))
    rows = [row for chunk in Tape(tmp_path / "tape").chunks() for row in chunk.rows()]
    offers = [row for row in rows if row.kind == Kind.OFFER]
    assert {(o.line, o.odds): (o.amount_cents, o.quantity_cents) for o in offers} == book
    taken = [(row.line, row.odds, row.amount_cents) for row in rows if row.kind == Kind.TRADE]
    assert taken == trades
    assert len(trades) > 100


def test_speed_changes_no_outcome_in_the_exact_book(flow: Flow) -> None:
    """The same orders come in the same order, ten times as fast."""
    faster = order_flow(SECONDS, speed=10.0)
    assert len(faster.events) == len(flow.events)
    assert np.array_equal(exact(faster) > 0, exact(flow) > 0)
    assert faster.wagers[-1].joins_ns < flow.wagers[-1].joins_ns / 5


def test_the_exact_book_lies_between_back_and_front(flow: Flow, tmp_path: Path) -> None:
    """Back fills nothing that it does not; front misses only where a trade took a whole level.

    A trade shows what a taker got, not what he still wanted.
    """
    true = exact(flow)
    assert np.count_nonzero(true) > 20
    for name in ("back", "front"):
        found = ours(flow, OURS[name], tmp_path / name, rules=UNPAIRED)
        early = (found > 0) & ((true == 0) | (found < true))
        assert bool(early.any()) == (name == "front")
    for number in np.flatnonzero((true > 0) & (found == 0)):
        wager = flow.wagers[number]
        at_fill = flow.events[flow.events["at_ns"] == true[number]]
        left = at_fill["amount"][(at_fill["kind"] == LEVEL) & (at_fill["price"] == wager.price)]
        assert left.tolist() == [0]


def test_the_tables_count_every_wager(flow: Flow) -> None:
    """Same, alone, missed and moved add up; each model has a row."""
    true = exact(flow)
    later = np.where(true > 0, true + 1, 0)
    filled = int(np.count_nonzero(true))
    assert differences(true, true) == (len(true), 0, 0, 0)
    assert differences(later, true) == (len(true) - filled, 0, 0, filled)
    assert list(exact_table(flow, {"back": 0 * true}))[2:] == [
        f"| back | 0 | -100.0 % | -100.0 % | -100.0 % | 0 | {filled} | 0 |"
    ]
    unpaired = {f"{name}, no pairing time": true for name in SAME_MODEL}
    found = {**dict.fromkeys((*OURS, *THEIRS), true), **unpaired}
    rows = list(model_table(found))[2:]
    assert len(rows) == 2 * len(SAME_MODEL)
    assert all(f"| {len(true):,} of {len(true):,} | 0 | 0 | 0 |" in row for row in rows)


@pytest.mark.slow
def test_without_a_pairing_time_fills_are_those_of_hftbacktest(tmp_path: Path) -> None:
    """Back is its risk-averse model to the wager and the moment; the others differ by rounding."""
    try:
        folder = Path(tempfile.gettempdir()) / "prophet-sim-benchmarks"
        environment = environment_of(HFTBACKTEST, folder)
    except InstallError as error:
        pytest.skip(f"{HFTBACKTEST} cannot be installed: {error}")
    flow = order_flow(2_000.0, speed=1.0)
    their = theirs(flow, environment, tmp_path)
    for name, their_name in SAME_MODEL.items():
        our = ours(flow, OURS[name], tmp_path / name, rules=UNPAIRED)
        same, alone, missed, _ = differences(our, their[their_name])
        assert (alone, missed) == (0, 0), name
        assert same >= (1 if name == "back" else 0.98) * len(our), name
