"""The process that sends alerts, so that no network can delay a session.

It is started by a session, connected by standard input, and ends when that does. All that waits is
kept by the session: what was not answered when this process dies is sent again by the next one.
"""

import logging
import os
import signal
import socket
import sys
import threading
from typing import Any, BinaryIO

from live.session.alerts.alert import AlertLevel
from live.session.alerts.alert_messages import (
    AlertTargets,
    FromProcess,
    Send,
    SendResult,
    TargetRefused,
    TargetsReady,
    line_of,
    to_process,
)

_KINDS = {AlertLevel.INFO: "info", AlertLevel.WARNING: "warning", AlertLevel.CRITICAL: "failure"}
# After the session has ended, for what is being sent.
_LAST_SECONDS = 30.0


class AlertSender:
    """Sends alerts by apprise, each in a thread: one receiver that hangs delays no other."""

    def __init__(self, connection: socket.socket) -> None:
        """Answer on a connection."""
        self._connection = connection
        self._lock = threading.Lock()
        self._plugins: list[Any] = []
        self._threads: list[threading.Thread] = []

    def run(self, lines: BinaryIO) -> None:
        """Do what the lines ask for until they end, and wait a short time for what is under way."""
        for line in lines:
            message = to_process(line)
            if isinstance(message, AlertTargets):
                self._answer(self._with_targets(message.urls))
            elif isinstance(message, Send):
                thread = threading.Thread(target=self._send, args=(message,), daemon=True)
                self._threads = [*(each for each in self._threads if each.is_alive()), thread]
                thread.start()
        for thread in self._threads:
            thread.join(_LAST_SECONDS)

    def _with_targets(self, urls: tuple[str, ...]) -> FromProcess:
        """Prepare the receivers of these URLs."""
        try:
            import apprise  # noqa: PLC0415 - an extra
        except ImportError:
            reason = "apprise is missing; install it with pip install 'prophet-sim[alert]'"
            return TargetRefused(-1, reason)
        for target, url in enumerate(urls):
            try:
                plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
            except Exception:  # what a plugin does with a URL is its own; the text may contain it
                plugin = None
            if plugin is None:
                return TargetRefused(target, "apprise knows no such service, or a part is missing")
            self._plugins.append(plugin)
        return TargetsReady()

    def _send(self, message: Send) -> None:
        problem = ""
        try:
            kind = _KINDS[AlertLevel(message.level)]
            plugin = self._plugins[message.target]
            if not plugin.notify(body=message.body, title=message.title, notify_type=kind):
                problem = "not taken, or not reached"
        except Exception as error:
            # Its text may contain the URL.
            problem = type(error).__name__
        self._answer(SendResult(message.target, message.number, problem))

    def _answer(self, message: FromProcess) -> None:
        try:
            with self._lock:
                self._connection.sendall(line_of(message))
        except OSError:
            # The session is gone; so is this process, once its lines end.
            return


def main() -> None:
    """Send alerts for the session that is connected by standard input."""
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    # What apprise logs may contain the URLs.
    logging.disable(logging.CRITICAL)
    connection = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    with connection.makefile("rb") as lines:
        AlertSender(connection).run(lines)
    # Without waiting for what still hangs.
    os._exit(0)


if __name__ == "__main__":
    main()
