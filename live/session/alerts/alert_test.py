"""The verb `alert-test`: one message to each receiver, to see whether it arrives."""

import asyncio

from live.session.alerts.alert import AlertLevel
from live.session.alerts.alert_connection import AlertConnection, AlertConnectionLostError
from live.session.alerts.alert_messages import Send, TargetRefused
from live.session.alerts.alert_settings import AlertSettings
from strategies.trading.model.errors import ConfigError

_TITLE = "prophet-sim: test (info)"
_BODY = "alert-test: alerts of sessions with these settings arrive here"


class AlertTest:
    """Sends a test message by the settings of a session."""

    def __init__(self, *, alert: AlertSettings) -> None:
        """Prepare; nothing is sent before `run`."""
        self._settings = alert

    async def run(self) -> list[tuple[str, str]]:
        """Return each receiver, masked, with the problem, empty if it took the message.

        Raise ConfigError without a receiver, and if a URL is wrong.
        """
        if not self._settings.urls:
            message = "alert.urls: none; give one, as in alert.urls=[json://127.0.0.1:8080]"
            raise ConfigError(message)
        connection = await AlertConnection.start(self._settings.urls)
        names = self._settings.names()
        try:
            answer = await connection.first_answer()
            if isinstance(answer, TargetRefused):
                name = f"alert.urls[{answer.target}] ({names[answer.target]})"
                message = f"{name}: {answer.reason}"
                raise ConfigError(message)
            receiving = asyncio.create_task(connection.run())
            sends = [_problem(connection, target) for target in range(len(names))]
            problems = await asyncio.gather(*sends)
            receiving.cancel()
            return list(zip(names, problems, strict=True))
        finally:
            connection.close()


async def _problem(connection: AlertConnection, target: int) -> str:
    try:
        return await connection.send(Send(target, 0, AlertLevel.INFO, _TITLE, _BODY))
    except AlertConnectionLostError:
        return "the process that sends ended"
