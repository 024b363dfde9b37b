"""Profit, taken apart, by hand: the terms of fills, their sums, and how far chance carries them."""

from itertools import accumulate

import numpy as np
import pytest

from sim.results.fill_rows import fill_columns
from sim.results.fill_values import fill_values
from sim.results.outcome_variance import Stake, outcome_variance
from sim.results.profit_split import EARLIER_STARTS, divided, split_of, splits_by
from sim.results.wager_recorder import WagerRecorder
from strategies.trading.model.events import (
    EventStatusChanged,
    MarketSettled,
    ProfitCorrected,
    ReferencePrice,
    TradeBroken,
    WagerMatched,
)
from strategies.trading.model.ids import EventId, LineId, WagerRef
from strategies.trading.model.market import EventStatus, Result
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from tests.strategies.trading.conftest import DeskHarness

WON = ((LineId("home"), Result.WON), (LineId("away"), Result.LOST))


class RecordedDesk:
    """A desk with a recorder of its wagers, on one moneyline whose fair price a test sets."""

    def __init__(self) -> None:
        """Start at a fair price of a half, with a spread of four cents."""
        self.harness = DeskHarness(in_play=True)
        self.recorder = WagerRecorder(self.harness.desk, self.harness.clock, None)
        self._touch: tuple[int, int] | None = None
        self.price(-104, -104)

    def price(self, first: int, second: int) -> None:
        """Set what others offer to takers of home and of away, and let the desk decide."""
        if self._touch is not None:
            for line, odds in zip(("home", "away"), self._touch, strict=True):
                self.harness.offer(line, odds, 0)
        for line, odds in (("home", first), ("away", second)):
            self.harness.offer(line, odds, 50_000)
        self._touch = (first, second)
        self.harness.refresh()

    def fill(self, line: str, odds: int, cents: int) -> WagerRef:
        """Fill a wager of ours in full."""
        ref = self.harness.rest(line, odds, cents)
        self.recorder.take(self.harness.matched(ref, cents), self.harness.clock.now_ns())
        return ref

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.harness.clock.advance(round(seconds * NS_PER_SECOND))

    def start_game(self) -> None:
        """Begin to play."""
        self.harness.on_event(EventStatusChanged(EventId("g1"), EventStatus.LIVE))

    def settle(self, results: tuple[tuple[LineId, Result], ...] = WON) -> None:
        """Settle the moneyline, and take the profit apart."""
        self.harness.on_event(MarketSettled(self.harness.key(), results))
        self.recorder.close()


def test_the_terms_of_a_fill_follow_the_fair_price() -> None:
    """$100 at +100 on home: what each move of the fair price added to a payout of $200."""
    desk = RecordedDesk()
    desk.fill("home", 100, 10_000)
    desk.price(-110, 106)
    desk.wait(70)
    held = desk.harness.desk.exposure.fair_of(desk.harness.pair().pair_id)
    desk.price(-130, 124)
    close = desk.harness.desk.exposure.fair_of(desk.harness.pair().pair_id)
    desk.start_game()
    desk.settle()
    (part,) = desk.recorder.parts
    assert held is not None
    assert close is not None
    assert part.edge_cents == 0
    assert part.adverse_cents == round(held * 20_000) - 10_000 > 0
    assert part.drift_cents == round(close * 20_000) - round(held * 20_000) > 0
    assert part.outcome_cents == 20_000 - round(close * 20_000)
    assert part.commission_cents == 200
    split = split_of(desk.recorder.parts)
    assert split.profit_cents == desk.harness.desk.ledger.profit_cents == 9_800


def test_a_fill_in_play_has_no_drift() -> None:
    """From a minute after it every move of the price is the game."""
    desk = RecordedDesk()
    desk.start_game()
    desk.fill("home", 100, 10_000)
    desk.wait(70)
    desk.price(-300, 280)
    desk.settle()
    (part,) = desk.recorder.parts
    assert (part.adverse_cents, part.drift_cents, part.outcome_cents) == (0, 0, 10_000)
    assert part.close is None


def test_a_fill_just_before_the_start_ends_with_the_close() -> None:
    """A score within its minute is what the game decided, not those who knew better."""
    desk = RecordedDesk()
    desk.fill("home", 100, 10_000)
    desk.wait(20)
    desk.start_game()
    desk.price(-300, 280)
    desk.wait(60)
    desk.settle()
    (part,) = desk.recorder.parts
    assert (part.adverse_cents, part.drift_cents, part.outcome_cents) == (0, 0, 10_000)


