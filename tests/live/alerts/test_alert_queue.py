"""What waits for a receiver: bounded, the least important dropped first, and counted."""

from live.session.alerts.alert import Alert, AlertLevel
from live.session.alerts.alert_queue import AlertQueue


def drained(queue: AlertQueue) -> list[str]:
    """Return the texts of a queue in the order in which they are sent."""
    texts = []
    while queue:
        number, alert = queue.first()
        texts.append(alert.text)
        queue.remove(number)
    return texts


def alert(text: str, level: AlertLevel = AlertLevel.INFO) -> Alert:
    """Return an alert."""
    return Alert("kind", level, text)


def test_a_full_queue_drops_the_oldest_of_the_lowest_level_and_counts_it() -> None:
    """A halt stays, however much else comes; an alert that is the only lowest one goes itself."""
    queue = AlertQueue(3)
    queue.add(alert("halt", AlertLevel.CRITICAL))
    for text in ("first", "second", "third", "fourth"):
        queue.add(alert(text))
    assert (len(queue), queue.dropped) == (3, 2)
    assert drained(queue) == ["halt", "third", "fourth"]
    for text in ("one", "two", "three"):
        queue.add(alert(text, AlertLevel.CRITICAL))
    queue.add(alert("lower"))
    assert queue.dropped == 3
    assert drained(queue) == ["one", "two", "three"]


def test_an_alert_that_its_receiver_refuses_blocks_no_other() -> None:
    """What was tried goes behind what was not, whatever its level."""
    queue = AlertQueue(3)
    queue.add(alert("refused", AlertLevel.CRITICAL))
    queue.add(alert("next"))
    number, _ = queue.first()
    queue.tried(number)
    assert drained(queue) == ["next", "refused"]


def test_a_try_of_what_was_dropped_meanwhile_changes_nothing() -> None:
    """An alert may be dropped while it is being sent."""
    queue = AlertQueue(1)
    queue.add(alert("sending"))
    number, _ = queue.first()
    queue.add(alert("newer", AlertLevel.WARNING))
    queue.tried(number)
    queue.remove(number)
    assert drained(queue) == ["newer"]
