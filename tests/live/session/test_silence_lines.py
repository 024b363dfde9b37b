"""Lines on silences: when they are printed, and how few they are."""

from live.session.monitoring.silence_lines import SilenceLines
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.ids import EventId, MarketId, MarketKey
from strategies.trading.model.market import Line, Market, SportEvent
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import Decision

GAME = EventId("1")
# 00:15 UTC.
START_NS = 900 * NS_PER_SECOND


def lines_of(markets: int) -> SilenceLines:
    """Return lines on a number of markets of one game, all of which are quoted."""
    event = SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)
    kinds = [MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL]
    named = [
        Market(GAME, MarketId(str(number)), kinds[number % 3], f"M{number}")
        for number in range(markets)
    ]
    no_lines: list[Line] = []
    lines = SilenceLines(Catalogue([event], named, no_lines))
    for number in range(markets):
        decide(lines, number, 0, "")
    return lines


def decide(lines: SilenceLines, market: int, seconds: int, silence: str) -> None:
    """Let the desk decide on a market."""
    key = MarketKey(GAME, MarketId(str(market)))
    lines.note(START_NS + seconds * NS_PER_SECOND, Decision(key, (), (), silence))


def at(lines: SilenceLines, seconds: int) -> list[str]:
    """Return the lines that are printed at a time."""
    return lines.lines(START_NS + seconds * NS_PER_SECOND)


def test_a_market_that_stops_being_quoted_has_a_line_and_another_when_it_is_again() -> None:
    """The line says since when and by which limit; it is printed once."""
    lines = lines_of(1)
    decide(lines, 0, 10, "position: nothing fits")
    assert at(lines, 14) == []
    assert at(lines, 15) == [
        "not quoted since 00:15:10 UTC: A at H (moneyline): position: nothing fits"
    ]
    assert at(lines, 16) == []
    decide(lines, 0, 20, "")
    assert at(lines, 20) == ["quoted again: A at H (moneyline); silent since 00:15:10 UTC"]
    assert at(lines, 21) == []


def test_ordinary_refreshes_have_no_lines() -> None:
    """A market that is quoted again within seconds is not worth a line, however often."""
    lines = lines_of(1)
    for second in range(0, 600, 2):
        decide(lines, 0, second, "the strategy quotes nothing")
        assert at(lines, second) == []
        decide(lines, 0, second + 1, "")
        assert at(lines, second + 1) == []


def test_markets_that_fall_silent_together_share_a_line() -> None:
    """A halt of many markets is one line, which names some of them."""
    lines = lines_of(30)
    for market in range(30):
        decide(lines, market, 1, "halted: drift: a cent")
    (line,) = at(lines, 10)
    assert line == (
        "not quoted since 00:15:01 UTC: A at H (moneyline, spread, total) and 27 more markets: "
        "halted: drift: a cent"
    )
    for market in range(30):
        decide(lines, market, 20, "")
    (line,) = at(lines, 20)
    assert line.startswith("quoted again: A at H (moneyline, spread, total) and 27 more markets; ")
