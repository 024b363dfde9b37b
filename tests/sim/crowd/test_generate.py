"""The generated game is a tape on which a market maker can be backtested."""

import os
import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from statistics import mean, median

import pytest

from recordings.reader import Tape
from recordings.tape import Clocks, Kind, Row
from recordings.validator import validate
from sim.crowd.crowd import Crowd
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.generate import generate_game
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import implied_probability, payout_ratio
from tests.paths import PROJECT

pytestmark = pytest.mark.slow  # whole games generated

SEED = 13
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
# A trade and the book change that it caused are published within this time.
APART_NS = 60_000_000

LEVELS_SHOWN, LEAST_ODDS = 10, -25_000

Books = list[dict[int, int]]
# Times, and what was so from each of them on.
History = list[tuple[int, int]]

# The lines of each pair, home or over first: a moneyline, three spreads, three totals; and the
# pair of each market that is the main one.
PAIRS = [(place, place + 1) for place in range(0, 14, 2)]
MAIN_PAIRS = [PAIRS[0], PAIRS[1], PAIRS[4]]
MARKETS = [0, 1, 1, 1, 2, 2, 2]
# A game of minutes, from opening to the end.
SHORT = CrowdSettings(opens_before_s=300.0, game_s=600.0)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """Return a newly generated game."""
    folder = tmp_path_factory.mktemp("crowd") / "game"
    generate_game(folder, seed=SEED)
    return Tape(folder)


@pytest.fixture(scope="module")
def rows(tape: Tape) -> list[Row]:
    """Return every row of the game."""
    return [row for chunk in tape.chunks() for row in chunk.rows()]


def replay(tape: Tape, rows: list[Row]) -> Iterator[tuple[list[Row], Books]]:
    """Yield each message with the amounts shown after it, by line and odds."""
    books: Books = [{} for _ in tape.info.lines]
    for _, message in groupby(rows, key=lambda row: row.seq):
        batch = list(message)
        for row in batch:
            if row.kind == Kind.OFFER and row.amount_cents:
                books[row.line][row.odds] = row.amount_cents
            elif row.kind == Kind.OFFER:
                del books[row.line][row.odds]
        yield batch, books


def of_kind(rows: list[Row], kind: Kind) -> list[Row]:
    """Return the rows of one kind."""
    return [row for row in rows if row.kind == kind]


def tip_off_ns(rows: list[Row]) -> int:
    """Return when the game went in-play."""
    return next(
        r.exchange_ns for r in of_kind(rows, Kind.EVENT_STATUS) if r.state == EventStatus.LIVE
    )


def statuses(rows: list[Row], market: int) -> list[tuple[int, int]]:
    """Return the statuses of a market, and their times."""
    changes = of_kind(rows, Kind.MARKET_STATUS)
    return [(row.state, row.exchange_ns) for row in changes if row.market == market]


def final_score(rows: list[Row]) -> tuple[int, int]:
    """Return the last official score, home first."""
    home, away = (of_kind(rows, Kind.SCORE)[-1].text or "").split("-")
    return int(home), int(away)


def overround(books: Books, pair: tuple[int, int]) -> float | None:
    """Return by how much the best offers of a pair imply more than one, if both exist."""
    first, second = (books[line] for line in pair)
    if not first or not second:
        return None
    return implied_probability(max(first)) + implied_probability(max(second)) - 1


def test_game_is_a_valid_simulated_recording_of_three_markets(tape: Tape) -> None:
    """The tape is valid, marked as simulated, and holds pairs of each market type."""
    summary = validate(tape)
    assert summary.info.simulated
    assert summary.info.source == f"simulated: python -m sim generate nba --seed {SEED}"
    assert summary.info.clocks is Clocks.TWO
    assert "(simulated)" in summary.info.events[0].name
    assert 40_000 <= summary.rows <= 150_000
    pairs = tape.info.catalogue().pairs.values()
    assert [pair.type for pair in pairs] == [list(MarketType)[market] for market in MARKETS]
    assert [pair.first.point % 1 for pair in pairs] == [0.0, *[0.5] * 6]
    assert all(len(line.line_id) == 32 for line in tape.info.lines)


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """A game made again by another process with other string hashes is the same to the byte."""
    command = (
        "from pathlib import Path; from sim.crowd.generate import generate_game; "
        "from sim.crowd.crowd_settings import CrowdSettings; "
        f"generate_game(Path({str(tmp_path / 'again')!r}), seed={SEED}, settings={SHORT!r})"
    )
    command = command.replace(repr(SHORT.types), "tuple(CrowdSettings().types)")
    generate_game(tmp_path / "once", seed=SEED, settings=SHORT)
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", command], check=True, cwd=PROJECT, env=environment)
    assert Tape(tmp_path / "again").digest() == Tape(tmp_path / "once").digest()