def test_a_fill_without_a_price_is_all_outcome() -> None:
    """Where no fair price was ever known the price paid stands."""
    harness = DeskHarness()
    recorder = WagerRecorder(harness.desk, harness.clock, None)
    ref = harness.rest("home", 100, 10_000)
    recorder.take(harness.matched(ref, 10_000), harness.clock.now_ns())
    harness.on_event(MarketSettled(harness.key(), WON))
    recorder.close()
    (part,) = recorder.parts
    assert (part.edge_cents, part.adverse_cents, part.drift_cents) == (0, 0, 0)
    assert part.outcome_cents == 10_000


def test_what_is_not_settled_is_no_profit() -> None:
    """Without a result a fill has edge, adverse and drift, and no outcome."""
    desk = RecordedDesk()
    desk.fill("home", 110, 10_000)
    desk.recorder.close()
    (part,) = desk.recorder.parts
    assert part.settled_cents is None
    assert part.edge_cents > 0
    assert (part.outcome_cents, part.commission_cents) == (0, 0)


def test_a_broken_trade_is_in_no_term() -> None:
    """What the exchange broke was never matched: half of the fill, then all of it."""
    desk = RecordedDesk()
    ref = desk.fill("home", 110, 10_000)
    desk.recorder.take(TradeBroken(ref, 5_000, 5_500), desk.harness.clock.now_ns())
    (fill,) = desk.recorder.fills
    assert (fill.stake_cents, fill.profit_cents) == (5_000, 5_500)
    desk.recorder.take(TradeBroken(ref, 5_000, 5_500), desk.harness.clock.now_ns())
    desk.settle()
    assert split_of(desk.recorder.parts).profit_cents == 0


def test_a_corrected_profit_is_that_of_the_fill() -> None:
    """The exchange pays what it counts, and the terms add up to that."""
    desk = RecordedDesk()
    ref = desk.fill("home", 100, 10_000)
    desk.recorder.take(ProfitCorrected(ref, -1), desk.harness.clock.now_ns())
    desk.settle()
    assert split_of(desk.recorder.parts).profit_cents == desk.harness.desk.ledger.profit_cents
    assert desk.recorder.fills[0].profit_cents == 9_999


def test_a_push_returns_the_stake() -> None:
    """No outcome of the game can be seen in it but that of the price."""
    desk = RecordedDesk()
    desk.fill("home", 110, 10_000)
    desk.settle(((LineId("home"), Result.PUSHED), (LineId("away"), Result.PUSHED)))
    split = split_of(desk.recorder.parts)
    assert split.profit_cents == 0
    assert split.outcome_cents == -split.edge_cents


def test_positions_of_earlier_starts_are_outcome_as_a_whole() -> None:
    """A start settles what earlier ones matched: in its profit, and in none of its fills."""
    harness = DeskHarness()
    ref = harness.rest("home", 100, 5_000)
    harness.take(WagerMatched(ref, Odds(100), 5_000, 5_000, 5_000))
    recorder = WagerRecorder(harness.desk, harness.clock, None)
    harness.on_event(MarketSettled(harness.key(), WON))
    recorder.close()
    (part,) = recorder.parts
    assert part.fill is None
    split = split_of(recorder.parts)
    assert (split.fills, split.outcome_cents, split.commission_cents) == (0, 5_000, 100)
    assert split.profit_cents == harness.desk.ledger.profit_cents
    phases = splits_by(recorder.parts, lambda each: (EARLIER_STARTS, str(each.line)))
    assert [each.split for each in phases] == [split]


def test_a_fill_is_measured_against_outside_prices_when_there_are_any() -> None:
    """What it was worth at the newest one when filled, at the last before the start, and beyond."""
    desk = RecordedDesk()
    desk.fill("home", 100, 10_000)
    desk.harness.take(ReferencePrice(LineId("home"), 0.55))
    desk.fill("home", 100, 10_000)
    desk.fill("away", 100, 10_000)
    desk.harness.take(ReferencePrice(LineId("away"), 0.42))
    desk.start_game()
    desk.settle()
    split = split_of(desk.recorder.parts)
    # Without a price at the fill, +5 cents on 200 dollars, and -5 cents.
    assert split.reference_edge_cents == 1_000 - 1_000
    home = split_of([part for part in desk.recorder.parts if part.fill and part.fill.first])
    assert home.reference_edge_cents == 1_000
    # Our own fair price was a half, so that the market was off by all of it.
    assert home.mispricing_cents == 1_000
    # At the close 58 cents, for both.
    assert home.reference_cents == 2 * 1_600


