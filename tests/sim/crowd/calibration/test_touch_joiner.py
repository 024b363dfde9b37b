"""A naive maker at the touch of a recording: where it joins, its fills, and what they are worth."""

from pathlib import Path

import pytest

from recordings.tape import Side
from sim.crowd.calibration.tape_view import TapeView
from sim.crowd.calibration.touch_joiner import OFFSETS, joiner_fills_on_tape
from sim.crowd.calibration.wager_values import sums_by_phase
from strategies.trading.model.units import NS_PER_SECOND
from tests.sim.crowd.calibration.game_tape import START_NS, GameTape

EVERY_CHANGE_S, SLOW_S = 0.0, 30.0


@pytest.fixture
def game(tmp_path: Path) -> GameTape:
    """Return a recording with a touch of +100 and -110, of $100 each, from one second on."""
    tape = GameTape(tmp_path / "tape")
    tape.at(1)
    tape.writer.offer(tape.home, 100, 10_000)
    tape.writer.offer(tape.away, -110, 10_000)
    return tape


def test_it_joins_behind_those_who_were_there_first(game: GameTape) -> None:
    """A taker of $105 on home takes the $100 ahead of it, and $5 of its wager on away at +100."""
    game.at(50)
    game.writer.trade(game.home, 100, 10_500, Side.TAKER)
    game.start_play()
    ((fill,),) = joiner_fills_on_tape(game.finish(), [EVERY_CHANGE_S])
    assert (fill.is_first, fill.price, fill.payout_cents) == (False, 0.5, 1_000)
    assert fill.at_ns == START_NS + 50 * NS_PER_SECOND


def test_one_that_looks_seldom_stays_where_the_touch_was(game: GameTape) -> None:
    """The touch on home falls to -120: who looks at every change left; who does not is filled."""
    game.at(31)
    game.writer.offer(game.home, 100, 0)
    game.writer.offer(game.home, -120, 10_000)
    game.at(32)
    game.writer.offer(game.away, -110, 0)
    game.writer.offer(game.away, 105, 10_000)
    game.start_play()
    quick, slow = joiner_fills_on_tape(game.finish(), [EVERY_CHANGE_S, SLOW_S])
    assert quick == []
    assert [(fill.is_first, fill.price) for fill in slow] == [(False, 0.5)] * len(OFFSETS)


def test_those_with_an_interval_look_at_different_seconds(game: GameTape) -> None:
    """They join at 10, 20 and 30 s: a taker at 25 s takes from the first two."""
    game.at(25)
    game.writer.trade(game.home, 100, 10_500, Side.TAKER)
    game.start_play()
    (fills,) = joiner_fills_on_tape(game.finish(), [SLOW_S])
    assert [fill.at_ns for fill in fills] == [START_NS + 25 * NS_PER_SECOND] * 2


def test_a_fill_is_valued_by_the_prices_after_it_and_the_result(game: GameTape) -> None:
    """Away was backed at 50 cents; the price of away falls, and home wins."""
    game.at(50)
    game.writer.trade(game.home, 100, 10_500, Side.TAKER)
    game.at(51)
    game.writer.offer(game.home, 100, 9_000)
    game.at(55)
    game.writer.offer(game.home, 100, 0)
    game.writer.offer(game.home, -120, 10_000)
    game.writer.offer(game.away, -110, 0)
    game.writer.offer(game.away, 110, 10_000)
    game.start_play()
    tape = game.finish()
    (fills,) = joiner_fills_on_tape(tape, [SLOW_S])
    sums = sums_by_phase(TapeView(tape), fills)["pre-game"]
    weight = sum(fill.payout_cents for fill in fills)
    assert weight == 1_000 * len(OFFSETS)
    away_before, away_after = (110 / 210 + 1 - 0.5) / 2, (100 / 210 + 1 - 120 / 220) / 2
    assert sums.weight == weight
    assert sums.half_spread == pytest.approx(sums.weight * (0.5 + 110 / 210 - 1) / 2)
    assert sums.values[1.0] == pytest.approx(sums.weight * (away_before - 0.5))
    assert sums.values[10.0] == pytest.approx(sums.weight * (away_after - 0.5))
    assert sums.values["settled"] == pytest.approx(-0.5 * sums.weight)
