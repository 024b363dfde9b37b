"""The Betfair importer on real recordings; skipped where the files are missing."""

from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from recordings.importers.betfair import import_betfair
from recordings.importers.betfair.stream_file import read_messages
from recordings.importers.betfair.stream_source import StreamSource
from recordings.tape import Kind, Row, Side, Unreported
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import implied_probability, payout_ratio

CRICKET = "cricket_match_odds_1.200806927.jsonl.gz"
NBA = "nba_moneyline_prematch_1.166564490.bz2"
HANDICAPS = "soccer_asian_handicap_1.242971311.bz2"
LONGEST_PRICE = 251


def paid_on_tape(rows: Iterable[Row]) -> float:
    """Return the stakes and profits of all trades on a tape, in dollars."""
    trades = (row for row in rows if row.kind == Kind.TRADE)
    return (
        sum(row.amount_cents * float(1 + Fraction(*payout_ratio(row.odds))) for row in trades) / 100
    )


def paid_in_file(source: Path) -> float:
    """Return half of traded stake times price over all rises that the ladder reaches, in pounds.

    That is what each trade paid once: one seen on both runners pays the same on each.
    """
    traded: dict[Any, Any] = {}
    paid = 0.0
    for _, message in read_messages(StreamSource(source)):
        for change in message.mc:
            for runner in change.rc:
                for price, size in runner.trd:
                    rise = size - traded.get((runner.id, price), 0)
                    traded[runner.id, price] = size
                    if not change.img and price <= LONGEST_PRICE:
                        paid += float(max(rise, 0) * price) / 2
    return paid


def least_overround(rows: Iterable[Row]) -> float:
    """Return the smallest sum of what the best offers of both lines imply, over all messages."""
    book: dict[int, dict[int, int]] = {0: {}, 1: {}}
    least = 9.0
    for _, message in groupby(rows, attrgetter("seq")):
        for row in message:
            if row.kind == Kind.OFFER:
                book[row.line][row.odds] = row.amount_cents
        best = [max((o for o, cents in book[line].items() if cents), default=None) for line in book]
        if None not in best:
            least = min(least, sum(implied_probability(odds) for odds in best if odds is not None))
    return least


@pytest.mark.slow
def test_a_real_cricket_match_is_imported(imported_real: Callable[[str], Any]) -> None:
    """In-play, two suspensions and the result of 18,529 messages are on the tape."""
    imported = imported_real(CRICKET)
    assert imported.report.messages == 18_529
    statuses = [row.state for row in imported.rows if row.kind == Kind.MARKET_STATUS]
    assert statuses == [
        MarketStatus.OPEN,
        MarketStatus.SUSPENDED,
        MarketStatus.OPEN,
        MarketStatus.SUSPENDED,
        MarketStatus.CLOSED,
    ]
    events = [row.state for row in imported.rows if row.kind == Kind.EVENT_STATUS]
    assert events == [EventStatus.LIVE, EventStatus.ENDED]
    delays = [row.state for row in imported.rows if row.kind == Kind.IN_PLAY_DELAY]
    assert delays == [5 * 10**9]
    assert imported.results() == {
        "1.200806927:228749": Result.WON,
        "1.200806927:2857977": Result.LOST,
    }
    assert not any(imported.book().values()), "nothing is offered once the market is closed"