def test_values_of_fills_name_the_spread_that_was_kept_and_the_drift() -> None:
    """A maker that gets half a half-spread and sees the price turn against it by more."""
    desk = RecordedDesk()
    desk.fill("home", 102, 10_000)
    desk.price(102, -106)
    desk.wait(5)
    desk.recorder.close()
    values = {value.at: value for value in fill_values(fill_columns(desk.recorder.parts))}
    at_fill, after = values["fill"], values["1 s"]
    assert at_fill.kept is not None
    assert at_fill.kept == pytest.approx(100 * (0.5 - 10_000 / 20_200))
    assert at_fill.drift == 0.0
    assert at_fill.kept_half_spreads == pytest.approx(at_fill.kept / (100 * (104 / 204 - 0.5)))
    assert after.kept is not None
    assert after.drift is not None
    assert after.kept < 0 < at_fill.kept
    assert after.drift == pytest.approx(after.kept - at_fill.kept)
    assert values["settlement"].fills == 0


@pytest.mark.parametrize(("cents", "weights"), [(0, [1, 2]), (7, [1, 1, 1]), (100, [0, 3, 0, 4])])
def test_an_amount_is_divided_to_the_cent(cents: int, weights: list[int]) -> None:
    """Every share is within a cent of its proportion, and none is lost."""
    shares = divided(cents, weights)
    assert sum(shares) == cents
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - cents * weight / sum(weights)) < 1
        assert weight or not share
    assert divided(5, [0, 0]) == [0, 0]
    assert list(accumulate(shares))[-1] == cents


# How far chance carries the outcome -------------------------------------------------------------


def stakes(harness: DeskHarness, *positions: tuple[str, int, float]) -> list[Stake]:
    """Return stakes as (line, payout in cents, fair probability of the first line)."""
    return [
        Stake(
            harness.pair(line),
            "basketball",
            cents if harness.pair(line).first.line_id == line else -cents,
            fair,
        )
        for line, cents, fair in positions
    ]


def test_one_position_varies_as_a_coin_does(harness_of_games: DeskHarness) -> None:
    """The variance of a payout is that of a Bernoulli trial, whichever line it is on."""
    for line in ("home", "away"):
        (stake,) = stakes(harness_of_games, (line, 10_000, 0.3))
        assert outcome_variance([stake]) == pytest.approx(10_000**2 * 0.3 * 0.7)


def test_opposite_fills_at_one_price_cancel(harness_of_games: DeskHarness) -> None:
    """Home and away of the same payout leave nothing to chance."""
    both = stakes(harness_of_games, ("home", 10_000, 0.3), ("away", 10_000, 0.3))
    assert outcome_variance(both) == 0.0


def test_the_move_of_a_price_while_held_counts(harness_of_games: DeskHarness) -> None:
    """Bought at 30 and sold at 50 cents: chance moved the price by 20."""
    both = stakes(harness_of_games, ("home", 10_000, 0.3), ("away", 10_000, 0.5))
    assert outcome_variance(both) == pytest.approx((10_000 * 0.2) ** 2)


def test_lines_that_hang_on_one_score_vary_together(harness_of_games: DeskHarness) -> None:
    """Moneyline, both spreads and the total, against draws of margin and total."""
    held = stakes(
        harness_of_games,
        ("home", 10_000, 0.6),
        ("home-4.5", -7_000, 0.45),
        ("home-3", 4_000, 0.52),
        ("over", 9_000, 0.5),
    )
    rng = np.random.default_rng(1)
    margin, total = rng.random(400_000), rng.random(400_000)
    drawn = sum(
        stake.payout_first_cents
        * ((total if stake.pair.first.line_id == "over" else margin) < stake.fair_first)
        for stake in held
    )
    assert outcome_variance(held) == pytest.approx(np.var(drawn), rel=0.02)
    alone = sum(outcome_variance([stake]) for stake in held)
    assert outcome_variance(held) < 0.8 * alone


def test_games_vary_on_their_own(harness_of_games: DeskHarness) -> None:
    """Variances of two games add up."""
    first, second = stakes(harness_of_games, ("home", 10_000, 0.5), ("home2", 10_000, 0.5))
    together = outcome_variance([first, second])
    assert together == pytest.approx(outcome_variance([first]) + outcome_variance([second]))


@pytest.fixture(scope="module")
def harness_of_games() -> DeskHarness:
    """Return a harness for the names of its pairs."""
    return DeskHarness()
