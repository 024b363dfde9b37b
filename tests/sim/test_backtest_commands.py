"""The commands of a backtest: when they are sent, within which limits, and without look-ahead."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_parts
from recordings.reader import open_recording
from recordings.tape import Row
from sim.backtest import Backtest, Pass
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.cancels import CancelResponse
from sim.exchange.participant import Participant
from sim.exchange.prophet import PlaceResponse, SimulatedProphet
from sim.exchange.queue_models import Back
from sim.sources.market_source import Progress
from sim.sources.recorded_source import RecordedSource
from sim.sources.source_tape import SourceTape
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.ids import MarketKey, WagerRef
from tests.conftest import FinishedRun
from tests.sim.shipped_rows import copy_of

pytestmark = pytest.mark.slow  # whole runs of the shipped recording
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Sent:
    """A command as it reached the exchange: when, what, on which line, at which odds and stake."""

    ns: int
    what: str
    line_id: str = ""
    odds: int = 0
    stake_cents: int = 0


class CommandRecordingProphet(SimulatedProphet):
    """The exchange, which records every command on arrival."""

    def __init__(self, sent: list[Sent], **parts: Any) -> None:
        """Build the exchange, with the list to record to."""
        super().__init__(**parts)
        self._sent = sent

    def place(
        self, participant: Participant, requests: Sequence[PlaceWager]
    ) -> list[PlaceResponse]:
        """Record placed wagers."""
        now_ns = self._scheduler.now_ns
        self._sent += [Sent(now_ns, r.ref, r.line_id, r.odds, r.stake_cents) for r in requests]
        return super().place(participant, requests)

    def cancel(self, participant: Participant, refs: Sequence[WagerRef]) -> list[CancelResponse]:
        """Record cancels."""
        self._sent += [Sent(self._scheduler.now_ns, f"cancel {ref}") for ref in refs]
        return super().cancel(participant, refs)

    def cancel_all(self, participant: Participant, *scope: Any) -> str | None:
        """Record a mass cancel."""
        self._sent.append(Sent(self._scheduler.now_ns, "cancel all"))
        return super().cancel_all(participant, *scope)


@pytest.fixture(scope="session")
def play(compose_settings: Callable[..., Any]) -> Callable[..., tuple[Pass, list[Sent]]]:
    """Return the function from settings to one pass over the tape, with every command."""

    def played(*settings: str) -> tuple[Pass, list[Sent]]:
        parts = build_parts(compose_settings(*settings))
        sent: list[Sent] = []
        parts["exchange"] = partial(CommandRecordingProphet, sent, **parts["exchange"].keywords)
        make = parts.pop("run")
        taken = signature(Backtest).parameters
        backtest: Backtest = make(**{name: parts[name] for name in taken if name in parts})
        return backtest.run_pass(backtest.queue()), sent

    return played


@pytest.fixture(scope="session")
def nba_pass(play: Callable[..., tuple[Pass, list[Sent]]]) -> tuple[Pass, list[Sent]]:
    """Return one pass of the main command over its tape, with every command."""
    return play("+experiment=nba")


@pytest.fixture(scope="session")
def cut_ns(nba_rows: list[Row], nba_pass: tuple[Pass, list[Sent]]) -> int:
    """Return a time at which two thirds of the commands were sent."""
    sent = nba_pass[1]
    assert len(sent) > 100
    return sent[len(sent) * 2 // 3].ns


def before(sent: list[Sent], ns: int) -> list[Sent]:
    """Return what was sent before a time."""
    return [command for command in sent if command.ns < ns]


def test_recording_a_run_changes_no_decision(
    nba_run: FinishedRun, nba_pass: tuple[Pass, list[Sent]]
) -> None:
    """Writing tables and sampling prices changes no decision: the digest is the same without."""
    assert nba_pass[0].journal.digest.hexdigest() == nba_run.summary["digest"]
    assert nba_run.summary["profit_cents"] == nba_pass[0].desk.ledger.profit_cents


def test_recording_changes_no_decision_with_a_refresh_of_zero(
    run_in: Callable[..., Any],
    play: Callable[..., tuple[Pass, list[Sent]]],
    tmp_path: Path,
    small_tape: Path,
) -> None:
    """The same holds for a desk that decides whenever the market changes."""
    eager = (f"recording.path={small_tape}", "strategy.quote_refresh_seconds=0")
    chosen, _ = play(*eager)
    assert chosen.wagers.fills
    assert run_in(tmp_path, *eager).summary["digest"] == chosen.journal.digest.hexdigest()


def test_another_seed_gives_another_run(
    play: Callable[..., tuple[Pass, list[Sent]]],
    nba_pass: tuple[Pass, list[Sent]],
    quoted_tape: str,
) -> None:
    """Latencies are drawn from the seed: with another one, commands come at other times."""
    other, _ = play("+experiment=nba", quoted_tape, "seed=8")
    assert other.journal.digest.hexdigest() != nba_pass[0].journal.digest.hexdigest()


def test_tight_limits_bind(play: Callable[..., tuple[Pass, list[Sent]]], quoted_tape: str) -> None:
    """Limits below the strategy's quotes are kept, and denials are counted."""
    limits = ("risk.max_stake_per_wager=20", "risk.max_total_exposure=30")
    chosen, sent = play("+experiment=nba", quoted_tape, *limits)
    assert 0 < max(command.stake_cents for command in sent) <= 2_000
    exposure = chosen.desk.exposure
    # The sum over pairs counts outcomes that exclude each other; the limit is on the joint figure.
    assert exposure.max_total_cents > 0
    assert exposure.joint_total_cents() <= 3_000
    assert {"stake", "exposure"} <= set(chosen.journal.counts.denials)


