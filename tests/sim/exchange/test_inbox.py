"""The inbox: what a desk receives, and when."""

from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine.replay_environment import ReplayEnvironment
from sim.engine.virtual_clock import VirtualClock
from sim.exchange.exchange_connection import Inbox
from strategies.trading.model.events import Event, FeedLost, OfferChanged, WagerOpened
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from strategies.trading.ports.schedule import Priority


class Desk:
    """Records what it receives, and when it is asked to decide."""

    def __init__(self, wake_on_every_change: bool = False) -> None:
        """Connect to an inbox of its own."""
        self.env = ReplayEnvironment()
        self.inbox = Inbox(self.env)
        self.clock = VirtualClock(self.env, self.inbox.drain)
        self.seen: list[tuple[int, Event | str]] = []
        self.inbox.connect(
            lambda event, at_ns: self.seen.append((at_ns, event)),
            lambda now_ns: self.seen.append((now_ns, "act")),
            wake_on_every_change,
        )

    def at(
        self, when_ns: int, call: Callable[[], None], priority: Priority = Priority.EXCHANGE
    ) -> None:
        """Schedule a call."""
        self.env.schedule_call(when_ns, priority, call)

    def publish(self, now_ns: int, arrival_ns: int, number: int, wake: bool = False) -> None:
        """Publish a numbered message at a time."""
        self.at(now_ns, lambda: self.inbox.publish(arrival_ns, offer(number), wake))


def offer(number: int) -> OfferChanged:
    """Return a public message that differs from the others."""
    return OfferChanged(LineId("home"), Odds(100), number)


def test_market_data_has_its_arrival_time_though_the_desk_decides_later() -> None:
    """Messages are queued until the desk is woken, and delivered with their arrival times."""
    desk = Desk()
    desk.publish(0, 10, 1)
    desk.publish(1, 20, 2)
    desk.publish(2, 30, 3, wake=True)
    desk.env.run()
    assert desk.seen == [(10, offer(1)), (20, offer(2)), (30, offer(3)), (30, "act")]


def test_market_data_never_overtakes() -> None:
    """A message that took less time than the one ahead arrives with it, not before."""
    desk = Desk()
    desk.publish(0, 50, 1)
    desk.publish(1, 20, 2, wake=True)
    desk.env.run()
    assert desk.seen == [(50, offer(1)), (50, offer(2)), (50, "act")]


def test_a_timer_runs_after_what_arrived_before_it_but_not_at_its_instant() -> None:
    """At one instant timers come before the feed."""
    desk = Desk()
    desk.publish(0, 10, 1)
    desk.publish(0, 20, 2)
    desk.clock.call_at(20, lambda: desk.seen.append((20, "timer")))
    desk.at(30, lambda: desk.inbox.drain(30))
    desk.env.run()
    assert desk.seen == [(10, offer(1)), (20, "timer"), (20, offer(2))]


def test_responses_that_arrive_together_precede_the_feed_of_that_instant() -> None:
    """The desk decides once on responses that arrive in one message."""
    desk = Desk()
    desk.publish(0, 10, 1)
    desk.publish(0, 20, 2, wake=True)
    responses = [WagerOpened(WagerRef("a")), WagerOpened(WagerRef("b"))]
    desk.at(20, lambda: desk.inbox.deliver(responses), Priority.DESK)
    desk.env.run()
    expected = [(10, offer(1)), (20, responses[0]), (20, responses[1]), (20, "act")]
    assert desk.seen == [*expected, (20, offer(2)), (20, "act")]


def test_a_desk_that_wants_every_change_is_woken_once_an_instant() -> None:
    """Messages that arrive together are one reason to decide."""
    desk = Desk(wake_on_every_change=True)
    desk.publish(0, 10, 1)
    desk.publish(0, 10, 2)
    desk.publish(0, 20, 3)
    desk.env.run()
    assert [what for _, what in desk.seen] == [offer(1), offer(2), "act", offer(3), "act"]


def test_messages_do_not_pile_up_when_the_desk_never_decides() -> None:
    """Messages are delivered in time even if nothing wakes the desk."""
    desk = Desk()

    def publish_many() -> None:
        for _ in range(70_000):
            desk.inbox.publish(5, FeedLost(), False)

    desk.at(10, publish_many)
    desk.env.run()
    assert len(desk.seen) > 65_000


@given(
    messages=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20), st.booleans()), max_size=25),
    timers=st.lists(st.integers(0, 60), max_size=5),
)
@settings(max_examples=100, deadline=None)
def test_late_delivery_is_the_same_as_delivery_at_once(
    messages: list[tuple[int, int, bool]], timers: list[int]
) -> None:
    """A desk woken at every arrival receives the same in the same order, at the same times."""
    received, decided = [], []
    for wake_always in (False, True):
        desk = Desk(wake_always)
        now_ns = 0
        for number, (after, latency, wake) in enumerate(messages):
            now_ns += after
            desk.publish(now_ns, now_ns + latency, number, wake)
        for when_ns in timers:
            desk.clock.call_at(when_ns, partial(desk.seen.append, (0, "timer")))
        desk.env.run()
        desk.inbox.drain(10_000)
        received.append([seen for seen in desk.seen if seen[1] != "act"])
        decided.append([seen for seen in desk.seen if seen[1] == "act"])
    assert received[0] == received[1]
    assert set(decided[0]) <= set(decided[1])
