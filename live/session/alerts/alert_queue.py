"""Alerts that wait for one receiver, in bounded memory."""

from live.session.alerts.alert import Alert


class AlertQueue:
    """The alerts that one receiver has not got yet, at most a fixed number of them.

    When it is full the oldest alert of the lowest level is dropped, which may be the one that is
    added. `dropped` counts them, until whoever reports the number sets it back.
    """

    def __init__(self, most: int) -> None:
        """Start empty, for at most `most` alerts."""
        self._most = most
        self._tries: dict[int, int] = {}
        self._alerts: dict[int, Alert] = {}
        self._next = 0
        self.dropped = 0

    def __len__(self) -> int:
        """Return how many alerts wait."""
        return len(self._alerts)

    def add(self, alert: Alert) -> None:
        """Add an alert, and drop one if there are too many."""
        self._alerts[self._next] = alert
        self._tries[self._next] = 0
        self._next += 1
        if len(self._alerts) > self._most:
            self.remove(min(self._alerts, key=lambda number: (self._alerts[number].level, number)))
            self.dropped += 1

    def first(self) -> tuple[int, Alert]:
        """Return the number and the alert to try next; the queue is not empty.

        The least tried comes first, so that one which its receiver refuses blocks no other; among
        these the highest level, and of one level the oldest.
        """
        number = min(
            self._alerts, key=lambda each: (self._tries[each], -self._alerts[each].level, each)
        )
        return number, self._alerts[number]

    def tried(self, number: int) -> None:
        """Count a try that failed; the alert may have been dropped meanwhile."""
        if number in self._tries:
            self._tries[number] += 1

    def remove(self, number: int) -> None:
        """Remove an alert, if it still waits."""
        self._alerts.pop(number, None)
        self._tries.pop(number, None)
