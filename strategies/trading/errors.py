"""The errors of the house, as one tree.

TradingError
├─ ConfigError            the settings cannot mean anything
├─ TapeError              a recording is malformed or out of order
├─ JournalError           the journal cannot be read or written: stop
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


class InvariantError(TradingError):
    """Our own books do not balance."""


class CredentialsError(TradingError):
    """The keys are missing, readable by others, or refused."""


class ExchangeError(TradingError):
    """Something went wrong between us and the exchange."""


class RefusalError(ExchangeError):
    """The exchange said no, and why."""


class UnreachableError(ExchangeError):
    """The exchange did not answer; what it did is unknown."""


class ProtocolError(ExchangeError):
    """The exchange answered something that cannot be read."""
