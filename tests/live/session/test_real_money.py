"""The conditions of real money: each missing one is a line with its remedy."""

import asyncio
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from conf.compose import build_parts
from conf.rehearsed_digests import configuration_digest, version_digest
from live.session.admission.real_money import RealMoney, ask_nobody
from live.session.admission.rehearsal_record import digests_of, find_record, write_record
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.risk.limits import Limits
from tests.event_loops import JumpingLoop, run_jumping
from tests.fixture_types import Compose
from tests.live.endpoints import REAL

DAY_NS = 86_400 * NS_PER_SECOND
BALANCE_CENTS = 123_456
WORDS = {
    "PROPHETX_ARMED": "real money",
    "PROPHETX_MAX_STAKE_PER_WAGER": "50",
    "PROPHETX_MAX_TOTAL_EXPOSURE": "1000",
    "PROPHETX_MAX_DAILY_LOSS": "200",
}


@pytest.fixture(scope="module")
def configuration(compose_settings: Compose) -> str:
    """Return the configuration of a live session."""
    return saved(compose_settings, "mode=live", "session.name=first", "prophet=production")


def saved(compose_settings: Compose, *words: str) -> str:
    """Return a configuration as a session saves it."""
    return OmegaConf.to_yaml(compose_settings("+experiment=nba", *words), resolve=True)


@pytest.fixture
def limits(compose_settings: Compose) -> Limits:
    """Return the standard limits."""
    limits: Limits = build_parts(compose_settings("mode=live"))["risk"]
    return limits


def conditions(configuration: str, folder: Path, **words: str) -> RealMoney:
    """Return the conditions of an account with a folder, given an operator's words."""
    environ = WORDS | {"XDG_STATE_HOME": str(folder)} | words
    return RealMoney(REAL.venue, environ, configuration, folder)


# The rehearsal -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_rehearsal_is_of_the_configuration_that_trades(compose_settings: Compose) -> None:
    """Exchange, name, seed and mode differ in a rehearsal and in check; nothing else may."""
    trade = saved(compose_settings, "mode=live", "session.name=first", "prophet=production")
    same = [
        saved(compose_settings, "mode=rehearse", "seed=3", "sandbox.speed=20"),
        saved(compose_settings, "mode=check", "prophet=production"),
    ]
    assert {configuration_digest(each) for each in same} == {configuration_digest(trade)}
    for changed in ("risk.max_daily_loss=1", "strategy.spread_margin=0.4", "fees=none"):
        other = saved(compose_settings, "mode=live", changed)
        assert configuration_digest(other) != configuration_digest(trade)


