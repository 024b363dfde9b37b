"""Fair prices over a recording, by which fills are valued that no desk has seen."""

from pathlib import Path

import pytest

from recordings.reader import Tape
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from sim.compare.outcomes import outcome_of
from sim.compare.price_track import PriceTrack
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import EVEN
from strategies.trading.model.units import NS_PER_SECOND

GAME, MONEYLINE = EventId("g1"), MarketId("219")
HOME, AWAY = LineId("home"), LineId("away")
BEGIN_NS = 1_790_000_000 * NS_PER_SECOND


@pytest.fixture
def prices(tmp_path: Path) -> PriceTrack:
    """Return the prices of a moneyline: even from 10 s on, 60 % from 100 s on, none after 200 s."""
    with TapeWriter(tmp_path / "tape", source="test", simulated=True, clocks=Clocks.ONE) as tape:
        tape.add_event(SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", BEGIN_NS))
        tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        home, away = (
            tape.add_line(Line(line, GAME, MONEYLINE, Selection(line), 0.0))
            for line in (HOME, AWAY)
        )
        for second, offers in (
            (10, ((home, -110, 500), (away, -110, 500))),
            (100, ((home, -110, 0), (away, -110, 0), (home, -160, 500), (away, 140, 500))),
            (200, ((away, 140, 0),)),
        ):
            now_ns = BEGIN_NS + second * NS_PER_SECOND
            tape.begin_message(now_ns, now_ns)
            for line, odds, cents in offers:
                tape.offer(line, odds, cents)
    return PriceTrack(Tape(tmp_path / "tape"))


def test_a_price_is_the_last_middle_of_the_touch(prices: PriceTrack) -> None:
    """None before the first, and the last one that there was once a side is missing."""
    at = [prices.fair(HOME, BEGIN_NS + second * NS_PER_SECOND) for second in (5, 50, 150, 500)]
    middle = 0.5 + (160 / 260 - 100 / 240) / 2
    assert at == [None, 0.5, pytest.approx(middle), pytest.approx(middle)]
    assert prices.fair(AWAY, BEGIN_NS + 150 * NS_PER_SECOND) == pytest.approx(1 - middle)


def test_a_fill_is_worth_the_price_a_minute_later(prices: PriceTrack) -> None:
    """$10 at even money, filled at 41 s: a payout of $20 at the price of 101 s, less its stake."""
    ref = WagerRef("first-1-1")
    request = PlaceWager(ref, HOME, EVEN, 1_000, Intent.REST)
    at_ns = BEGIN_NS + 41 * NS_PER_SECOND
    updates = [(at_ns, WagerMatched(ref, EVEN, 1_000, 1_000, 1_000))]
    outcome = outcome_of(request, BEGIN_NS, updates, prices)
    middle = 0.5 + (160 / 260 - 100 / 240) / 2
    assert (outcome.payout_cents, outcome.value_cents) == (2_000, round(middle * 2_000) - 1_000)
    early = [(BEGIN_NS - 90 * NS_PER_SECOND, updates[0][1])]
    without = outcome_of(request, BEGIN_NS, early, prices)
    assert (without.matched_cents, without.payout_cents) == (1_000, 0)
