"""The same wagers on a recording of the market, under a queue model instead of the true queue."""

from collections.abc import Iterator, Sequence
from functools import partial

from recordings.reader import Tape
from recordings.tape import Kind
from recordings.tape_columns import tape_columns
from sim.crowd.activity_rates import NS_PER_MS
from sim.crowd.calibration.shadow_wagers import STAKE_CENTS, ShadowFill, ShadowWager
from sim.engine.exchange_rows import ExchangeRow, exchange_rows
from sim.engine.latency import NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_connection import Inbox
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import QueueModel
from sim.exchange.tape_replayer import TapeReplayer
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event, WagerInvalid, WagerMatched, WagerRejected
from strategies.trading.model.ids import WagerRef
from strategies.trading.ports.schedule import Priority

BALANCE_CENTS = 1_000_000_000
# Wagers open at once and can be cancelled at any time, as shadow wagers do. A crowd's trade and the
# decrease that it causes are at most 30 ms apart; a run that follows such a recording pairs them
# within this time.
UNDELAYED_RULES = ExchangeRules(
    in_play_delay_ns=0,
    retry_window_ns=0,
    requests_per_second=1_000_000,
    trade_pairing_ns=100 * NS_PER_MS,
)


def outcomes_under(
    queue: QueueModel,
    tape: Tape,
    shadows: Sequence[ShadowWager],
    rules: ExchangeRules = UNDELAYED_RULES,
) -> list[ShadowFill | None]:
    """Return what is matched of each wager on a recording, None for one that is refused.

    It is refused where it would match at once: the recorded book lags the true one a little.
    """
    return _Replay(queue, tape, shadows, rules).run()


class _Replay:
    """One pass over a recording, in which wagers are placed and cancelled at their times."""

    def __init__(
        self,
        queue: QueueModel,
        tape: Tape,
        shadows: Sequence[ShadowWager],
        rules: ExchangeRules,
    ) -> None:
        self._shadows = {WagerRef(str(number)): each for number, each in enumerate(shadows)}
        self._lines = tape.info.lines
        self._env = ReplayEnvironment(_rows_without_delays(tape))
        fees = Commission(rate_percent=0)
        self._exchange = SimulatedProphet(self._env, tape.info, NoDelay(), queue, fees, rules)
        publisher = Publisher(self._env, Inbox(self._env), NoDelay(), tape.info.clocks, ())
        replayer = TapeReplayer(self._env, tape.info, self._exchange, publisher)
        self._env.replay_to(replayer.apply_row)
        self._account = self._exchange.open_account("shadow", BALANCE_CENTS, self._on_events)
        self._outcomes: dict[WagerRef, ShadowFill | None] = {}

    def run(self) -> list[ShadowFill | None]:
        for ref, shadow in self._shadows.items():
            # Ahead of the rows with the stamp of that time.
            for at_ns, act in ((shadow.joins_ns, self._place), (shadow.ends_ns, self._cancel)):
                self._env.schedule_call(at_ns - 1, Priority.EXCHANGE, partial(act, ref))
        self._env.run(until=self._env.rows_ended)
        return [self._outcomes[ref] for ref in self._shadows]

    def _place(self, ref: WagerRef) -> None:
        shadow = self._shadows[ref]
        self._outcomes[ref] = ShadowFill(0, None)
        line_id = self._lines[shadow.line].line_id
        request = PlaceWager(ref, line_id, shadow.odds, STAKE_CENTS, Intent.ADD_ONLY)
        (response,) = self._exchange.place(self._account, [request])
        if isinstance(response, WagerRejected):
            self._outcomes[ref] = None

    def _cancel(self, ref: WagerRef) -> None:
        if ref in self._account.live:
            self._exchange.cancel(self._account, [ref])

    def _on_events(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerInvalid):
                self._outcomes[event.ref] = None
            elif isinstance(event, WagerMatched):
                before = self._outcomes[event.ref]
                first_ns = before.filled_ns if before else None
                filled = event.total_cents / STAKE_CENTS
                self._outcomes[event.ref] = ShadowFill(filled, first_ns or self._env.now_ns)


def _rows_without_delays(tape: Tape) -> Iterator[ExchangeRow]:
    """Yield the rows of a recording but those that delay placements in-play."""
    return (row for row in exchange_rows(tape_columns(tape)) if row[3] != Kind.IN_PLAY_DELAY)
