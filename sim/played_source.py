"""A source played to its end by a desk, whose books then agree with the exchange's."""

from simpy import Event

from sim.engine.garbage import rare_collections
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_connection import ExchangeConnection
from sim.exchange.participant import Participant
from sim.sources.market_source import SourceRun
from strategies.trading.desk.desk import Desk
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import RUN_ENDED
from strategies.trading.model.money import dollars_text
from strategies.trading.model.units import NS_PER_SECOND

# After the last row: time for responses that are on the way, then for one account state.
_GRACE_NS = 60 * NS_PER_SECOND
_MOST_GRACES = 20


def play_source(
    env: ReplayEnvironment, connection: ExchangeConnection, desk: Desk, source_run: SourceRun
) -> None:
    """Play a source to its end and close it; an error abandons it."""
    try:
        with rare_collections():
            _play(env, connection, desk, source_run.ended)
        source_run.close()
    except BaseException:
        source_run.abandon()
        raise


def _play(env: ReplayEnvironment, connection: ExchangeConnection, desk: Desk, ended: Event) -> None:
    """Run until the feed has ended, stop the desk, and compare its books with the exchange's."""
    desk.start()
    env.run(until=ended)
    env.run(until=env.now_ns + _GRACE_NS)
    desk.stop(RUN_ENDED)
    for _ in range(_MOST_GRACES):
        env.run(until=env.now_ns + _GRACE_NS)
        if not desk.wagers.live_count:
            break
    connection.ask_state()
    env.run(until=env.now_ns + _GRACE_NS)
    _require_agreement(desk, connection.participant)


def _require_agreement(desk: Desk, account: Participant) -> None:
    """Raise InvariantError unless the desk ends with the exchange's balance and nothing open."""
    ours, theirs = desk.ledger, account.account
    if desk.wagers.live_count or account.live:
        live = counted(desk.wagers.live_count, "open wager")
        message = f"at the end we have {live}, the exchange {len(account.live)}"
        raise InvariantError(message)
    if (ours.balance_cents, ours.available_cents) != (theirs.cash_cents, account.available_cents):
        message = (
            f"at the end we hold {dollars_text(ours.balance_cents)}, "
            f"{dollars_text(ours.available_cents)} available; the exchange "
            f"{dollars_text(theirs.cash_cents)}, {dollars_text(account.available_cents)} available"
        )
        raise InvariantError(message)