def test_the_version_includes_a_strategy_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed module that the configuration names is another version."""
    module = tmp_path / "my_own_idea.py"
    module.write_text("first = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    configuration = "strategy:\n  _target_: my_own_idea.Idea\n"
    first = version_digest(configuration)
    assert version_digest(configuration) == first
    assert version_digest("strategy: {}") != first
    module.write_text("second = 2\n", encoding="utf-8")
    assert version_digest(configuration) != first


def test_a_passed_rehearsal_counts_for_two_weeks(configuration: str, tmp_path: Path) -> None:
    """Before, after, for another configuration or another version there is a line with a remedy."""
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    now_ns = WallClock().wall_ns()
    with pytest.raises(ConfigError, match=r"rehearsal: none of this .* python -m live rehearse"):
        find_record(configuration, now_ns, environ)
    path = write_record(digests_of(configuration), now_ns, Path("page.md"), environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_record(configuration, now_ns + 14 * DAY_NS, environ).page == "page.md"
    with pytest.raises(ConfigError, match="passed 15 days ago"):
        find_record(configuration, now_ns + 15 * DAY_NS, environ)
    with pytest.raises(ConfigError, match="none of this configuration"):
        find_record(configuration.replace("in_play: false", "in_play: true"), now_ns, environ)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(version_digest(configuration), "0"), encoding="utf-8")
    with pytest.raises(ConfigError, match="another version"):
        find_record(configuration, now_ns, environ)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        find_record(configuration, now_ns, environ)


# Ceilings ------------------------------------------------------------------------------------


def test_the_first_session_trades_under_a_tenth(
    configuration: str, tmp_path: Path, limits: Limits
) -> None:
    """Until a session has ended with nothing open, every ceiling is a tenth of itself."""
    money = conditions(configuration, tmp_path)
    first = money.admit(limits)
    assert first.max_stake_cents == 500
    assert first.max_total_exposure_cents == 10_000
    assert first.max_daily_loss_cents == 2_000
    money.completed()
    later = conditions(configuration, tmp_path).admit(limits)
    assert later.max_stake_cents == 5_000
    assert later.max_daily_loss_cents == 20_000


def test_a_tenth_below_the_smallest_stake_is_refused(
    configuration: str, tmp_path: Path, limits: Limits
) -> None:
    """Ceilings under which nothing can be quoted are named, with the amounts."""
    money = conditions(configuration, tmp_path, PROPHETX_MAX_STAKE_PER_WAGER="5")
    with pytest.raises(ConfigError, match=r"PROPHETX_MAX_STAKE_PER_WAGER.*first session"):
        money.admit(replace(limits, min_stake_cents=100))


# The balance ---------------------------------------------------------------------------------


def confirm(money: RealMoney, answer: str | None, *, stopped: bool = False) -> None:
    """Confirm the balance with an answer at the terminal; raise what that raises."""

    async def ask(question: str) -> str | None:
        assert "REAL MONEY" in question
        assert "$1,234.56" in question
        if stopped:
            await asyncio.Event().wait()
        return answer

    async def run(_: JumpingLoop) -> None:
        stop = asyncio.Event()
        if stopped:
            stop.set()
        await money.confirm(BALANCE_CENTS, ask_nobody if answer is None else ask, stop)

    run_jumping(run)


@pytest.mark.parametrize("answer", ["1234.56", "$1,234.56", " 1234.56\n"])
def test_the_operator_types_the_balance(configuration: str, tmp_path: Path, answer: str) -> None:
    """The amount is read as people write it."""
    confirm(conditions(configuration, tmp_path), answer)


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("1234.55", r"'1234.55' is not what the account holds, \$1,234.56"),
        ("yes", "no amount of dollars"),
        ("", "no amount of dollars"),
        (None, "PROPHETX_CONFIRMED_BALANCE"),
    ],
)
def test_another_answer_is_refused(
    configuration: str, tmp_path: Path, answer: str | None, named: str
) -> None:
    """A wrong amount, a word, or nobody at the terminal: the session does not begin."""
    with pytest.raises(ConfigError, match=named):
        confirm(conditions(configuration, tmp_path), answer)


def test_a_stop_ends_the_question(configuration: str, tmp_path: Path) -> None:
    """Ctrl-C while the question stands begins nothing."""
    with pytest.raises(ConfigError, match="nobody confirmed"):
        confirm(conditions(configuration, tmp_path), "1234.56", stopped=True)


@pytest.mark.parametrize(
    ("confirmed", "named"),
    [("1234.56", None), ("1034.56", None), ("1434.57", "further"), ("much", "no amount")],
)
def test_a_service_confirms_by_a_variable(
    configuration: str, tmp_path: Path, confirmed: str, named: str | None
) -> None:
    """It is started again by nobody: what a day may lose is within what was confirmed."""
    money = conditions(configuration, tmp_path, PROPHETX_CONFIRMED_BALANCE=confirmed)
    if named is None:
        confirm(money, None)
        return
    with pytest.raises(ConfigError, match=rf"PROPHETX_CONFIRMED_BALANCE.*{named}"):
        confirm(money, None)


def findings(money: RealMoney, limits: Limits) -> Mapping[str, str]:
    """Return the conditions with their states; one that is not met says so."""
    conditions = list(money.conditions(limits, BALANCE_CENTS))
    assert all(each.is_met is not each.text.startswith("NOT MET: ") for each in conditions)
    return {each.name: each.text for each in conditions}


def test_check_shows_which_conditions_are_met(
    configuration: str, tmp_path: Path, limits: Limits
) -> None:
    """Each condition is met, or says what is missing."""
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    bare = findings(RealMoney(REAL.venue, environ, configuration, tmp_path), limits)
    assert bare["ceilings"].startswith("NOT MET: real money is traded only with PROPHETX_ARMED")
    assert bare["rehearsal"].startswith("NOT MET: rehearsal: none")
    write_record(digests_of(configuration), WallClock().wall_ns(), Path("page.md"), environ)
    met = findings(conditions(configuration, tmp_path), limits)
    assert met["ceilings"].startswith("armed; stake $5.00")
    assert "a tenth" in met["ceilings"]
    assert met["rehearsal"] == "passed 0 days ago, at most 14 are valid"
    assert met["balance"] == "trade asks for it: $1,234.56"
