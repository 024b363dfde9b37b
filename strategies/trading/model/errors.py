"""The errors of the project, as one tree.

TradingError
├─ ConfigError            a setting or argument is invalid
├─ TapeError              a recording is malformed or out of order
├─ JournalError           the journal cannot be read or written: stop
├─ WriteError             a file cannot be written: the disk is full, or the folder is not ours
│  └─ JournalWriteError   the journal cannot be written: a JournalError too
├─ ReportError            a run is finished and kept, but its report could not be drawn
├─ InvariantError         the desk's accounts are inconsistent: stop, cancel all
├─ StrategyError          a strategy raised something: stop, cancel all
├─ ClockError             wall time jumped: stop
├─ CredentialsError       the keys are missing, readable by others, or refused
└─ ExchangeError
   ├─ RefusalError        the exchange refused the request, with its reason
   │  └─ UnauthorizedError  it refuses our login for now, after it had accepted us
   ├─ UnreachableError    no response, the outcome is unknown: the wager stays pending
   └─ ProtocolError       a response that cannot be decoded

A denial by our own risk manager is a value, not an error.
"""

# Code of requests that the exchange refuses because our login is not valid for now.
UNAUTHORIZED = "unauthorized"


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


class JournalWriteError(JournalError, WriteError):
    """The journal cannot be written, as its disk does not take it."""


class ReportError(TradingError):
    """A run is finished and kept, but its report could not be drawn; the message says how."""


class InvariantError(TradingError):
    """The desk's accounts are inconsistent."""


class StrategyError(TradingError):
    """A strategy raised something; the message names it, and where that was."""


class ClockError(TradingError):
    """Wall time jumped, so that the clock of a session is wrong."""


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


class UnauthorizedError(RefusalError):
    """The exchange refuses our login or token for now; what was requested was not executed."""

    def __init__(self, text: str) -> None:
        """Take a text for people."""
        super().__init__(UNAUTHORIZED, text)


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


class AlertError(TradingError):
    """A receiver of alerts did not take one."""
