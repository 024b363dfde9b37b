"""Times of day on clocks of a time zone, as times since the epoch."""

from datetime import UTC, datetime, tzinfo

from strategies.trading.model.errors import TapeError
from strategies.trading.model.units import NS_PER_SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_ns(text: str, zone: tzinfo | None, form: str | None = None) -> int:
    """Return an ISO time, or one of another form of `strptime`, in nanoseconds since the epoch.

    A time that names no zone is one of `zone`. Raise TapeError for a text that is no time, for one
    that needs a zone and has none, and for a time that its clocks showed twice or never.
    """
    try:
        time = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError as error:
        message = f"{text!r} is no time"
        raise TapeError(message) from error
    if time.tzinfo is None:
        time = _zoned(time, zone)
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS_PER_SECOND + since.microseconds * 1_000


def _zoned(time: datetime, zone: tzinfo | None) -> datetime:
    if zone is None:
        message = f"{time}: has no zone; give its offset from UTC"
        raise TapeError(message)
    early, late = (time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        message = f"{time}: clocks of {zone} showed it twice or never; give its offset from UTC"
        raise TapeError(message)
    return early
