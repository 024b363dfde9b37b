"""Which markets a session follows."""

import pytest

from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.setting_reader import read_settings


def chosen(catalogue: Catalogue, types: list[str], *tournaments: str) -> list[tuple[str, str]]:
    """Return the markets that a filter chooses."""
    keys = MarketFilter([MarketType(name) for name in types], tournaments).choose(catalogue)
    return [(key.event_id, key.market_id) for key in keys]


def test_markets_are_chosen_by_type_in_every_tournament(catalogue: Catalogue) -> None:
    """Without a tournament, every market of the named types is followed."""
    assert chosen(catalogue, ["moneyline"]) == [("g1", "219"), ("g2", "219")]
    assert chosen(catalogue, ["total", "spread"]) == [("g1", "223"), ("g1", "225")]


def test_a_tournament_narrows_the_choice(catalogue: Catalogue) -> None:
    """With tournaments, only their events are followed, by exact name."""
    assert chosen(catalogue, ["moneyline"], "WNBA") == [("g2", "219")]
    assert chosen(catalogue, ["moneyline"], "NBA", "WNBA") == [("g1", "219"), ("g2", "219")]


def test_a_filter_that_matches_nothing_lists_what_exists(catalogue: Catalogue) -> None:
    """A filter that matches no market is refused, and the message names what is on offer."""
    with pytest.raises(ConfigError, match="moneyline, spread, total of NBA, WNBA"):
        chosen(catalogue, ["total"], "WNBA")


@pytest.mark.parametrize("types", [[], ["moneylines"], ["moneyline", "props"]])
def test_an_unknown_market_type_is_refused(types: list[str]) -> None:
    """A mistyped market type is refused before anything runs, and the real ones are named."""
    with pytest.raises(ConfigError, match=r"markets\.types: .*moneyline, spread, total"):
        read_settings("markets", MarketFilter, {"types": types, "tournaments": []})
