"""A user's own controls: asked after the standard ones, and named in the configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.backtest import Backtest
from strategies.trading.model.errors import ConfigError
from strategies.trading.ports.control import Proposal
from strategies.trading.risk.controls import require_controls

MODULE = '''
"""A control from outside the tree."""


class NoLongshots:
    """Denies odds that are longer than the longest permitted."""

    def __init__(self, longest: int = 110) -> None:
        self.longest = longest

    def check(self, proposal):
        odds = proposal.command.odds
        return f"{odds:+d} is longer than {self.longest:+d}" if odds > self.longest else None
'''


class Silent:
    """Lets everything pass."""

    def check(self, proposal: Proposal) -> str | None:  # noqa: ARG002
        """Return no reason."""
        return None


class Wordless:
    """Denies without a reason."""

    def check(self, proposal: Proposal) -> bool:  # noqa: ARG002
        """Return what is no reason."""
        return False


def test_one_line_of_configuration_adds_a_control_from_outside_the_tree(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    build_backtest: Callable[..., Backtest],
    small_tape: Path,
) -> None:
    """A class on PYTHONPATH denies wagers under its name in the configuration."""
    (tmp_path / "controls_from_outside.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = [
        "+controls.no_longshots._target_=controls_from_outside.NoLongshots",
        "+controls.no_longshots.longest=100",
    ]
    backtest = build_backtest(f"recording.path={small_tape}", *own)
    chosen = backtest.run_pass(backtest.queue())
    denied = chosen.journal.counts.denials["no_longshots"]
    plain = build_backtest(f"recording.path={small_tape}")
    usual = plain.run_pass(plain.queue())
    assert denied > 0
    assert 0 < chosen.journal.counts.wagers_placed < usual.journal.counts.wagers_placed


def test_the_standard_controls_are_asked_first(make_harness: Callable[..., Any]) -> None:
    """What a standard control denies never reaches a user's own control."""

    class Unreachable:
        def check(self, proposal: Proposal) -> str | None:
            pytest.fail(f"{proposal.command} was denied already")

    harness = make_harness(max_stake_cents=500, controls={"unreachable": Unreachable()})
    denial = harness.desk.risk.admit(harness.request("home", 100, 501), harness.clock.now_ns())
    assert denial.control == "stake"


def test_a_control_sees_the_desk_before_the_wager(make_harness: Callable[..., Any]) -> None:
    """A proposal counts every open wager, and not the proposed one."""
    seen: list[Proposal] = []

    class Watching:
        def check(self, proposal: Proposal) -> str | None:
            seen.append(proposal)
            return "seen"

    harness = make_harness(balance_cents=10_000, controls={"watching": Watching()})
    harness.register("home", 100, 1_000)
    denial = harness.desk.risk.admit(harness.request("away", 110, 300), harness.clock.now_ns())
    assert (denial.control, denial.reason) == ("watching", "seen")
    (proposal,) = seen
    assert (proposal.side, proposal.pair.second.line_id) == (1, "away")
    assert (proposal.position.open_cents, proposal.live_wagers) == ([1_000, 0], 1)
    assert (proposal.total_exposure_cents, proposal.available_cents) == (1_000, 9_000)
    assert proposal.added_cents == 0


def test_an_invalid_answer_is_refused(make_harness: Callable[..., Any]) -> None:
    """A check that returns neither text nor None stops the run with an error."""
    harness = make_harness(controls={"wordless": Wordless()})
    with pytest.raises(ConfigError, match=r"^controls\.wordless: check returned False; return"):
        harness.desk.risk.admit(harness.request("home", 100, 500), harness.clock.now_ns())


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"stake": Silent()}, "controls.stake: a standard control has this name; choose another"),
        ({"market_open": Silent()}, "controls.market_open: a standard control has this name"),
        ({"mine": 1}, "controls.mine: 1 is no control; give the _target_ of a class"),
        ({"mine": Silent}, "controls.mine: <class"),
        (None, "controls: None is no mapping; write controls.NAME._target_=module.Class"),
    ],
)
def test_an_invalid_control_is_refused_by_name(own: Any, message: str) -> None:
    """A standard name, or an object without a check, is refused before anything runs."""
    with pytest.raises(ConfigError) as refused:
        require_controls(own)
    assert str(refused.value).startswith(message)
