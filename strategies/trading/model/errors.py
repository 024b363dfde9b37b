"""The errors of the project, as one tree.

TradingError
├─ ConfigError            a setting or argument is invalid
├─ TapeError              a recording is malformed or out of order
├─ JournalError           the journal cannot be read or written: stop
├─ WriteError             a file cannot be written: the disk is full, or the folder is not ours
├─ InvariantError         the desk's accounts are inconsistent: stop, cancel all
├─ CredentialsError       the keys are missing, readable by others, or refused
└─ ExchangeError
   ├─ RefusalError        the exchange refused the request, with its reason
   ├─ UnreachableError    no response, the outcome is unknown: the wager stays pending
   └─ ProtocolError       a response that cannot be decoded

A denial by our own risk manager is a value, not an error.
"""


class TradingError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigError(TradingError):
    """A setting or argument is invalid."""


class TapeError(TradingError):
    """A recording is malformed or out of order."""


class JournalError(TradingError):
    """The journal cannot be read or written."""


class WriteError(TradingError):
    """A file cannot be written; the message names it, the reason and the remedy."""


class InvariantError(TradingError):
    """The desk's accounts are inconsistent."""


class CredentialsError(TradingError):
    """The keys are missing, readable by others, or refused."""


class ExchangeError(TradingError):
    """A request to the exchange failed."""


class RefusalError(ExchangeError):
    """The exchange refused a request; `code` is its error code."""

    def __init__(self, code: str, text: str = "") -> None:
        """Take the code, and a text for people."""
        super().__init__(f"{code} ({text})" if text else code)
        self.code = code


class UnreachableError(ExchangeError):
    """The exchange did not respond; whether it executed the request is unknown."""


class ProtocolError(ExchangeError):
    """The exchange sent something that cannot be decoded; `raw` is what it sent."""

    def __init__(self, message: str, raw: str = "") -> None:
        """Take what is wrong, and the text as it was received."""
        super().__init__(message)
        self.raw = raw


class AccountInUseError(TradingError):
    """Another session trades the account."""


class WatchdogError(TradingError):
    """The watchdog of a session is missing, or has taken over."""
