"""The contents of a session's journal, and how they are written as text.

Market data has a table of its own, `feed`, with the moments at which the desk was called; together
with the other inputs in `entries` it is all that a replay needs. A run of the session is called a
start on disk: `start` is the number of the run, from one.
"""

from typing import Generic, NamedTuple, TypeVar, get_args

import msgspec
from msgspec import Struct

from strategies.trading.model.commands import Command
from strategies.trading.model.earlier_runs import NO_EARLIER_RUNS, EarlierRuns
from strategies.trading.model.events import Event, MarketsAdded
from strategies.trading.model.ids import MarketKey, WagerRef
from strategies.trading.ports.journal import DecideRequested, DeskCall, DeskStarted
from strategies.trading.risk.limits import Limits

# The file of a journal in the folder of its session.
JOURNAL = "journal.sqlite"

Input = Event | DeskCall
Payload = Input | Command
P_co = TypeVar("P_co", bound=Payload, covariant=True)
_PAYLOADS = (*get_args(Event), *get_args(Command), *get_args(DeskCall))
# Names on disk of types that were renamed since the first journals: old journals stay readable.
_KINDS_ON_DISK = {MarketsAdded: "CatalogueGrew", DeskStarted: "Begun", DecideRequested: "Asked"}
KINDS = {payload: _KINDS_ON_DISK.get(payload, payload.__name__) for payload in _PAYLOADS}
_TYPES = {kind: payload for payload, kind in KINDS.items()}

SCHEMA = """
CREATE TABLE IF NOT EXISTS starts (
    start INTEGER PRIMARY KEY,
    began_ns INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
    place INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    input_seq INTEGER NOT NULL,
    now_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS feed (
    place INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    input_seq INTEGER NOT NULL,
    now_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS seatings (
    start INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS losses (
    place INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS ref_token (
    token TEXT NOT NULL
);
""" + "".join(
    f"""
CREATE TRIGGER IF NOT EXISTS {table}_stay BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS {table}_last BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
    for table in ("entries", "feed", "seatings", "losses", "ref_token")
)


class RunContext(Struct, frozen=True):
    """The inputs of the desk of a run, beside its configuration.

    The desk knew the first `events`, `markets` and `lines` of the recording's dictionaries, and
    had restored the wagers `earlier_refs` of earlier runs before its first input. It went on from
    the trading state and the losses of `earlier_runs`. References of its own wagers contain
    `ref_token`, which those of version 0.1 lack.
    """

    limits: Limits
    starting_balance_cents: int
    market_keys: tuple[MarketKey, ...]
    events: int
    markets: int
    lines: int
    earlier_refs: tuple[WagerRef, ...] = msgspec.field(name="recalled")
    earlier_runs: EarlierRuns = NO_EARLIER_RUNS
    ref_token: str = ""


class Entry(NamedTuple, Generic[P_co]):
    """An input of the desk, a call of it, or one of its commands.

    `run` is the number of the run, `input_seq` that of the input, or of the last input before a
    call or a command.
    """

    run: int
    input_seq: int
    now_ns: int
    payload: P_co


def decode(kind: str, body: str) -> Payload:
    """Return a payload from its kind and body on disk; raise KeyError or msgspec.DecodeError."""
    payload: Payload = msgspec.json.decode(body, type=_TYPES[kind])
    return payload
