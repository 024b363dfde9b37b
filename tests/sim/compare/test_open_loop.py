"""The open loop: the same commands on a recording, with our stake and without it."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from recordings.journal.entries import Entry
from recordings.reader import Tape
from recordings.tape import Clocks, Side
from recordings.writer import TapeWriter
from sim.compare.counterfactual_tape import write_counterfactual
from sim.compare.open_loop import OpenLoop, Updates
from sim.compare.outcomes import ComparedWager, outcome_of
from sim.engine.latency import Constant, Latency, NoDelay
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.queue_models import Back
from sim.sources.recorded_source import RecordedSource
from sim.sources.source_tape import SourceTape
from strategies.trading.accounting.commission import Commission, Offset
from strategies.trading.model.commands import CancelAll, CancelWager, Command, Intent, PlaceWager
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import WagerAccepted, WagerCancelled, WagerMatched, WagerOpened
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_790_000_000 * NS_PER_SECOND
GAME = EventId("game")
MONEYLINE = MarketKey(GAME, MarketId("219"))
REF = WagerRef("first-1-1")
PLACE = PlaceWager(REF, LineId("home"), Odds(-120), 12_000, Intent.ADD_ONLY)


def ns(second: float) -> int:
    """Return a second of the recording as a time."""
    return START_NS + round(second * NS_PER_SECOND)


def record(folder: Path) -> Tape:
    """Record $300 of others on away at +120, our $100 behind, and takers of $300 and $100.

    Our wager was reported as open at second 5, and as matched at second 20.
    """
    with TapeWriter(folder, source="test", simulated=True, clocks=Clocks.TWO) as writer:
        writer.add_event(SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "", START_NS))
        market = writer.add_market(Market(GAME, MONEYLINE.market_id, MarketType.MONEYLINE, "m"))
        for name in ("home", "away"):
            writer.add_line(Line(LineId(name), GAME, MONEYLINE.market_id, Selection(name), 0.0))
        writer.begin_message(START_NS, START_NS)
        writer.market_status(market, MarketStatus.OPEN)
        for second, cents, traded_cents in (
            (1, 30_000, 0),
            (4.8, 40_000, 0),
            (10, 10_000, 36_000),
            (20, 0, 12_000),
            (40, 500, 0),
        ):
            writer.begin_message(ns(second), ns(second))
            if traded_cents:
                writer.trade(0, -120, traded_cents, Side.MAKER)
            writer.offer(1, 120, cents)
    return Tape(folder)


def play(tape: Tape, *commands: tuple[float, Command], refused: Iterable[WagerRef] = ()) -> Updates:
    """Return the updates of the wagers of these commands."""
    none = NoDelay()
    loop = OpenLoop(
        feed=RecordedSource([SourceTape(tape, "test")], "test"),
        exchange=partial(SimulatedProphet, settings=ExchangeRules()),
        latency=lambda _: Latency(none, none, none, Constant(400), none, none),
        fees=Commission(0, Offset.PAIR),
        seed=0,
        market_keys=(MONEYLINE,),
        commands=[Entry(1, 1, ns(second), command) for second, command in commands],
        refused=refused,
    )
    return loop.play(Back())


def real() -> EarlierWager:
    """Return our wager as it was in the session."""
    fill = WagerMatched(REF, Odds(-120), 12_000, 10_000)
    wager = EarlierWager(PLACE, ns(4.5))
    wager.updates += [(ns(4.5), WagerAccepted(REF)), (ns(5), WagerOpened(REF)), (ns(20.1), fill)]
    return wager


def test_the_commands_are_sent_again_and_the_responses_recorded(tmp_path: Path) -> None:
    """A wager opens after the connection's delays, and queues behind earlier stake."""
    tape = record(tmp_path / "tape")
    clean = write_counterfactual(tape, [real()], [], tmp_path / "clean")
    responses = play(clean, (4.5, PLACE), (30, CancelAll()))
    updates = [((at_ns - START_NS) / NS_PER_SECOND, event) for at_ns, event in responses[REF]]
    assert updates == [
        (4.5, WagerAccepted(REF)),
        (4.9, WagerOpened(REF)),
        (20, WagerMatched(REF, Odds(-120), 12_000, 10_000, 12_000)),
    ]


def test_our_stake_left_in_the_book_is_ahead_of_itself(tmp_path: Path) -> None:
    """On the unchanged recording our own wager counts as others' stake: its outcome is wrong."""
    tape = record(tmp_path / "tape")
    clean = write_counterfactual(tape, [real()], [], tmp_path / "clean")
    wager = real()
    agree = {}
    for name, played in (("clean", clean), ("as it is", tape)):
        updates = play(played, (4.5, PLACE), (30, CancelAll()))[REF]
        outcomes = {name: outcome_of(PLACE, wager.placed_ns, updates)}
        real_outcome = outcome_of(PLACE, wager.placed_ns, wager.updates)
        agree[name] = ComparedWager(
            PLACE, wager.placed_ns, real_outcome, outcomes, EventId("g1")
        ).agrees(name)
    assert agree == {"clean": True, "as it is": False}


@pytest.mark.parametrize("refused", [False, True])
def test_an_accepted_cancel_is_repeated_until_it_is_accepted(tmp_path: Path, refused: bool) -> None:
    """The replayed wager opens later, so its cancel comes too soon and is repeated.

    The session's reaction to its refusal is among its commands.
    """
    tape = record(tmp_path / "tape")
    responses = play(tape, (4.5, PLACE), (5, CancelWager(REF)), refused=[REF] if refused else [])
    cancelled = [event for _, event in responses[REF] if isinstance(event, WagerCancelled)]
    assert cancelled == ([] if refused else [WagerCancelled(REF, 12_000)])


def test_a_cancel_that_is_followed_by_another_is_not_repeated(tmp_path: Path) -> None:
    """The session sent the cancel again itself, and the open loop sends it at the same time."""
    tape = record(tmp_path / "tape")
    responses = play(tape, (4.5, PLACE), (5, CancelWager(REF)), (9, CancelWager(REF)))
    (at_ns,) = [at for at, event in responses[REF] if isinstance(event, WagerCancelled)]
    assert at_ns == ns(9)