def test_nothing_is_quoted_close_to_the_start_or_in_play(
    nba_run: FinishedRun, nba_pass: tuple[Pass, list[Sent]]
) -> None:
    """From two minutes before the start no wager is sent, and none then rests for long."""
    (event,) = nba_run.summary["events"]
    last_ns = event["scheduled_ns"] - 120 * SECOND_NS
    assert event["live_ns"] > last_ns
    placed = [sent for sent in nba_pass[1] if sent.line_id]
    assert placed
    assert max(sent.ns for sent in placed) < last_ns
    quotes = nba_run.table("quotes").to_dicts()
    late = [row for row in quotes if row["ns"] >= last_ns]
    assert [row for row in late if row["first_odds"] or row["second_odds"]] == []
    ended = nba_run.table("wagers")["ended_ns"]
    assert ended.null_count() == 0
    assert ended.max() < last_ns + 10 * SECOND_NS


def test_the_in_play_experiment_quotes_in_play(
    play: Callable[..., tuple[Pass, list[Sent]]],
    nba_run: FinishedRun,
    nba_rows: list[Row],
    tmp_path: Path,
) -> None:
    """The in-play experiment sends wagers during the game too, and some of them are matched."""
    live_ns = nba_run.summary["events"][0]["live_ns"]
    quarter = [row for row in nba_rows if row.exchange_ns < live_ns + 900 * SECOND_NS]
    copy = copy_of(open_recording("nba"), quarter, tmp_path / "copy")
    chosen, sent = play("+experiment=nba_in_play", f"recording.path={copy}")
    assert len([command for command in sent if command.line_id and command.ns > live_ns]) > 20
    assert len(chosen.wagers.fills) > nba_run.summary["fills"]


def test_a_copy_of_a_tape_gives_the_same_commands(
    nba_pass: tuple[Pass, list[Sent]],
    play: Callable[..., tuple[Pass, list[Sent]]],
    quoted_tape: str,
) -> None:
    """The rows of a tape until the game, written again, give the same commands to the last one."""
    assert play("+experiment=nba", quoted_tape)[1] == nba_pass[1]


def test_no_command_depends_on_later_rows(
    nba_rows: list[Row],
    nba_pass: tuple[Pass, list[Sent]],
    play: Callable[..., tuple[Pass, list[Sent]]],
    cut_ns: int,
    tmp_path: Path,
) -> None:
    """A tape that ends in the middle gives the same commands up to its end as the whole tape."""
    known = [row for row in nba_rows if row.exchange_ns < cut_ns]
    copy = copy_of(open_recording("nba"), known, tmp_path / "copy")
    _, sent = play("+experiment=nba", f"recording.path={copy}")
    assert before(sent, cut_ns) == before(nba_pass[1], cut_ns)
    assert sent != nba_pass[1]


def test_the_desk_receives_a_row_at_its_arrival_time(
    quoted_rows: list[Row],
    nba_pass: tuple[Pass, list[Sent]],
    play: Callable[..., tuple[Pass, list[Sent]]],
    cut_ns: int,
    tmp_path: Path,
) -> None:
    """Where rows arrive four seconds later, the desk decides otherwise, but not before."""
    late_ns = 4 * SECOND_NS
    late = [
        row._replace(received_ns=row.received_ns + late_ns) if row.received_ns >= cut_ns else row
        for row in quoted_rows
    ]
    copy = copy_of(open_recording("nba"), late, tmp_path / "copy")
    _, sent = play("+experiment=nba", f"recording.path={copy}")
    assert before(sent, cut_ns) == before(nba_pass[1], cut_ns)
    assert sent != nba_pass[1]


class EveryRow(RecordedSource):
    """A recording that leaves out nothing."""

    def environment(
        self,
        label: str,
        show: Progress,
        market_keys: Collection[MarketKey] | None = None,  # noqa: ARG002
    ) -> ReplayEnvironment:
        """Return an environment that replays every row."""
        return super().environment(label, show)


def test_markets_that_nobody_follows_change_nothing(
    build_backtest: Callable[..., Backtest],
) -> None:
    """A pass without their rows gives the same commands, account and market data."""
    settings = ("+experiment=nba_in_play", "markets=moneyline")
    without, complete = build_backtest(*settings), build_backtest(*settings)
    complete.feed = EveryRow([SourceTape(open_recording("nba"), "nba")], "nba")
    some, every = without.run_pass(Back()), complete.run_pass(Back())
    assert some.journal.digest.hexdigest() == every.journal.digest.hexdigest()
    assert some.journal.digest.commands > 1_000
    assert some.desk.ledger.balance_cents == every.desk.ledger.balance_cents
    assert some.desk.decisions == every.desk.decisions
