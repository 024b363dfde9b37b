"""How wagers of earlier runs change the money available to stake."""

from strategies.trading.accounting.commission import Commission
from strategies.trading.accounting.earlier_balance import available_change_cents
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import (
    MarketSettled,
    ProfitCorrected,
    TradeBroken,
    WagerMatched,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds

GAME, MONEYLINE = EventId("1"), MarketId("219")
HOME, AWAY = LineId("h"), LineId("a")
REF = WagerRef("first-1-1")
CATALOGUE = Catalogue(
    [SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)],
    [Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")],
    [
        Line(HOME, GAME, MONEYLINE, Selection.HOME, 0.0),
        Line(AWAY, GAME, MONEYLINE, Selection.AWAY, 0.0),
    ],
)
WON = MarketSettled(MarketKey(GAME, MONEYLINE), ((HOME, Result.WON), (AWAY, Result.LOST)), 1)


def wager_matched_in_part() -> EarlierWager:
    """Return a wager of ten dollars at even money, six of them matched."""
    request = PlaceWager(REF, HOME, Odds(100), 1_000, Intent.REST)
    return EarlierWager(request, 0, [(1, WagerMatched(REF, Odds(100), 600, 600, 600))])


def test_a_matched_stake_is_not_available() -> None:
    """Matched stake counts in full, whether the journal recorded it or it was matched since."""
    wager, fees = wager_matched_in_part(), Commission(0)
    assert available_change_cents(CATALOGUE, fees, [wager], []) == -600
    more = WagerMatched(REF, Odds(100), 400, 400, 1_000)
    assert available_change_cents(CATALOGUE, fees, [wager], [more]) == -1_000


def test_a_later_result_pays_out() -> None:
    """A market settled after the journal ended adds its winnings, net of commission."""
    wager = wager_matched_in_part()
    assert available_change_cents(CATALOGUE, Commission(0), [wager], [WON]) == 600
    assert available_change_cents(CATALOGUE, Commission(2), [wager], [WON]) == 588


def test_a_corrected_profit_changes_the_payout() -> None:
    """A profit correction changes what the result pays out, and no stake."""
    corrected = ProfitCorrected(REF, -6)
    wager, fees = wager_matched_in_part(), Commission(0)
    assert available_change_cents(CATALOGUE, fees, [wager], [corrected]) == -600
    assert available_change_cents(CATALOGUE, fees, [wager], [corrected, WON]) == 594


def test_a_broken_trade_returns_its_stake() -> None:
    """Broken before its market was settled or after, it wins and loses nothing."""
    wager, fees, broken = wager_matched_in_part(), Commission(0), TradeBroken(REF, 600, 600)
    assert available_change_cents(CATALOGUE, fees, [wager], [broken]) == 0
    assert available_change_cents(CATALOGUE, fees, [wager], [WON, broken]) == 0
    wager.updates.append((2, broken))
    assert (wager.matched_cents, wager.open_cents) == (0, 400)
