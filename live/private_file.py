"""Files with secrets or ceilings, which only their owner may read or change."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from strategies.trading.model.errors import CredentialsError


def require_private(path: Path) -> None:
    """Raise CredentialsError unless a file exists and only its owner, us, can read it."""
    try:
        status = path.stat()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise CredentialsError(message) from None
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        message = f"{path}: others own it or can read it; run chmod 600 on it"
        raise CredentialsError(message)


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return where what outlives a session is kept: under XDG_STATE_HOME, or ~/.local/state."""
    configured = environ.get("XDG_STATE_HOME", "")
    home = Path(environ.get("HOME") or Path.home())
    return (Path(configured) if configured else home / ".local" / "state") / "prophet-sim"
