"""What a program needs that draws on a terminal."""

import os
import sys

from strategies.trading.model.errors import ConfigError


def require_terminal(instead: str) -> None:
    """Raise ConfigError where nothing can be drawn and no key be read.

    `instead` says what does without a terminal.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream is not None and stream.isatty() for stream in streams):
        message = f"no terminal: watch needs one for its input and output; {instead}"
        raise ConfigError(message)
    if os.environ.get("TERM", "dumb") == "dumb":
        message = f"TERM: a terminal of that kind cannot be drawn on; set its real one; {instead}"
        raise ConfigError(message)
