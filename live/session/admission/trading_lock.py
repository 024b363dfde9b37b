"""The lock that keeps a second session of this machine from trading an account."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from strategies.trading.model.errors import AccountInUseError, TradingError

_NAME = "trading.lock"
_MOST_BYTES = 64_000


class LockHolder(msgspec.Struct, frozen=True):
    """Who holds the lock: a session by name and folder, or its watchdog once it cancels."""

    session: str
    folder: str
    pid: int
    is_watchdog: bool = False

    def __str__(self) -> str:
        """Return the session in words."""
        return f"session {self.session!r} in {self.folder} (process {self.pid})"


class TradingLock:
    """An exclusive lock in an account's private folder, which names its holder to others.

    The lock belongs to the open file: whoever gets a duplicate of the descriptor holds it too, and
    it is free once all of them are closed, however their processes end. So a watchdog holds that
    of its session, and nobody trades the account before it has cancelled what was left open.
    """

    def __init__(self, descriptor: int) -> None:
        """Take an open file with the lock, such as `fileno` of another process."""
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, account: Path, holder: LockHolder) -> Self:
        """Lock an account's folder; raise AccountInUseError, which names the other session."""
        path = account / _NAME
        try:
            lock = cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            message = f"{path}: cannot be opened ({error.strerror}); make it writable"
            raise TradingError(message) from error
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = lock._in_use(path)
            lock.close()
            raise AccountInUseError(message) from None
        lock.describe(holder)
        return lock

    def __enter__(self) -> Self:
        """Return the lock."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def fileno(self) -> int:
        """Return the descriptor, to be duplicated in another process."""
        return self._descriptor

    def describe(self, holder: LockHolder) -> None:
        """Name the holder to those who are refused; a disk that takes nothing is passed over."""
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, msgspec.json.encode(holder), 0)
        except OSError:
            return

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _in_use(self, path: Path) -> str:
        try:
            text = os.pread(self._descriptor, _MOST_BYTES, 0)
            holder = msgspec.json.decode(text, type=LockHolder)
        except (OSError, msgspec.DecodeError):
            return f"another session trades this account ({path} is locked); stop it first"
        if holder.is_watchdog:
            log = Path(holder.folder) / "watchdog.log"
            return (
                f"the watchdog of {holder} still cancels its wagers, or looks for half a minute "
                f"whether more arrive; wait for it, see {log}"
            )
        return f"{holder} trades this account; stop it first, or use another account"