@pytest.mark.slow
def test_real_trades_sum_to_the_traded_volume(
    imported_real: Callable[[str], Any], real_file: Callable[[str], Path]
) -> None:
    """The tape's trades pay half of what the file's rises do, up to the snapping."""
    imported = imported_real(CRICKET)
    report = imported.report
    # 11,323 rises: those of both runners fold to one, and 29 are beyond the ladder.
    assert report.trades + report.trades_crossed + report.trades_off_ladder == pytest.approx(
        11_323, abs=60
    )
    assert report.trades_crossed > 2_500
    assert report.trades_unknown / report.trades < 0.03
    assert paid_on_tape(imported.rows) == pytest.approx(paid_in_file(real_file(CRICKET)), rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", [CRICKET, NBA])
def test_a_real_book_is_never_crossed(imported_real: Callable[[str], Any], name: str) -> None:
    """Nobody can take both lines at a profit, so offers are on the right lines."""
    assert least_overround(imported_real(name).rows) > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", [CRICKET, NBA])
def test_most_real_trades_reduce_the_offer_they_hit(
    imported_real: Callable[[str], Any], name: str
) -> None:
    """In most messages with one known trade, the offer on its rung falls by its stake."""
    shown: Counter[tuple[int, int]] = Counter()
    explained: Counter[bool] = Counter()
    for _, message in groupby(imported_real(name).rows, attrgetter("seq")):
        rows = list(message)
        trades = [row for row in rows if row.kind == Kind.TRADE]
        offers = {(r.line, r.odds): r.amount_cents for r in rows if r.kind == Kind.OFFER}
        if len(trades) == 1 and trades[0].side == Side.TAKER and trades[0].amount_cents > 100:
            rung = (trades[0].line, trades[0].odds)
            drop = shown[rung] - offers.get(rung, shown[rung])
            explained[abs(drop - trades[0].amount_cents) <= 0.01 * trades[0].amount_cents] += 1
        shown.update({rung: cents - shown[rung] for rung, cents in offers.items()})
    assert explained[True] > 0.75 * explained.total() > 75


def test_a_real_pre_game_moneyline_is_imported(imported_real: Callable[[str], Any]) -> None:
    """The NBA file ends before the game: open, without in-play and without results."""
    imported = imported_real(NBA)
    assert imported.report.messages == 1_608
    assert imported.info.events[0].sport == "basketball"
    # Betfair lists the away team of an American game first, and 237491 is listed first.
    lines = [(line.selection, line.line_id.split(":")[1]) for line in imported.info.lines]
    assert lines == [(Selection.HOME, "60424"), (Selection.AWAY, "237491")]
    assert [kind for kind, _ in imported.states()] == [Kind.SCHEDULE, Kind.MARKET_STATUS]
    assert imported.report.trades > 200


def test_real_handicaps_are_imported_line_by_line(imported_real: Callable[[str], Any]) -> None:
    """Each market of 33 handicaps gives 17 pairs and 32 skipped runners at quarter points."""
    imported = imported_real(HANDICAPS)
    report = imported.report
    assert (len(report.markets), report.pairs, report.quarter_lines) == (60, 60 * 17, 60 * 32)
    assert {market.type for market in imported.info.markets} == {MarketType.SPREAD}
    points = [
        line.point for line in imported.info.lines if line.line_id.startswith("1.242971311:9162:")
    ]
    assert points == [-4 + half / 2 for half in range(17)]
    assert {refusal.market_type for refusal in report.refused} == {"MATCH_ODDS"}
    assert len(report.refused) == 140


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("horse_place_1.181223995.jsonl.gz", r"PLACE 1\.181223995 \(runners: 10\)"),
        ("soccer_btts_1.145405534.bz2", r"BOTH_TEAMS_TO_SCORE 1\.145405534 \(Slavia Sofia v"),
        ("tennis_match_odds_basic_1.223716976.bz2", r"no order book: 1\.223716976"),
        ("cricket_scores_1.200806927.jsonl.gz", r"line 1: .* 'ccm'"),
    ],
)
def test_unsupported_real_files_are_refused_by_name(
    real_file: Callable[[str], Path], tmp_path: Path, name: str, why: str
) -> None:
    """The error names the market type of the file, and no tape is left."""
    with pytest.raises(TapeError, match=why):
        import_betfair(real_file(name), tmp_path / "tape")
    assert not (tmp_path / "tape").exists()


def test_a_file_that_ends_before_the_game_declares_that_it_has_no_results(
    imported_real: Callable[[str], Any],
) -> None:
    """A pre-match recording says so; one that is settled and has trades lacks nothing."""
    assert imported_real(NBA).info.unreported == (Unreported.RESULTS,)


def test_a_settled_file_with_trades_declares_nothing(
    imported_real: Callable[[str], Any],
) -> None:
    """Books, trades with their takers and results are all there."""
    assert imported_real(CRICKET).info.unreported == ()
