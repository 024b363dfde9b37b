"""Silences: when a market that was quoted is not, until when, and why."""

from strategies.trading.markets.silences import Silence, Silences
from strategies.trading.model.ids import EventId, MarketId, MarketKey

KEY = MarketKey(EventId("1"), MarketId("2"))
FULL = "position: nothing fits: the line is at risk.max_position_size, $10.00"


def test_a_silence_lasts_until_the_next_quote() -> None:
    """It begins when nothing is quoted any more, and ends with the next quote."""
    silences = Silences()
    assert silences.apply(1, KEY, "market suspended") is None
    assert silences.current() == []
    assert silences.apply(2, KEY, "") is None
    assert silences.apply(3, KEY, FULL) is None
    assert silences.current() == [Silence(KEY, 3, None, FULL)]
    assert silences.apply(5, KEY, "") == Silence(KEY, 3, 5, FULL)
    assert silences.current() == []


def test_another_reason_is_another_silence() -> None:
    """Other figures of one reason are not another reason; another name is."""
    silences = Silences()
    silences.apply(1, KEY, "")
    silences.apply(2, KEY, "exposure: $1.00")
    assert silences.apply(3, KEY, "exposure: $2.00") is None
    assert silences.apply(4, KEY, "feed lost") == Silence(KEY, 2, 4, "exposure: $1.00")
    assert silences.current() == [Silence(KEY, 4, None, "feed lost")]
