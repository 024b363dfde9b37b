"""Lines for the person who runs a session, which can never stop what the session does."""

from collections.abc import Callable

from live.session.alerts.alert import Alert
from live.session.gateway import Notify


class Announcer:
    """Passes each line to every receiver; it never raises.

    A receiver may fail: its terminal is gone, its disk is full, its pipe has no reader. The others
    receive the line, and once what failed; wagers are cancelled in any case. An alert is a line
    that goes to persons who are elsewhere as well, by `send`.
    """

    def __init__(self, *receivers: Notify, send: Callable[[Alert], None] | None = None) -> None:
        """Pass lines to these receivers, and alerts to `send` too."""
        self._receivers = receivers
        self._send = send
        self._failing: set[int] = set()

    def __call__(self, line: str) -> None:
        """Pass on a line."""
        for place, receiver in enumerate(self._receivers):
            try:
                receiver(line)
            except Exception as error:
                self._report_once(place, error)

    def alert(self, alert: Alert) -> None:
        """Pass on an alert, and its text as a line."""
        self(alert.text)
        self.send(alert)

    def send(self, alert: Alert) -> None:
        """Pass on an alert of which a line says the same already."""
        if self._send is None:
            return
        try:
            self._send(alert)
        except Exception as error:
            self._report_once(len(self._receivers), error)

    def _report_once(self, failed: int, error: Exception) -> None:
        if failed in self._failing:
            return
        self._failing.add(failed)
        self(f"lines are lost: {type(error).__name__}: {error}; the session goes on")
