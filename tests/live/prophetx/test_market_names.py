"""The exchange's names of markets: which are followed, ignored, or invalid for their sport."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from live.decode import read
from live.decode_errors import DecodeErrors
from live.prophetx.market_data.market_names import market_kind
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.wire.markets import WireEvent, WireMarket
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.market_types import MarketKind, MarketType, Period, Team

GAME = 77


@pytest.mark.parametrize(
    ("template", "type_", "sub_type", "kind"),
    [
        (219, "moneyline", "moneyline", MarketKind(MarketType.MONEYLINE)),
        (66, "spread", "first_half_spread", MarketKind(MarketType.SPREAD, Period.FIRST_HALF)),
        (68, "total", "", MarketKind(MarketType.TOTAL, Period.FIRST_HALF)),
        (86, "moneyline", None, MarketKind(MarketType.MONEYLINE, Period.SECOND_HALF)),
        (256, "spread", None, MarketKind(MarketType.SPREAD)),
        (1, "total", "third_quarter_total", MarketKind(MarketType.TOTAL, Period.THIRD_QUARTER)),
        (
            *(1, "total", "first_five_innings_away_team_total"),
            MarketKind(MarketType.TEAM_TOTAL, Period.FIRST_FIVE_INNINGS, Team.AWAY),
        ),
        (1, "total", "player_total_hits", None),
        (1, "moneyline", "moneyline_3_way", None),
        (1, "sup_moneyline", None, None),
        (1, "total", "first_quarter_moneyline", None),
    ],
)
def test_a_market_is_known_by_its_sub_type_and_else_by_its_template(
    template: int, type_: str, sub_type: str | None, kind: MarketKind | None
) -> None:
    """The exchange's names decide the kind of a market; an unknown name is not guessed."""
    assert market_kind(template, type_, sub_type) == kind


class MarketTape:
    """The tape of one game, written from the exchange's markets."""

    def __init__(self, writer: TapeWriter) -> None:
        """Follow every period."""
        self.decode_errors = DecodeErrors()
        self._writer = writer
        everything = MarketFilter(list(MarketType), (), list(Period))
        self._rows = MarketRows(writer, self.decode_errors, everything)

    def show(self, sport: str, *sub_types: str) -> list[str]:
        """Show totals of a game of a sport; return the periods that are then on the tape."""
        sides = [{"id": 1, "name": "H", "side": "home"}, {"id": 2, "name": "A", "side": "away"}]
        event = {
            "event_id": GAME,
            "competitors": sides,
            "scheduled": "2027-01-01T00:00:00Z",
            "status": "not_started",
            "sport_name": sport,
        }
        self._rows.write_event(read(WireEvent, json.dumps(event).encode(), "event"))
        markets = [
            {"id": number, "type": "total", "sub_type": sub_type, "status": "active"}
            for number, sub_type in enumerate(sub_types, 1)
        ]
        shapes = [read(WireMarket, json.dumps(each).encode(), "market") for each in markets]
        self._rows.write_markets(GAME, shapes)
        return [market.period for market in self._writer.info.markets]


@pytest.fixture
def market_tape(tmp_path: Path) -> Iterator[MarketTape]:
    """Return an empty market tape, which is deleted afterwards."""
    writer = TapeWriter(tmp_path / "tape", source="test", simulated=True, clocks=Clocks.ONE)
    writer.begin_message(1, 1)
    yield MarketTape(writer)
    writer.abandon()


def test_an_inning_of_a_basketball_game_is_skipped(market_tape: MarketTape) -> None:
    """It is counted as unreadable, with period and sport, and not written; the rest is."""
    shown = market_tape.show("Basketball", "first_inning_total", "first_quarter_total", "total")
    assert shown == [Period.FIRST_QUARTER, Period.GAME]
    assert dict(market_tape.decode_errors.counts) == {
        "market: is on the first inning, which Basketball does not have": 1
    }


def test_a_quarter_of_ice_hockey_is_skipped(market_tape: MarketTape) -> None:
    """A fourth one is unreadable; a fifth one is no period of any sport, and ignored."""
    shown = market_tape.show(
        "Ice Hockey", "fourth_quarter_total", "fifth_quarter_total", "third_period_total"
    )
    assert shown == [Period.THIRD_PERIOD]
    assert dict(market_tape.decode_errors.counts) == {
        "market: is on the fourth quarter, which Ice Hockey does not have": 1
    }


def test_every_period_of_an_unknown_sport_is_written(market_tape: MarketTape) -> None:
    """For an unknown sport, the exchange's name of the period is accepted."""
    assert market_tape.show("Softball", "first_inning_total") == [Period.FIRST_INNING]
    assert not market_tape.decode_errors.total
