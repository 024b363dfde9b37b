"""The drills of a rehearsal: wagers that must be refused, and the kill switch."""

import asyncio
from functools import partial

from live.prophetx.orders.order_history import OrderHistory, is_open
from live.session.session_run import StartedRun
from live.wall_clock import WallClock
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ExchangeError
from strategies.trading.model.events import TradingState, TradingStateSet
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.odds import EVEN, Odds, implied_probability
from strategies.trading.risk.controls import ODDS, PRICE_SANITY, STAKE, TRADING_STATE
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager import Wager

_POLL_SECONDS = 0.02
_AGAIN_SECONDS = 0.25
_REF = WagerRef("rehearsal-never-sent")
# No American odds lie between -100 and +100.
_NO_ODDS = Odds(50)
# Rungs of the ladder, of which one is far from the price of any wager.
_LONG, _SHORT = Odds(400), Odds(-400)

OFF_THE_LADDER = "odds off the ladder"
TOO_LONG = "odds beyond risk.longest_odds"
FAR_OFF = "price far from the market"
TOO_LARGE = "stake above risk.max_stake_per_wager"
WHILE_HALTED = "a wager of a halted desk"
_WHILE_TRADING = (OFF_THE_LADDER, TOO_LONG, FAR_OFF, TOO_LARGE)


class SanityChecks:
    """Wagers that no desk may send, given to the risk manager that admits those that are sent.

    `refused` says of each, by name, whether it was refused for what is wrong with it. Nothing is
    sent: they are only checked.
    """

    def __init__(self, run: StartedRun, limits: Limits, clock: WallClock) -> None:
        """Check with the risk manager of a desk."""
        self._risk = run.desk.risk
        self._wagers = run.desk.wagers
        self._limits = limits
        self._clock = clock
        self.refused = dict.fromkeys((*_WHILE_TRADING, WHILE_HALTED), False)

    async def run(self) -> None:
        """Check each wager beside one that rests, until all were refused."""
        while not all(self.refused[name] for name in _WHILE_TRADING):
            self._clock.enter(partial(self._check_all, await self.resting()))
            await asyncio.sleep(_AGAIN_SECONDS)

    async def resting(self) -> Wager:
        """Return a wager once one is pending or open."""
        while (wager := next(iter(self._wagers.live()), None)) is None:
            await asyncio.sleep(_POLL_SECONDS)
        return wager

    def _check_all(self, resting: Wager) -> None:
        odds, stake_cents = resting.odds, resting.stake_cents
        too_long = Odds(self._limits.longest_odds + 1)
        self._check(OFF_THE_LADDER, ODDS, resting, _NO_ODDS, stake_cents)
        self._check(TOO_LONG, ODDS, resting, too_long, stake_cents)
        far = _SHORT if implied_probability(odds) < implied_probability(EVEN) else _LONG
        self._check(FAR_OFF, PRICE_SANITY, resting, far, stake_cents)
        self._check(TOO_LARGE, STAKE, resting, odds, self._limits.max_stake_cents + 1)

    def check_halted(self, resting: Wager) -> None:
        """Check that a desk that was halted just now sends nothing more; inside the clock."""
        self._check(WHILE_HALTED, TRADING_STATE, resting, resting.odds, resting.stake_cents)

    def _check(self, name: str, control: str, resting: Wager, odds: Odds, stake_cents: int) -> None:
        wager = PlaceWager(_REF, resting.line_id, odds, stake_cents, Intent.ADD_ONLY)
        denial = self._risk.admit(wager, self._clock.now_ns())
        self.refused[name] |= denial is not None and denial.control == control


class KillSwitch:
    """Halts a desk, and measures the time until nothing of it is open at the exchange.

    `seconds` is real time, None until a drill ended.
    """

    def __init__(
        self, run: StartedRun, checks: SanityChecks, history: OrderHistory, clock: WallClock
    ) -> None:
        """Halt the desk of a start; `history` knows what is open at the exchange."""
        self._run = run
        self._checks = checks
        self._history = history
        self._clock = clock
        self.seconds: float | None = None

    async def drill(self) -> None:
        """Halt while wagers rest, wait until the book is empty, and let the desk trade again."""
        loop = asyncio.get_running_loop()
        resting = await self._checks.resting()
        began = loop.time()
        self._clock.enter(partial(self._halt, resting))
        while self._run.desk.wagers.live_count or await self._is_anything_open():
            await asyncio.sleep(_POLL_SECONDS)
        self.seconds = loop.time() - began
        self._clock.enter(partial(self._set, TradingState.ACTIVE, "rehearsal: the drill ended"))

    async def _is_anything_open(self) -> bool:
        try:
            return any(is_open(order) for order in await self._history.unfinished())
        except ExchangeError:
            return True

    def _halt(self, resting: Wager) -> None:
        self._set(TradingState.HALTED, "rehearsal: kill switch drill")
        self._checks.check_halted(resting)

    def _set(self, state: TradingState, reason: str) -> None:
        now_ns = self._clock.now_ns()
        self._run.listener.take(TradingStateSet(state, reason), now_ns)
        self._run.listener.act(now_ns)
