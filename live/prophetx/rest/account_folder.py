"""The folder of this machine in which the processes of one account find each other."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from live.private_file import state_folder
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.endpoint import Endpoint
from strategies.trading.model.errors import CredentialsError

_DIGITS = 16


def account_folder(
    endpoint: Endpoint, credentials: Credentials, environ: Mapping[str, str]
) -> Path:
    """Return the private folder of an account at an exchange, made if it is missing.

    It is under `XDG_STATE_HOME`, by default `~/.local/state`, wherever a session's own folder is,
    so that two sessions of one account meet there. Its name is derived from the host and the access
    key, and reveals neither. Raise CredentialsError if it cannot be made.
    """
    named = f"{endpoint.root}{endpoint.path_prefix} {credentials.access_key}"
    folder = state_folder(environ) / sha256(named.encode()).hexdigest()[:_DIGITS]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        message = f"{folder}: cannot be made ({error.strerror}); set XDG_STATE_HOME to a folder"
        raise CredentialsError(message) from None
    return folder
