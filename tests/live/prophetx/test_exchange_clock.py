"""The exchange's own time, and the refusal of a clock that is not the exchange's."""

from dataclasses import replace
from email.utils import formatdate

import pytest

from live.prophetx.rest.exchange_clock import ExchangeClock
from live.wall_clock import WallClock
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND
from tests.live.endpoints import LOCAL, REAL

AT_SPEED_1 = replace(LOCAL, speed=1)


def at(clock: WallClock, ahead_seconds: int) -> str:
    """Return the date of a response that is ahead of a clock."""
    return formatdate(clock.wall_ns() // NS_PER_SECOND + ahead_seconds, usegmt=True)


def test_a_sandbox_of_another_speed_is_refused_with_the_remedy() -> None:
    """The line names the setting and the value to use."""
    clock = WallClock(speed=1)
    exchange_clock = ExchangeClock(AT_SPEED_1, clock)
    exchange_clock.note({"Date": at(clock, 86_400), "X-Sandbox-Speed": "60"})
    with pytest.raises(ConfigError, match=r"use sandbox\.speed=60$"):
        exchange_clock.require_same()


@pytest.mark.parametrize("ahead_seconds", [-45, 45])
def test_a_wrong_clock_of_this_machine_is_refused(ahead_seconds: int) -> None:
    """The line shows both times, and how ours is set."""
    clock = WallClock(speed=1)
    exchange_clock = ExchangeClock(REAL, clock)
    exchange_clock.note({"Date": at(clock, ahead_seconds)})
    with pytest.raises(ConfigError, match=r"the clock of this machine shows .* \(timedatectl"):
        exchange_clock.require_same()


_NO_DATES = ("noon", "", "Mon, 01 Jan 99999999999 00:00:00 GMT")


@pytest.mark.parametrize("header", [{}, *({"Date": date} for date in _NO_DATES)])
def test_a_response_without_a_date_proves_nothing(header: dict[str, str]) -> None:
    """Nothing is refused, and our own clock is believed."""
    clock = WallClock(speed=1)
    exchange_clock = ExchangeClock(REAL, clock)
    exchange_clock.note(header)
    exchange_clock.require_same()
    assert abs(exchange_clock.seconds() - clock.wall_ns() // NS_PER_SECOND) <= 1


def test_the_exchanges_time_is_that_of_its_responses() -> None:
    """Whatever our own clock shows."""
    clock = WallClock(speed=1)
    exchange_clock = ExchangeClock(REAL, clock)
    exchange_clock.note({"Date": "Sun, 29 Nov 2026 12:00:00 GMT"})
    assert 0 <= exchange_clock.seconds() - 1_795_953_600 <= 5
