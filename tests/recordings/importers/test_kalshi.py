"""The importer of Kalshi on hand-made messages in its documented formats."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recordings.reader import Tape
from recordings.tape import UNREPORTED_CENTS, Kind, Row, Side, Unreported
from recordings.validator import validate
from strategies.trading.model.market import EventStatus, MarketStatus, Result

GAME = "NBA-26JAN05BOSNYK"
NYK, BOS = f"KXNBAGAME-{GAME[4:]}-NYK", f"KXNBAGAME-{GAME[4:]}-BOS"
SPREAD, TOTAL = f"KXNBASPREAD-{GAME[4:]}-NYK4", f"KXNBATOTAL-{GAME[4:]}-219"
# 2026-01-05 18:00 in New York, an hour before the start that is assumed.
FIRST_MS = round(datetime(2026, 1, 5, 23, tzinfo=UTC).timestamp()) * 1000
HOUR_MS = 3_600_000
Message = dict[str, Any]

Sim = Callable[..., Any]


def at(seconds: float) -> int:
    """Return a time some seconds after the first, in milliseconds."""
    return FIRST_MS + round(seconds * 1000)


def message(kind: str, seconds: float, seq: int | None = None, **fields: Any) -> Message:
    """Return a message of a subscription with its time of arrival."""
    envelope = {"type": kind, "sid": 1, "msg": fields, "received_ms": at(seconds)}
    return envelope if seq is None else envelope | {"seq": seq}


def snapshot(seq: int, ticker: str = NYK, seconds: float = 0, **levels: Any) -> Message:
    """Return a message with all levels of a book."""
    fields = {"yes_dollars_fp": [], "no_dollars_fp": []} | levels
    return message("orderbook_snapshot", seconds, seq, market_ticker=ticker, **fields)


def delta(seq: int, side: str, price: str, change: str, seconds: float = 0) -> Message:
    """Return a message with the change of a level of New York's book."""
    fields = {"side": side, "price_dollars": price, "delta_fp": change}
    return message("orderbook_delta", seconds, seq, market_ticker=NYK, **fields)


def trade(ticker: str = NYK, seconds: float = 0, **fields: Any) -> Message:
    """Return a message with a trade of 50 contracts at 42 cents, taken by yes."""
    values = {"yes_price_dollars": "0.4200", "count_fp": "50.00", "taker_side": "yes"} | fields
    return message("trade", seconds, market_ticker=ticker, **values)


class KalshiFiles:
    """Writes messages to a file, imports it, and reads what came of it."""

    def __init__(self, folder: Path, sim: Sim) -> None:
        """Import in a folder."""
        self.folder = folder
        self.sim = sim

    def imported(self, *messages: Message | str, words: tuple[str, ...] = ()) -> Any:
        """Return the outcome of an import of messages."""
        lines = [each if isinstance(each, str) else json.dumps(each) for each in messages]
        (self.folder / "messages.jsonl").write_text("\n".join(lines) + "\n")
        return self.sim("import", "kalshi", "messages.jsonl", "--out", "out", *words)

    def tape(self, *messages: Message, words: tuple[str, ...] = ()) -> Tape:
        """Return the recording that messages become."""
        outcome = self.imported(*messages, words=words)
        assert outcome.status == 0, outcome.err
        return Tape(self.folder / "out" / GAME)

    def describe(self, *markets: Message) -> tuple[str, str]:
        """Write a response of REST; return the words that name it."""
        text = json.dumps({"markets": markets}, indent=1)
        (self.folder / "markets.json").write_text(text)
        return "--markets", "markets.json"


@pytest.fixture
def kalshi(tmp_path: Path, sim: Sim) -> KalshiFiles:
    """Return what imports hand-made messages."""
    return KalshiFiles(tmp_path, sim)


def rows_of(tape: Tape) -> list[Row]:
    """Return the rows of a recording."""
    return [row for chunk in tape.chunks() for row in chunk.rows()]


