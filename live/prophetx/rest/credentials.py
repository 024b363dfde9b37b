"""The keys of an account: from the environment, or from a file that only its owner can read.

They are never part of the configuration, and are never printed, logged or saved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from live.private_file import require_private
from live.prophetx.rest.endpoint import Endpoint
from strategies.trading.model.errors import CredentialsError

ACCESS_KEY = "PROPHETX_ACCESS_KEY"
SECRET_KEY = "PROPHETX_SECRET_KEY"
USER_INFO = "PROPHETX_USER_INFO"

# Where the exchange's own example client looks.
_DEFAULT_FILE = "user_info.json"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair; neither half is ever in its text."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


def find_credentials(endpoint: Endpoint, environ: Mapping[str, str], folder: Path) -> Credentials:
    """Return the key pair for an exchange; raise CredentialsError where none can be used.

    The environment comes first, then the file that PROPHETX_USER_INFO names, then `user_info.json`
    in the folder. Our own sandbox on this machine takes any pair, and needs none to be given.
    """
    if ACCESS_KEY in environ or SECRET_KEY in environ:
        return _from_environment(environ)
    named = environ.get(USER_INFO)
    path = folder / (named or _DEFAULT_FILE)
    if named or path.exists():
        return _from_file(path)
    if endpoint.is_local and not endpoint.is_drill:
        return Credentials("local", "local")
    message = (
        f"no keys for {endpoint.name}: set {ACCESS_KEY} and {SECRET_KEY}, "
        f"or {USER_INFO} to a file with access_key and secret_key"
    )
    raise CredentialsError(message)


class _UserInfo(msgspec.Struct, frozen=True):
    """The file of the exchange's own example client; what else is in it is not read."""

    access_key: str
    secret_key: str


def _from_environment(environ: Mapping[str, str]) -> Credentials:
    for name in (ACCESS_KEY, SECRET_KEY):
        if not environ.get(name, "").strip():
            message = f"{name} is not set, and its other half is"
            raise CredentialsError(message)
    return Credentials(environ[ACCESS_KEY].strip(), environ[SECRET_KEY].strip())


def _from_file(path: Path) -> Credentials:
    require_private(path)
    try:
        info = msgspec.json.decode(path.read_bytes(), type=_UserInfo)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        # Not with what the parser says, which may quote the file.
        message = f"{path}: is no JSON with access_key and secret_key as text"
        raise CredentialsError(message) from None
    return Credentials(info.access_key.strip(), info.secret_key.strip())
