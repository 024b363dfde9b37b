"""Real money: only armed, and under the operator's ceilings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from live.session.admission.guard import Ceilings, admit_trading, ceilings_of
from strategies.trading.model.errors import ConfigError, CredentialsError
from strategies.trading.risk.limits import Limits, RiskSettings
from tests.live.endpoints import LOCAL, REAL

WORDS = {
    "PROPHETX_ARMED": "real money",
    "PROPHETX_MAX_STAKE_PER_WAGER": "5",
    "PROPHETX_MAX_TOTAL_EXPOSURE": "100.50",
    "PROPHETX_MAX_DAILY_LOSS": "20",
}
CEILINGS = Ceilings(500, 10_050, 2_000)


@pytest.fixture
def limits() -> Limits:
    """Return generous limits."""
    return RiskSettings(
        min_stake=1,
        max_stake_per_wager=50,
        max_position_size=400,
        max_market_exposure=500,
        max_event_exposure=600,
        max_total_exposure=1000,
        max_concurrent_wagers=40,
        max_daily_loss=10,
        day_starts="06:00 America/New_York",
        stop_loss_percentage=10,
        shortest_odds=-1000,
        longest_odds=1000,
        max_feed_age_seconds=10,
        max_commands_per_second=20,
        max_rejections_in_row=10,
        rejections_within_seconds=60,
        in_play=False,
        stop_before_start_seconds=120,
        exposure_credit=True,
        max_open_stake_times_cash=8,
        max_price_deviation_percent=7.5,
        max_mispriced_in_row=20,
    ).build()


def test_play_money_is_traded_as_configured(limits: Limits) -> None:
    """A sandbox needs no arming, and its limits stay."""
    assert admit_trading(LOCAL.venue, {}, limits) is limits


def test_real_money_is_traded_under_the_ceilings(limits: Limits) -> None:
    """The production host needs the arming word, and gets no more than the ceilings."""
    with pytest.raises(ConfigError, match="PROPHETX_ARMED"):
        admit_trading(REAL.venue, {}, limits)
    assert admit_trading(REAL.venue, WORDS, limits).max_stake_cents == 500


def test_no_limit_on_the_daily_loss_becomes_the_ceiling(limits: Limits) -> None:
    """Zero is no limit in the configuration, and must not pass for a loss below the ceiling."""
    unlimited = replace(limits, max_daily_loss_cents=0)
    assert ceilings_of(WORDS).clamp(unlimited).max_daily_loss_cents == 2_000
    with pytest.raises(ConfigError, match="PROPHETX_MAX_DAILY_LOSS"):
        ceilings_of(WORDS | {"PROPHETX_MAX_DAILY_LOSS": "0"})


def test_ceilings_lower_configured_limits(limits: Limits) -> None:
    """Limits above a ceiling are lowered to it; those below stay."""
    clamped = ceilings_of(WORDS).clamp(limits)
    assert clamped.max_stake_cents == 500
    assert clamped.max_total_exposure_cents == 10_050
    assert clamped.max_event_exposure_cents == 10_050
    assert clamped.max_market_exposure_cents == 10_050
    assert clamped.max_position_cents == 10_050
    assert clamped.max_daily_loss_cents == 1_000
    assert clamped.max_concurrent_wagers == 40


def test_a_ceiling_holds_where_no_limit_is_configured(limits: Limits) -> None:
    """A largest loss of zero sets no limit; the ceiling still does."""
    unlimited = replace(limits, max_daily_loss_cents=0)
    assert ceilings_of(WORDS).clamp(unlimited).max_daily_loss_cents == 2_000


@pytest.mark.parametrize("name", WORDS)
def test_every_arming_variable_is_required(name: str) -> None:
    """Without the arming word, or any one ceiling, no real money; the variable is named."""
    with pytest.raises(ConfigError, match=name):
        ceilings_of({key: value for key, value in WORDS.items() if key != name})


@pytest.mark.parametrize("word", ["yes", "REAL MONEY", "", "true"])
def test_only_the_arming_word_arms(word: str) -> None:
    """Nothing but the exact words arms."""
    with pytest.raises(ConfigError, match="PROPHETX_ARMED"):
        ceilings_of(WORDS | {"PROPHETX_ARMED": word})


@pytest.mark.parametrize("dollars", ["lots", "-5", "0", "1.005", "nan", "inf"])
def test_an_invalid_ceiling_is_refused(dollars: str) -> None:
    """A ceiling that is no amount of dollars and cents is refused by name."""
    with pytest.raises(ConfigError, match="PROPHETX_MAX_DAILY_LOSS"):
        ceilings_of(WORDS | {"PROPHETX_MAX_DAILY_LOSS": dollars})


def test_the_environment_overrides_the_operators_file(tmp_path: Path) -> None:
    """Variables may be in a file that only its owner can read; the environment comes first."""
    path = tmp_path / "operator.json"
    path.write_text(json.dumps(WORDS), encoding="utf-8")
    path.chmod(0o600)
    named = {"PROPHETX_OPERATOR_FILE": str(path)}
    assert ceilings_of(named) == CEILINGS
    assert ceilings_of(named | {"PROPHETX_MAX_STAKE_PER_WAGER": "1"}).max_stake_cents == 100
    path.chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod 600"):
        ceilings_of(named)
    path.chmod(0o600)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"operator\.json"):
        ceilings_of(named)
    with pytest.raises(ConfigError, match="PROPHETX_ARMED"):
        ceilings_of({"PROPHETX_OPERATOR_FILE": ""})
