"""The errors of the house, as one tree.

TradingError
├─ ConfigError            the settings cannot mean anything
├─ TapeError              a recording is malformed or out of order
├─ JournalError           the journal cannot be read or written: stop
├─ WriteError             a file cannot be written: the disk is full, or the folder is not ours
├─ InvariantError         our own books do not balance: stop, cancel all
├─ CredentialsError       the keys are missing, readable by others, or refused
└─ ExchangeError
   ├─ RefusalError        a definite no, with the exchange's reason
   ├─ UnreachableError    outcome unknown: the wager stays pending
   └─ ProtocolError       an answer we cannot read

A denial by our own risk manager is a value, not an error.
"""


class TradingError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigError(TradingError):
    """The settings cannot mean anything."""


class TapeError(TradingError):
    """A recording is malformed or out of order."""


class JournalError(TradingError):
    """The journal cannot be read or written."""


class WriteError(TradingError):
    """A file cannot be written; the message names it, the reason and the remedy."""


class InvariantError(TradingError):
    """Our own books do not balance."""


class CredentialsError(TradingError):
    """The keys are missing, readable by others, or refused."""


class ExchangeError(TradingError):
    """Something went wrong between us and the exchange."""


class RefusalError(ExchangeError):
    """The exchange said no, and why: `code` is its own word for it."""

    def __init__(self, code: str, text: str = "") -> None:
        """Keep the code apart from the text for people."""
        super().__init__(f"{code} ({text})" if text else code)
        self.code = code


class UnreachableError(ExchangeError):
    """The exchange did not answer; what it did is unknown."""


class ProtocolError(ExchangeError):
    """The exchange answered something that cannot be read; `raw` is what it answered."""

    def __init__(self, message: str, raw: str = "") -> None:
        """Keep the text as it came apart from what is wrong with it."""
        super().__init__(message)
        self.raw = raw
