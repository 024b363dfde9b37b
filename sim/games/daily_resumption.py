"""Ends a halt for the loss of a day with that day, as whoever watches a season would."""

from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import TradingState, TradingStateSet
from strategies.trading.ports.clock import Clock
from strategies.trading.risk.trading_day import TradingDays

_DAILY_LOSS = "max_daily_loss:"


class DailyResumption:
    """Lets a desk trade again on the day after one that reached `risk.max_daily_loss`.

    Any other halt stays. `days` is how many such days there were. As after every halt, losses
    count from the equity of that moment on.
    """

    def __init__(self, desk: Desk, clock: Clock, trading_days: TradingDays) -> None:
        """Take a desk whose loss limits have these days; nothing happens before `start`."""
        self.days = 0
        self._desk = desk
        self._clock = clock
        self._trading_days = trading_days

    def start(self) -> None:
        """Look whenever a day turns from now on."""
        self._clock.call_at(self._trading_days.end_ns(self._clock.now_ns()), self._turn)

    def _turn(self) -> None:
        now_ns = self._clock.now_ns()
        if (self._desk.risk.halt_reason or "").startswith(_DAILY_LOSS):
            self.days += 1
            resumed = TradingStateSet(TradingState.ACTIVE, "the trading day turned")
            self._desk.on_event(resumed, now_ns)
        self.start()

    def notes(self) -> list[str]:
        """Return what a reader of the results must know."""
        if not self.days:
            return []
        return [f"risk.max_daily_loss halted the desk on {self.days} days, each until the next one"]
