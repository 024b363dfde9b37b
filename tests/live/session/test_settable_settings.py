"""Settings that a person may change: within the ceilings, and as far as they still fit."""

import asyncio
from collections.abc import Callable

import pytest
from omegaconf import OmegaConf

from conf.compose import build_parts
from conf.configuration_difference import differing_settings
from live.session.admission.guard import Ceilings
from live.session.control.settable_settings import SettableParts, SettableSettings
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import SettingsChanged
from strategies.trading.model.settings import SettingValue
from tests.fixture_types import Compose

CEILINGS = Ceilings(
    max_stake_cents=500, max_total_exposure_cents=10_000, max_daily_loss_cents=2_000
)

Make = Callable[..., SettableSettings]


@pytest.fixture
def make(compose_settings: Compose) -> Make:
    """Return a function that builds the settings of a session with real money."""

    def settings(*words: str, reread: tuple[str, ...] = ()) -> SettableSettings:
        def parts(*given: str) -> SettableParts:
            composed = compose_settings("mode=live", *given)
            built = build_parts(composed)
            configuration = OmegaConf.to_yaml(composed, resolve=True)
            return SettableParts(built["risk"], built["strategy"], built["wagers"], configuration)

        first = parts(*words)
        first = first._replace(limits=CEILINGS.clamp(first.limits))
        return SettableSettings(first, CEILINGS.clamp, lambda: parts(*reread))

    return settings


@pytest.mark.parametrize(
    ("name", "value", "ceiling"),
    [
        ("max_stake_per_wager", 6, "5.0"),
        ("max_position_size", 101, "100.0"),
        ("max_market_exposure", 101, "100.0"),
        ("max_event_exposure", 101, "100.0"),
        ("max_total_exposure", 101, "100.0"),
        ("max_daily_loss", 21, "20.0"),
        ("max_daily_loss", 0, "20.0"),
    ],
)
def test_no_word_exceeds_a_ceiling(
    make: Make, name: str, value: SettingValue, ceiling: str
) -> None:
    """The refusal names the setting and the ceiling; nothing changes."""
    settings = make()
    with pytest.raises(ConfigError) as refused:
        settings.changed({f"risk.{name}": value}, "me")
    assert f"risk.{name}: " in str(refused.value)
    assert str(refused.value).endswith(f"beyond the operator's ceiling of this session, {ceiling}")
    assert settings.present == SettingsChanged({}, {})


def test_a_value_below_the_ceiling_is_taken(make: Make) -> None:
    """Several names are taken together, beside what was changed before."""
    settings = make()
    settings.present = settings.changed({"risk.max_stake_per_wager": 4}, "me")
    event = settings.changed({"strategy.spread_margin": 0.01}, "you")
    assert event.values == {"risk.max_stake_per_wager": 4, "strategy.spread_margin": 0.01}


def test_what_is_read_again_is_held_to_the_ceilings(make: Make) -> None:
    """Differences from the start replace what was set, no limit above its ceiling."""
    settings = make(reread=("risk.max_stake_per_wager=50", "strategy.spread_margin=0.03"))
    settings.present = settings.changed({"risk.max_concurrent_wagers": 3}, "me")
    event = asyncio.run(settings.reloaded("me"))
    assert event == SettingsChanged({}, {"strategy.spread_margin": 0.03}, "me")


def test_another_strategy_is_not_read_again(make: Make) -> None:
    """It changes at a start only, and neither do its numbers."""
    settings = make(reread=("strategy=at_the_touch",))
    with pytest.raises(ConfigError, match="names another strategy"):
        asyncio.run(settings.reloaded("me"))


def test_tolerances_of_wagers_are_set_and_read_again(make: Make) -> None:
    """They change nothing that a start must set up."""
    settings = make(reread=("wagers.odds_tolerance_rungs=3",))
    event = settings.changed({"wagers.stake_tolerance_percent": 5}, "me")
    assert event.values == {"wagers.stake_tolerance_percent": 5}
    assert asyncio.run(settings.reloaded("me")).values == {"wagers.odds_tolerance_rungs": 3}
    with pytest.raises(ConfigError, match=r"wagers.odds_tolerance_rungs: -1 is not"):
        settings.changed({"wagers.odds_tolerance_rungs": -1}, "me")


def test_what_changes_at_a_start_only_is_not_set(make: Make) -> None:
    """The refusal says so, and what to do; a mistyped name gets the nearest one."""
    settings = make()
    for name, refusal in {
        "pricing.name": "changes at a start only; end the session and start it with the new value",
        "controls.mine": "changes at a start only",
        "pricings.name": "no such setting",
        "wager.odds_tolerance_rungs": "did you mean wagers.odds_tolerance_rungs?",
    }.items():
        with pytest.raises(ConfigError) as refused:
            settings.changed({name: 1}, "me")
        assert str(refused.value).startswith(f"{name}: ")
        assert refusal in str(refused.value)


def test_nothing_is_read_again_where_a_start_is_needed(make: Make) -> None:
    """No part of the configuration is silently left as it was: the reload is refused, by name."""
    settings = make(reread=("risk.max_concurrent_wagers=3", "pricing=power"))
    with pytest.raises(ConfigError, match=r"reload: pricing\..* nothing was done"):
        asyncio.run(settings.reloaded("me"))


def test_settings_that_differ_are_named() -> None:
    """Settings inside of parts, those that one side lacks, and of `run` its own alone."""
    before = "{risk: {a: 1}, fees: {rate: 2, of: [1]}, run: {seconds: 1, gateway: {fees: 2}}}"
    after = "{risk: {a: 2}, fees: {rate: 3, of: [1]}, run: {seconds: 2, gateway: {fees: 3}}, b: 1}"
    differing = ["fees.rate", "run.seconds", "b"]
    assert differing_settings(before, after, without=("risk",)) == differing
    assert differing_settings(after, after, without=()) == []


def test_what_no_longer_fits_is_left_out_and_named(make: Make) -> None:
    """A setting of another strategy, and one above a ceiling of today, do not stop a start."""
    settings = make()
    earlier = SettingsChanged(
        {"strategy.skew": 0.1, "risk.max_stake_per_wager": 9, "risk.max_concurrent_wagers": 3},
        {},
        "me",
    )
    event, refused = settings.kept(earlier)
    assert event.values == {"risk.max_concurrent_wagers": 3}
    assert [line.partition(" ")[0] for line in refused] == [
        "strategy.skew=0.1",
        "risk.max_stake_per_wager=9",
    ]
