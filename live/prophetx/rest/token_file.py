"""The tokens of an account in a private file, by which the processes of a machine share a session.

An exchange allows a key few sessions at once, and no request ends one. With a login for each verb,
a few of them beside a running session would use up what `cancel-all` needs.
"""

import asyncio
import fcntl
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from live.private_file import require_private
from live.prophetx.rest.account_folder import account_folder
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.wire.login import SecretStruct, Token
from recordings.writing import make_private_file, write_text
from strategies.trading.model.errors import CredentialsError, WriteError

_LOG = logging.getLogger(__name__)

_BYTES_MAX = 1 << 16
# Another process renews within a second. One that is stopped meanwhile must not keep us from
# cancelling, so after this time we go on without the lock: the worst case is a login too many.
_LOCK_SECONDS = 3.0
_LOCK_AGAIN_SECONDS = 0.05


class SavedTokens(SecretStruct, frozen=True):
    """The tokens of a session at the exchange; `keys` is a digest of the keys that opened it."""

    access_token: Token
    access_expire_time: int
    refresh_token: str
    keys: str = ""


class TokenFile:
    """The shared tokens of one account; whatever is wrong with the file, trading goes on.

    A file that cannot be used or written is named in a warning, and each process then logs in by
    itself. Tokens are in no message.
    """

    def __init__(self, folder: Path, credentials: Credentials) -> None:
        """Share in the private folder of the account."""
        self._path = folder / "tokens.json"
        self._lock = folder / "tokens.lock"
        # With the secret: a wrong one must not be accepted because the right one was here before.
        named = f"{credentials.access_key}\n{credentials.secret_key}"
        self._keys = sha256(named.encode()).hexdigest()

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold the lock, so that only one process renews at a time; wait for it a few seconds."""
        try:
            make_private_file(self._lock)
            lock = self._lock.open("rb")
        except (OSError, WriteError) as error:
            self._warn(f"cannot be locked ({error})")
            yield
            return
        with lock:
            for _ in range(round(_LOCK_SECONDS / _LOCK_AGAIN_SECONDS)):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    await asyncio.sleep(_LOCK_AGAIN_SECONDS)
            yield

    def read(self) -> SavedTokens | None:
        """Return the tokens of these keys, None if there are none that can be used."""
        if not self._path.exists():
            return None
        try:
            require_private(self._path)
            with self._path.open("rb") as file:
                saved = msgspec.json.decode(file.read(_BYTES_MAX), type=SavedTokens)
        except CredentialsError as error:
            _LOG.warning("shared tokens are not used: %s", error)
            return None
        # Without the text of the error, in which a token may be.
        except (OSError, ValueError, msgspec.MsgspecError):
            self._warn("cannot be read; it is replaced at the next login")
            return None
        if saved.keys != self._keys:
            self._warn("is of another secret key; it is replaced at the next login")
            return None
        return saved

    def write(self, tokens: SavedTokens) -> None:
        """Replace the tokens at once, or warn that this is impossible."""
        saved = msgspec.structs.replace(tokens, keys=self._keys)
        try:
            write_text(self._path, msgspec.json.encode(saved).decode(), private=True)
        except WriteError as error:
            _LOG.warning("tokens are not shared: %s", error)

    def _warn(self, why: str) -> None:
        _LOG.warning("%s %s", self._path, why)


def token_file(
    endpoint: Endpoint, credentials: Credentials, environ: Mapping[str, str]
) -> TokenFile | None:
    """Return the shared tokens of an account, None with a warning if it can have no folder."""
    try:
        return TokenFile(account_folder(endpoint, credentials, environ), credentials)
    except CredentialsError as error:
        _LOG.warning("tokens are not shared: %s", error)
        return None
