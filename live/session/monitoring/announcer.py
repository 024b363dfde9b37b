"""Lines for the person who runs a session, which can never stop what the session does."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from live.session.alerts.alert import Alert, AlertLevel
from live.session.gateway import Notify

_LEVELS = {
    AlertLevel.INFO: logging.INFO,
    AlertLevel.WARNING: logging.WARNING,
    AlertLevel.CRITICAL: logging.CRITICAL,
}


class Announcer:
    """Passes each line to every receiver; it never raises.

    A receiver may fail: its terminal is gone, its disk is full, its pipe has no reader. The others
    receive the line, and once what failed; wagers are cancelled in any case. An alert is a line
    that goes to persons who are elsewhere as well, by `send`.
    """

    def __init__(
        self,
        *receivers: Notify,
        send: Callable[[Alert], None] | None = None,
        logs: Sequence[Callable[[str, int], None]] = (),
    ) -> None:
        """Pass lines to these receivers, with their level to `logs`, and alerts to `send`."""
        self._receivers = receivers
        self._logs = logs
        self._send = send
        self._failing: set[object] = set()

    def __call__(self, line: str, level: int = logging.INFO) -> None:
        """Pass on a line, with a level of the module `logging`."""
        for receiver in self._receivers:
            self._guarded(receiver, partial(receiver, line))
        for log in self._logs:
            self._guarded(log, partial(log, line, level))

    def alert(self, alert: Alert) -> None:
        """Pass on an alert, and its text as a line."""
        self(alert.text, _LEVELS[alert.level])
        self.send(alert)

    def send(self, alert: Alert) -> None:
        """Pass on an alert of which a line says the same already."""
        if self._send is not None:
            self._guarded(self._send, partial(self._send, alert))

    def _guarded(self, receiver: object, call: Callable[[], None]) -> None:
        """Make a call to a receiver; what it raises is one line for all the others."""
        try:
            call()
        except Exception as error:
            if receiver not in self._failing:
                self._failing.add(receiver)
                self(f"lines are lost: {type(error).__name__}: {error}; the session goes on")