def priced(tape: Tape, kind: Kind) -> list[tuple[str, int, int]]:
    """Return (selection, odds, cents) of offers or trades."""
    lines = tape.info.lines
    rows = [row for row in rows_of(tape) if row.kind == kind]
    return [(lines[row.line].selection, row.odds, row.amount_cents) for row in rows]


def book(tape: Tape) -> dict[tuple[str, int], int]:
    """Return what is offered at the end."""
    offers = {(line, odds): cents for line, odds, cents in priced(tape, Kind.OFFER)}
    return {rung: cents for rung, cents in offers.items() if cents}


def test_bids_of_yes_and_no_are_offers_on_the_other_line(kalshi: KalshiFiles) -> None:
    """100 bids of yes at 0.40 let takers stake $60 on no at -150; bids of no are offers on yes."""
    tape = kalshi.tape(
        snapshot(1, yes_dollars_fp=[["0.4000", "100.00"]], no_dollars_fp=[["0.5000", "20.00"]])
    )
    assert book(tape) == {("away", -150): 6_000, ("home", 100): 1_000}


def test_the_formats_in_cents_are_read_as_well(kalshi: KalshiFiles) -> None:
    """Earlier messages have whole cents and contracts."""
    fields: Message = {"market_ticker": NYK, "yes": [[40, 100]], "no": [[50, 20]]}
    change: Message = {"market_ticker": NYK, "side": "yes", "price": 40, "delta": -50}
    old: Message = {"market_ticker": NYK, "yes_price": 40, "count": 10, "taker_side": "no"}
    tape = kalshi.tape(
        message("orderbook_snapshot", 0, 1, **fields),
        message("orderbook_delta", 1, 2, **change),
        message("trade", 2, **old),
    )
    assert book(tape) == {("away", -150): 3_000, ("home", 100): 1_000}
    assert priced(tape, Kind.TRADE) == [("away", -150, 600)]


def test_changes_add_up_and_an_empty_level_goes(kalshi: KalshiFiles) -> None:
    """A change is added to its level; prices of one rung are one offer."""
    tape = kalshi.tape(
        snapshot(1, yes_dollars_fp=[["0.4000", "100.00"], ["0.3000", "10.00"]]),
        delta(2, "yes", "0.4000", "50.00"),
        delta(3, "yes", "0.3000", "-10.00"),
    )
    assert book(tape) == {("away", -150): 9_000}


def test_the_contracts_on_both_teams_are_one_pair(kalshi: KalshiFiles) -> None:
    """A bid of yes on Boston and one of no on New York are the same offer on New York."""
    tape = kalshi.tape(
        snapshot(1, NYK, no_dollars_fp=[["0.6000", "100.00"]]),
        snapshot(2, BOS, yes_dollars_fp=[["0.6000", "50.00"]]),
    )
    assert len(tape.info.catalogue().pairs) == 1
    assert book(tape) == {("home", 150): 6_000}
    assert (tape.info.events[0].home, tape.info.events[0].away) == ("NYK", "BOS")


def test_books_of_both_teams_that_cross_are_counted(kalshi: KalshiFiles) -> None:
    """Kalshi trades the two contracts apart, so that their books may cross each other."""
    tape = kalshi.tape(
        snapshot(1, NYK, no_dollars_fp=[["0.6500", "100.00"]]),
        snapshot(2, BOS, no_dollars_fp=[["0.4500", "50.00"]]),
    )
    assert any("After 1 message the books" in note for note in tape.info.notes)


def test_a_trade_is_on_the_line_that_its_taker_bought(kalshi: KalshiFiles) -> None:
    """50 contracts at 0.42 are $21 on yes, or $29 on no at 0.58; without a side it is unknown."""
    tape = kalshi.tape(trade(), trade(taker_side="no"), trade(taker_side=None))
    assert priced(tape, Kind.TRADE) == [
        ("home", 138, 2_100),
        ("away", -140, 2_900),
        ("home", 138, 2_100),
    ]
    sides = [row.side for row in rows_of(tape) if row.kind == Kind.TRADE]
    assert sides == [Side.TAKER, Side.TAKER, Side.UNKNOWN]
    assert tape.info.unreported == (Unreported.OFFERS, Unreported.RESULTS)


