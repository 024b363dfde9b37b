"""The record of a passed rehearsal, which a session of real money needs."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from conf.rehearsed_digests import configuration_digest, version_digest
from live.private_file import require_private, state_folder
from recordings.writing import make_folder, write_text
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.units import NS_PER_SECOND

_DAY_NS = 86_400 * NS_PER_SECOND
VALID_DAYS = 14
_REHEARSE = "run python -m live rehearse with the settings that you trade with"


class RehearsalRecord(Struct, frozen=True, kw_only=True):
    """A rehearsal that passed: of which code and configuration, when by wall time, and its page."""

    version: str
    configuration: str
    passed_ns: int
    page: str


class RehearsedDigests(Struct, frozen=True):
    """The digests of a configuration and of the code that runs it.

    They are taken when a rehearsal begins: the code may be edited while it runs.
    """

    configuration: str
    version: str


def digests_of(configuration: str) -> RehearsedDigests:
    """Return the digests of a configuration, and of the code as it is on the disk now."""
    return RehearsedDigests(configuration_digest(configuration), version_digest(configuration))


def write_record(
    digests: RehearsedDigests, passed_ns: int, page: Path, environ: Mapping[str, str]
) -> Path:
    """Record that a rehearsal passed; return the file."""
    record = RehearsalRecord(
        version=digests.version,
        configuration=digests.configuration,
        passed_ns=passed_ns,
        page=str(page),
    )
    path = _path_of(record.configuration, environ)
    make_folder(path.parent)
    write_text(path, msgspec.json.format(msgspec.json.encode(record)).decode() + "\n", private=True)
    return path


def find_record(configuration: str, now_ns: int, environ: Mapping[str, str]) -> RehearsalRecord:
    """Return the record for a configuration and this version of the code.

    Raise ConfigError, with the remedy, if it is missing or no longer valid; `now_ns` is wall
    time.
    """
    path = _path_of(configuration_digest(configuration), environ)
    if not path.exists():
        message = f"rehearsal: none of this configuration has passed; {_REHEARSE}"
        raise ConfigError(message)
    require_private(path)
    try:
        record = msgspec.json.decode(path.read_bytes(), type=RehearsalRecord)
    except msgspec.MsgspecError as error:
        message = f"rehearsal: {path} cannot be read ({error}); {_REHEARSE}"
        raise ConfigError(message) from None
    if record.version != version_digest(configuration):
        message = f"rehearsal: the last one was of another version of the code; {_REHEARSE}"
        raise ConfigError(message)
    if not 0 <= now_ns - record.passed_ns <= VALID_DAYS * _DAY_NS:
        days = days_since(record, now_ns)
        message = f"rehearsal: it passed {days} days ago; {VALID_DAYS} are the most; {_REHEARSE}"
        raise ConfigError(message)
    return record


def days_since(record: RehearsalRecord, now_ns: int) -> int:
    """Return how many whole days ago a rehearsal passed."""
    return (now_ns - record.passed_ns) // _DAY_NS


def _path_of(digest: str, environ: Mapping[str, str]) -> Path:
    return state_folder(environ) / "rehearsals" / f"{digest[:16]}.json"
