"""Where a running session answers: the socket in its folder, and the form of an answer.

Below `sim` and `live`: a session is controlled through it, and a backtest can be watched.
"""

import msgspec

SOCKET_NAME = "control.sock"


class ControlResponse(msgspec.Struct, frozen=True):
    """The lines that answer a request; `refused` if nothing was done."""

    lines: list[str]
    refused: bool = False