def test_a_gap_in_the_sequence_loses_the_feed_until_books_are_sent_again(
    kalshi: KalshiFiles,
) -> None:
    """Changes of stale books are not applied; the feed is back when every book was sent again."""
    tape = kalshi.tape(
        snapshot(1, NYK, yes_dollars_fp=[["0.4000", "100.00"]]),
        snapshot(2, BOS, yes_dollars_fp=[["0.5000", "100.00"]], seconds=1),
        delta(5, "yes", "0.4000", "1.00", seconds=2),
        delta(6, "yes", "0.4000", "1.00", seconds=3),
        snapshot(7, NYK, yes_dollars_fp=[["0.4000", "7.00"]], seconds=4),
        snapshot(8, BOS, yes_dollars_fp=[["0.5000", "100.00"]], seconds=5),
    )
    marks = [
        (row.received_ns // 10**6, row.text) for row in rows_of(tape) if row.kind == Kind.UNTYPED
    ]
    assert [(ns, "lost" in str(text)) for ns, text in marks] == [(at(2), True), (at(5), False)]
    assert "2 messages missing before sequence 5" in str(marks[0][1])
    assert book(tape) == {("away", -150): 420, ("home", 100): 5_000}
    assert "1 gap in the sequence of messages: the feed is lost there." in tape.info.notes


def test_a_change_that_cannot_be_loses_the_feed(kalshi: KalshiFiles) -> None:
    """A level below zero, or a change of a book that was never sent, shows missing messages."""
    tape = kalshi.tape(
        delta(1, "yes", "0.4000", "5.00"),
        snapshot(2, yes_dollars_fp=[["0.4000", "5.00"]], seconds=1),
        delta(3, "yes", "0.4000", "-6.00", seconds=2),
    )
    marks = ["lost" in str(row.text) for row in rows_of(tape) if row.kind == Kind.UNTYPED]
    assert marks == [True, False, True]


def test_a_ticker_is_a_touch_where_no_book_is_sent(kalshi: KalshiFiles) -> None:
    """Without sizes amounts are unreported; a book that follows replaces the touch."""
    quote: Message = {
        "market_ticker": NYK,
        "yes_bid_dollars": "0.4000",
        "yes_ask_dollars": "0.5000",
    }
    sized = quote | {"yes_bid_size_fp": "10.00", "yes_ask_size_fp": "20.00"}
    tape = kalshi.tape(message("ticker", 0, **quote), message("ticker", 1, **sized))
    unreported = UNREPORTED_CENTS
    offers = priced(tape, Kind.OFFER)
    assert offers[:2] == [("home", 100, unreported), ("away", -150, unreported)]
    assert offers[2:] == [("home", 100, 1_000), ("away", -150, 600)]
    assert Unreported.AMOUNTS in tape.info.unreported


def test_a_candle_is_a_trade_and_a_touch_at_its_end(kalshi: KalshiFiles, sim: Sim) -> None:
    """Candles of both contracts, in files of one JSON document, are put in order of time."""
    for name, ticker, minute in (("a.json", NYK, 2), ("b.json", BOS, 1)):
        candle = {
            "end_period_ts": FIRST_MS // 1000 + 60 * minute,
            "price": {"close": 40, "mean_dollars": "0.4100"},
            "yes_bid": {"close_dollars": "0.3900"},
            "yes_ask": {"close_dollars": "0.4100"},
            "volume": 100,
        }
        text = json.dumps({"ticker": ticker, "candlesticks": [candle]}, indent=1)
        (kalshi.folder / name).write_text(text)
    assert sim("import", "kalshi", "a.json", "b.json", "--out", "out").status == 0
    tape = Tape(kalshi.folder / "out" / GAME)
    trades = [row for row in rows_of(tape) if row.kind == Kind.TRADE]
    assert [row.received_ns // 10**6 for row in trades] == [at(60), at(120)]
    assert priced(tape, Kind.TRADE) == [("away", 142, 4_100), ("home", 142, 4_100)]
    assert tape.info.unreported == (Unreported.AMOUNTS, Unreported.TAKERS, Unreported.RESULTS)
    assert any(note.startswith("2 candles: all trades of a period") for note in tape.info.notes)


def test_strikes_of_spreads_and_totals_come_from_the_markets(kalshi: KalshiFiles) -> None:
    """More than 4 points is -4.5 of the team; without a strike a contract is left out and named."""
    described = kalshi.describe(
        {"ticker": SPREAD, "floor_strike": 4}, {"ticker": TOTAL, "floor_strike": 219.5}
    )
    messages = (trade(), trade(SPREAD), trade(TOTAL))
    tape = kalshi.tape(*messages, words=described)
    assert [(line.selection, line.point) for line in tape.info.lines] == [
        ("home", 0.0),
        ("away", 0.0),
        ("home", -4.5),
        ("away", 4.5),
        ("over", 219.5),
        ("under", 219.5),
    ]
    outcome = kalshi.imported(*messages, words=("--out", "bare"))
    assert "2 contracts without a strike left out" in outcome.out[-2]


def test_a_lifecycle_opens_pauses_and_settles(kalshi: KalshiFiles) -> None:
    """Statuses and the result are written at their times; both teams' results are one."""
    life = [
        message("market_lifecycle_v2", n, market_ticker=ticker, event_type=kind, result=result)
        for n, (ticker, kind, result) in enumerate(
            [
                (NYK, "activated", None),
                (NYK, "deactivated", None),
                (NYK, "determined", "no"),
                (BOS, "determined", "yes"),
            ]
        )
    ]
    tape = kalshi.tape(*life)
    rows = rows_of(tape)
    statuses = [row.state for row in rows if row.kind == Kind.MARKET_STATUS]
    assert statuses == [MarketStatus.OPEN, MarketStatus.SUSPENDED]
    results = [(tape.info.lines[r.line].selection, r.state) for r in rows if r.kind == Kind.RESULT]
    assert results == [("home", Result.LOST), ("away", Result.WON)]
    assert rows[-1].state == EventStatus.ENDED


def test_results_from_the_markets_are_written_at_the_end(kalshi: KalshiFiles) -> None:
    """A saved response that has the result settles the recording, and a note says when."""
    tape = kalshi.tape(trade(), words=kalshi.describe({"ticker": NYK, "result": "yes"}))
    assert validate(tape).rows_by_kind["result"] == 2
    assert any("time of the results is unknown" in note for note in tape.info.notes)


def test_a_start_is_given_or_by_the_ticker_or_assumed(kalshi: KalshiFiles) -> None:
    """19:00 in New York is assumed; a file of starts, or digits in the ticker, replace it."""
    assumed_ns = at(3600) * 10**6
    assert kalshi.tape(trade()).info.events[0].scheduled_ns == assumed_ns
    (kalshi.folder / "starts.csv").write_text(f"game,start\n{GAME},2026-01-05T19:30:00-05:00\n")
    words = ("--out", "given", "--starts", "starts.csv")
    assert kalshi.imported(trade(), words=words).status == 0
    given = Tape(kalshi.folder / "given" / GAME).info.events[0].scheduled_ns
    assert given == assumed_ns + 1800 * 10**9
    timed = trade("KXNBAGAME-26JAN052030BOSNYK-NYK")
    assert kalshi.imported(timed, words=("--out", "timed")).status == 0
    (folder,) = (kalshi.folder / "timed").iterdir()
    assert Tape(folder).info.events[0].scheduled_ns == assumed_ns + 5400 * 10**9


def test_messages_without_a_time_of_arrival_have_the_exchanges(kalshi: KalshiFiles) -> None:
    """A snapshot has none: it comes with the first message that has one."""
    first = {
        k: v for k, v in snapshot(1, yes_dollars_fp=[["0.4", "1"]]).items() if k != "received_ms"
    }
    second = delta(2, "yes", "0.4000", "1.00")
    second.pop("received_ms")
    second["msg"]["ts"] = "2026-01-05T23:00:01.5Z"
    tape = kalshi.tape(first, second)
    times = {row.received_ns for row in rows_of(tape) if row.kind == Kind.OFFER}
    assert times == {at(1.5) * 10**6}
    refused = kalshi.imported(first, words=("--out", "untimed"))
    assert "no message has a time" in refused.err[0]


def test_control_messages_and_other_questions_are_left_out(kalshi: KalshiFiles) -> None:
    """Acknowledgements are skipped; contracts on anything but games are counted and named."""
    other = trade("KXBTCD-26JAN05-T100000")
    outcome = kalshi.imported({"type": "subscribed", "id": 1}, trade(), other)
    assert outcome.status == 0
    assert "1 contract on other questions left out (KXBTCD-26JAN05-T100000)" in outcome.out[-2]
    alone = kalshi.imported(other, words=("--out", "alone"))
    assert (alone.status, len(alone.err)) == (2, 1)
    assert "no message is about a moneyline, spread or total" in alone.err[0]
    assert not (kalshi.folder / "alone").exists()


def test_whole_games_are_kept(kalshi: KalshiFiles) -> None:
    """A second import leaves a game that is there alone."""
    before = kalshi.tape(trade()).digest()
    outcome = kalshi.imported(trade(), trade())
    assert outcome.out[-2].startswith("0 recordings imported, 1 kept")
    assert Tape(kalshi.folder / "out" / GAME).digest() == before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "messages.jsonl, line 2: "),
        ('{"a": 1}', "messages.jsonl, line 2: no message of Kalshi: it has no type"),
        (json.dumps(trade(yes_price_dollars="1.2")), "'1.2' is no price between 0 and 1 dollar"),
        (json.dumps(trade(count_fp="many")), "'many' is no number"),
        (json.dumps(trade(taker_side="maybe")), "Invalid enum value 'maybe'"),
        (json.dumps(trade(seconds=-3600)), "goes back in time"),
        (json.dumps({"type": "trade", "msg": {}}), "missing required field `market_ticker`"),
    ],
)
def test_a_bad_line_is_refused_by_file_and_line_or_skipped(
    kalshi: KalshiFiles, line: str, reason: str
) -> None:
    """One line says the file, the line and the reason, and nothing is left; or it is counted."""
    outcome = kalshi.imported(trade(), line)
    assert (outcome.status, len(outcome.err)) == (2, 1)
    assert reason in outcome.err[0]
    assert "messages.jsonl, line 2: " in outcome.err[0]
    assert not (kalshi.folder / "out").exists()
    skipped = kalshi.imported(trade(), line, words=("--on-error", "skip"))
    assert skipped.status == 0
    assert "1 line skipped for an error" in skipped.out[-2]


def test_a_run_on_books_and_trades_needs_no_assumption(
    kalshi: KalshiFiles, run_in: Callable[..., Any]
) -> None:
    """A recording with books, trades and results has no limits, and is traded."""
    levels: Message = {
        "yes_dollars_fp": [["0.4800", "5000.00"]],
        "no_dollars_fp": [["0.5000", "5000.00"]],
    }
    messages = [snapshot(1, **levels)]
    messages += [trade(seconds=60 * n, yes_price_dollars="0.5000") for n in range(1, 30)]
    tape = kalshi.tape(*messages, words=kalshi.describe({"ticker": NYK, "result": "yes"}))
    run = run_in(kalshi.folder, "+experiment=nba", f"recording.path={tape.path}")
    assert "limits" not in run.summary
    assert run.summary["wagers_placed"] > 0
