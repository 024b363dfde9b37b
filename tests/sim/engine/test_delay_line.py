"""A delay line keeps its messages in order, however long each would take."""

from functools import partial

from sim.engine.delay_line import DelayLine
from sim.engine.latency import Constant
from sim.engine.replay_environment import ReplayEnvironment
from strategies.trading.ports.schedule import Priority


class ListedDelays:
    """Delays given in advance, one per message."""

    def __init__(self, *delays_ns: int) -> None:
        """Use the delays in order."""
        self.delays_ns = list(delays_ns)

    def sample_ns(self) -> int:
        """Return the next of the delays."""
        return self.delays_ns.pop(0)


def test_a_message_never_overtakes_an_earlier_one() -> None:
    """A quick message waits for a slow one that was sent before it."""
    arrived: list[tuple[int, str]] = []
    env = ReplayEnvironment()
    line = DelayLine(env, Priority.EXCHANGE, ListedDelays(50, 10, 45))

    def arrive(name: str) -> None:
        arrived.append((env.now_ns, name))

    for name in ("slow", "quick", "last"):
        line.send(partial(arrive, name))
    env.run()
    assert arrived == [(50, "slow"), (50, "quick"), (50, "last")]


def test_a_message_takes_all_delays_of_the_line_and_its_own() -> None:
    """Delays add up, and the time of arrival is returned to the sender."""
    env = ReplayEnvironment([(100,)])
    line = DelayLine(env, Priority.DESK, Constant(0.000_002), Constant(0.000_003))
    assert line.send(lambda: None) == 105
    assert line.send(lambda: None, extra_ns=20) == 125
