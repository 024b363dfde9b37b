"""When fills within a minute are more than usual."""

from live.session.alerts.fill_rates import FillRates
from strategies.trading.model.units import NS_PER_SECOND

PLAY = frozenset({True})


def alerts_of(fills: list[int], least: int | None) -> list[tuple[int, str]]:
    """Return the minutes and texts of alerts, with these numbers of fills in minutes of play."""
    rates, found = FillRates(least, 0), []
    for second in range(0, 60 * len(fills), 15):
        if second % 60 == 15:
            for _ in range(fills[second // 60]):
                rates.note(second * NS_PER_SECOND, in_play=True)
        found += [(second // 60, text) for text in rates.look(second * NS_PER_SECOND, PLAY)]
    return found


def test_a_minute_beyond_the_usual_is_found_once() -> None:
    """Five times the mean of the minutes before is the bound, if that is more than the setting."""
    usual = [10] * 20
    assert alerts_of([*usual, 49, 49, 10], 30) == []
    ((minute, text),) = alerts_of([*usual, 60, 10, 10], 30)
    assert (minute, text) == (
        20, "60 fills within a minute in play, more than 52; 10.4 are usual"
    )  # fmt: skip


def test_few_fills_are_permitted_however_few_are_usual() -> None:
    """In a quiet session the setting alone is the bound."""
    quiet = [0] * 60
    assert alerts_of([*quiet, 30], 30) == []
    assert [minute for minute, _ in alerts_of([*quiet, 31, 0, 0, 31], 30)] == [60, 63]
    assert alerts_of([*quiet, 500], None) == []


def test_what_is_usual_before_games_is_not_in_play() -> None:
    """Each has a mean of its own, over the time with wagers open there."""
    rates = FillRates(2, 0)
    for minute in range(10):
        for _ in range(9):
            rates.note(minute * 60 * NS_PER_SECOND, in_play=False)
        assert minute == 0 or not [*rates.look(minute * 60 * NS_PER_SECOND, frozenset({False}))]
    for _ in range(3):
        rates.note(600 * NS_PER_SECOND, in_play=True)
    (text,) = rates.look(600 * NS_PER_SECOND, frozenset({False, True}))
    assert text == "3 fills within a minute in play, more than 2; 0.0 are usual"
