"""Lines for the person who runs a session, which can never stop what the session does."""

from live.session.gateway import Notify


class Announcer:
    """Passes each line to every receiver; it never raises.

    A receiver may fail: its terminal is gone, its disk is full, its pipe has no reader. The others
    receive the line, and once what failed; wagers are cancelled in any case.
    """

    def __init__(self, *receivers: Notify) -> None:
        """Pass lines to these receivers."""
        self._receivers = receivers
        self._failing: set[int] = set()

    def __call__(self, line: str) -> None:
        """Pass on a line."""
        for place, receiver in enumerate(self._receivers):
            try:
                receiver(line)
            except Exception as error:
                self._report_once(place, error)

    def _report_once(self, failed: int, error: Exception) -> None:
        if failed in self._failing:
            return
        self._failing.add(failed)
        self(f"lines are lost: {type(error).__name__}: {error}; the session goes on")