def test_a_sport_that_is_not_simulated_is_refused_by_name(tmp_path: Path) -> None:
    """The error for another sport lists the simulated ones, and no file is written."""
    with pytest.raises(ConfigError, match=r"'curling'.*nba"):
        generate_game(tmp_path / "game", seed=1, sport="curling")
    assert list(tmp_path.iterdir()) == []


def test_book_is_never_crossed_and_never_deeper_than_shown(tape: Tape, rows: list[Row]) -> None:
    """After every message the best offers imply more than one, and a line has at most ten."""
    for batch, books in replay(tape, rows):
        for pair in {row.line // 2 for row in batch if row.kind == Kind.OFFER}:
            assert (overround(books, PAIRS[pair]) or 1.0) > 0, batch[0]
        assert max(map(len, books)) <= 10, batch[0]


def test_an_offer_shows_no_more_than_its_makers_can_lose(rows: list[Row]) -> None:
    """What a taker may stake is at most the profit on all the original stakes behind an offer."""
    for row in of_kind(rows, Kind.OFFER):
        profit, stake = payout_ratio(row.odds)
        assert row.amount_cents * profit <= row.quantity_cents * stake + 5 * profit, row
        assert (row.quantity_cents == 0) == (row.amount_cents == 0)


def test_no_trade_is_larger_than_the_offers_shown(tape: Tape, rows: list[Row]) -> None:
    """The trades of one message fit into the offers at their odds moments before or after.

    An offer that came within a moment of its first taker is shown after the trade. What lies beyond
    the ten levels shown is known to the exchange alone.
    """
    shown: dict[tuple[int, int], History] = {}
    last_shown: dict[int, History] = {}
    for batch, books in replay(tape, rows):
        for row in of_kind(batch, Kind.OFFER):
            shown.setdefault((row.line, row.odds), []).append((row.exchange_ns, row.amount_cents))
            last_shown.setdefault(row.line, []).append((row.exchange_ns, _last_of(books[row.line])))
    for batch, _ in replay(tape, rows):
        at_ns = batch[0].exchange_ns
        taken: dict[tuple[int, int], int] = {}
        for row in of_kind(batch, Kind.TRADE):
            if row.odds >= max(_around(last_shown[row.line], at_ns)):
                place = (row.line, row.odds)
                taken[place] = taken.get(place, 0) + row.amount_cents
        for place, cents in taken.items():
            assert cents <= max(_around(shown[place], at_ns))


def _last_of(book: dict[int, int]) -> int:
    """Return the odds behind which a book may have offers that are not shown."""
    return min(book) if len(book) == LEVELS_SHOWN else LEAST_ODDS


def _around(history: History, at_ns: int) -> list[int]:
    """Return what stood around a time, from a history with the oldest first."""
    begin = bisect_left(history, at_ns - APART_NS, key=itemgetter(0))
    end = bisect_right(history, at_ns + APART_NS, key=itemgetter(0))
    return [value for _, value in history[max(0, begin - 1) : end]]


def test_book_is_wiped_at_tip_off(tape: Tape, rows: list[Row]) -> None:
    """Each market's suspension at tip-off removes every offer in the same message."""
    live_ns = tip_off_ns(rows)
    wiped = []
    for batch, books in replay(tape, rows):
        first = batch[0]
        if first.kind == Kind.MARKET_STATUS and first.exchange_ns == live_ns:
            assert len(batch) > 10
            lines = [
                line
                for pair, of in zip(PAIRS, MARKETS, strict=True)
                for line in pair
                if of == first.market
            ]
            assert [books[line] for line in lines] == [{}] * len(lines)
            wiped.append(first.market)
    assert wiped == [0, 1, 2]


def test_markets_pass_through_the_states_of_a_game(rows: list[Row]) -> None:
    """Open, suspended 15 to 20 s at tip-off, open, suspended 50 to 100 s at the end, closed."""
    live_ns = tip_off_ns(rows)
    for market in range(3):
        states, times_ns = zip(*statuses(rows, market), strict=True)
        assert states == (1, 2, 1, 2, 3)
        opened, off, reopened, end, closed = times_ns
        assert 24 * 60 <= (off - opened) / MINUTE_NS <= 24 * 60 + 10
        assert off == live_ns
        assert 15 <= (reopened - off) / SECOND_NS <= 20
        assert 115 <= (end - off) / MINUTE_NS <= 160
        assert 50 <= (closed - end) / SECOND_NS <= 100.1
    assert [row.state for row in of_kind(rows, Kind.EVENT_STATUS)] == list(EventStatus)
    assert [row.state for row in of_kind(rows, Kind.IN_PLAY_DELAY)] == [5 * SECOND_NS] * 3


def test_no_trade_happens_while_a_market_is_suspended(rows: list[Row]) -> None:
    """Trades happen only in open markets; elsewhere offers shrink, or come into view behind."""
    is_open = [False] * 3
    shown: dict[tuple[int, int], int] = {}
    for _, message in groupby(rows, key=lambda row: row.seq):
        batch = list(message)
        left = {row.line for row in batch if row.kind == Kind.OFFER and not row.amount_cents}
        for row in batch:
            place = (row.line, row.odds)
            if row.kind == Kind.MARKET_STATUS:
                is_open[row.market] = row.state == MarketStatus.OPEN
            elif row.kind == Kind.TRADE:
                assert is_open[row.market], row
            elif row.kind == Kind.OFFER:
                increased = row.amount_cents > shown.get(place, 0)
                assert is_open[row.market] or not increased or row.line in left, row
                shown[place] = row.amount_cents


def test_all_lines_settle_by_the_final_score(tape: Tape, rows: list[Row]) -> None:
    """Moneyline, spread and total are won and lost by the last official score."""
    home, away = final_score(rows)
    results = {row.line: row.state for row in of_kind(rows, Kind.RESULT)}
    surplus = {
        "home": lambda point: home - away + point,
        "away": lambda point: away - home + point,
        "over": lambda point: home + away - point,
        "under": lambda point: point - home - away,
    }
    assert sorted(results) == list(range(14))
    for place, line in enumerate(tape.info.lines):
        won = surplus[line.selection](line.point) > 0
        assert results[place] == (Result.WON if won else Result.LOST), line


def test_scores_only_increase_and_the_clock_runs(rows: list[Row]) -> None:
    """The official score starts at zero, and increases by one score of one team, or is repeated."""
    scores = [tuple(map(int, (row.text or "").split("-"))) for row in of_kind(rows, Kind.SCORE)]
    assert scores[0] == (0, 0)
    for before, after in pairwise(scores):
        gains = (after[0] - before[0], after[1] - before[1])
        assert min(gains) == 0
        assert max(gains) in {0, 1, 2, 3, 4}
    clocks_ns = [row.state for row in of_kind(rows, Kind.SCORE)]
    assert clocks_ns[0] == 0
    assert clocks_ns == sorted(clocks_ns)
    assert 47 <= clocks_ns[-1] / MINUTE_NS <= 68


def test_messages_arrive_after_they_were_sent(rows: list[Row]) -> None:
    """The two clocks differ by a latency of tens of milliseconds; neither ever goes back."""
    latencies_ns = [row.received_ns - row.exchange_ns for row in rows]
    assert min(latencies_ns) > 0
    assert max(latencies_ns) <= SECOND_NS / 2
    assert 20_000_000 <= median(latencies_ns) <= 100_000_000
    sent_ns = [row.exchange_ns for row in rows]
    assert sent_ns == sorted(sent_ns)


@pytest.mark.parametrize("market", range(3))
def test_markets_are_as_busy_as_real_ones(rows: list[Row], market: int) -> None:
    """Messages a minute increase from a few hours ahead, to the last hour, to the game."""
    off_ns = tip_off_ns(rows)
    end_ns = statuses(rows, market)[3][1]
    sent_ns = {row.seq: row.exchange_ns for row in rows if row.market == market}.values()

    def per_minute(from_ns: int, to_ns: int) -> float:
        return sum(from_ns <= at < to_ns for at in sent_ns) * MINUTE_NS / (to_ns - from_ns)

    assert per_minute(off_ns - 24 * 60 * MINUTE_NS, off_ns - 12 * 60 * MINUTE_NS) <= 1
    assert 1 <= per_minute(off_ns - 12 * 60 * MINUTE_NS, off_ns - 180 * MINUTE_NS) <= 3
    # The mean over games is from 10 to 16, which calibration checks; this is one game.
    assert 6 <= per_minute(off_ns - 60 * MINUTE_NS, off_ns) <= 20
    assert 35 <= per_minute(off_ns, end_ns) <= 80


@pytest.mark.parametrize("market", range(3))
def test_overround_is_small_before_the_game_and_wider_in_it(
    tape: Tape, rows: list[Row], market: int
) -> None:
    """Best offers sum to about one per cent over one before tip-off, to one to three in-play."""
    off_ns = tip_off_ns(rows)
    before: list[float] = []
    during: list[float] = []
    for batch, books in replay(tape, rows):
        vig = overround(books, MAIN_PAIRS[market])
        if vig is not None and batch[0].market == market:
            (before if batch[0].exchange_ns < off_ns else during).append(vig)
    assert 0.003 <= median(before) <= 0.015
    assert 0.008 <= median(during) <= 0.04
    assert median(before) < median(during)


def test_stakes_of_takers_have_a_heavy_tail(rows: list[Row]) -> None:
    """Half of the trades are small, some are large, and some messages hold several fills."""
    trades = [row for row in of_kind(rows, Kind.TRADE) if row.market == 0]
    cents = sorted(row.amount_cents for row in trades)
    assert 1_000 <= len(trades) <= 6_000
    assert 1_000 <= median(cents) <= 3_000
    assert cents[len(cents) * 99 // 100] >= 30_000
    assert len({row.seq for row in trades}) < 0.9 * len(trades)


def test_takers_who_know_the_score_first_gain(tmp_path: Path) -> None:
    """Without an in-play delay trades just before an official score gain, and the others lose.

    They are marked ten seconds later.
    """
    settings = CrowdSettings(
        opens_before_s=300.0, types=(MarketType.MONEYLINE,), in_play_delay_s=0.0, informed=2.0
    )
    generate_game(tmp_path / "game", seed=SEED, settings=settings)
    tape = Tape(tmp_path / "game")
    rows = [row for chunk in tape.chunks() for row in chunk.rows()]
    mids = fair_by_mid(tape, rows)
    scores = [(row.text, row.exchange_ns) for row in of_kind(rows, Kind.SCORE)]
    scored_ns = [after[1] for before, after in pairwise(scores) if after[0] != before[0]]
    ahead: list[float] = []
    other: list[float] = []
    for row in of_kind(rows, Kind.TRADE):
        later = bisect_left(mids[row.market], (row.exchange_ns + 10 * SECOND_NS, 0.0))
        if later < len(mids[row.market]):
            mid = mids[row.market][later][1]
            gain = (1 - mid if row.line % 2 else mid) - implied_probability(row.odds)
            informed = any(0 < at - row.exchange_ns < 2.1 * SECOND_NS for at in scored_ns)
            (ahead if informed else other).append(gain)
    assert mean(ahead) > 0.01
    # Of the others some know more, and come at any time.
    assert mean(other) < -0.001


def fair_by_mid(tape: Tape, rows: list[Row]) -> list[list[tuple[int, float]]]:
    """Return, by market, when the middle of a two-sided book was at which probability."""
    mids: list[list[tuple[int, float]]] = [[], [], []]
    for batch, books in replay(tape, rows):
        for market in {row.market for row in batch if row.kind == Kind.OFFER}:
            vig = overround(books, MAIN_PAIRS[market])
            if vig is not None:
                mid = implied_probability(max(books[MAIN_PAIRS[market][0]])) - vig / 2
                mids[market].append((batch[0].exchange_ns, mid))
    return mids


def test_the_shipped_game_is_small_and_marked_as_simulated() -> None:
    """The shipped recording is valid and names the command that made it."""
    shipped = Tape(PROJECT / "recordings" / "nba")
    summary = validate(shipped)
    assert summary.info.simulated
    assert summary.info.source == f"simulated: python -m sim generate nba --seed {SEED}"
    size = sum(path.stat().st_size for path in shipped.path.glob("segment-*.parquet"))
    assert size <= 3_000_000


def test_a_game_with_a_shoot_out_is_a_valid_recording(tmp_path: Path) -> None:
    """Hockey has one overtime of five minutes: no clock shows more than 65 minutes."""
    seed = next(seed for seed in range(200) if Crowd("nhl", seed, SHORT).game.clock_s[-1] > 65 * 60)
    generate_game(tmp_path / "nhl", seed=seed, sport="nhl", settings=SHORT)
    scores = [
        row.state
        for chunk in Tape(tmp_path / "nhl").chunks()
        for row in chunk.rows()
        if row.kind == Kind.SCORE
    ]
    assert max(scores) == 65 * MINUTE_NS
