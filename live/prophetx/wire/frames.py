"""The frames of the socket: JSON that contains JSON text, which contains JSON in base64."""

from decimal import Decimal
from typing import Any

import msgspec

from live.decode import Nanoseconds, WireStruct, cents, read, unreadable
from live.prophetx.wire.markets import WireEvent, WireStrike, WireTournament
from live.prophetx.wire.orders import WireOrder


class Frame(WireStruct, frozen=True):
    """One message of the socket; `data` is JSON text, as a rule."""

    event: str
    channel: str | None = None
    data: Any = None


class Established(WireStruct, frozen=True):
    """The socket is open."""

    socket_id: str


class SocketError(WireStruct, frozen=True):
    """An error of the socket: 4000 to 4099 forbid to reconnect, 4100 to 4199 ask to wait."""

    code: int | None = None
    message: str | None = None


class TournamentChange(WireStruct, frozen=True):
    """A tournament was added, changed or removed."""

    info: WireTournament | None = None


class EventChange(WireStruct, frozen=True):
    """A sport event was added, changed or removed; a removed one has its id only."""

    id: int
    tournament_id: int | None = None
    info: WireEvent | None = None


class MarketInfo(WireStruct, frozen=True):
    """The status of a market."""

    id: int
    sport_event_id: int
    name: str | None = None
    status: str | None = None
    sequence_number: Nanoseconds = 0


class MarketChange(WireStruct, frozen=True):
    """A market was added, changed or removed."""

    info: MarketInfo


class StrikeInfo(WireStruct, frozen=True):
    """The status of a strike."""

    sport_event_id: int
    market_id: int
    strike_id: str | None = None
    status: str | None = None
    sequence_number: Nanoseconds = 0


class StrikeChange(WireStruct, frozen=True):
    """A strike was added, changed or removed."""

    info: StrikeInfo


class SelectionsChange(WireStruct, frozen=True):
    """All levels of one pair of strikes; they replace the levels before."""

    sport_event_id: int
    market_id: int
    info: WireStrike


class TradeInfo(WireStruct, frozen=True):
    """A fill between any two accounts, from the maker's side."""

    sport_event_id: int
    market_id: int
    strike_id: str
    price: int | None = None
    fill_price: int | None = None
    filled_quantity: Decimal | None = None
    sequence_number: Nanoseconds = 0

    @property
    def filled_cents(self) -> int:
        """Return the maker's stake that was matched."""
        return cents(self.filled_quantity, "trade filled_quantity")


class TradeChange(WireStruct, frozen=True):
    """A trade was made."""

    info: TradeInfo


class OrderChange(WireStruct, frozen=True):
    """A private update on a wager of ours."""

    info: WireOrder


class HealthCheck(WireStruct, frozen=True):
    """The exchange is alive."""


Body = (
    TournamentChange
    | EventChange
    | MarketChange
    | StrikeChange
    | SelectionsChange
    | TradeChange
    | OrderChange
    | HealthCheck
)


class Change(WireStruct, frozen=True):
    """A change: its time at the exchange, and its `op`: create (c), update (u) or delete (d)."""

    timestamp_ns: int
    op: str
    body: Body


class _Envelope(WireStruct, frozen=True):
    # Bytes are text in base64.
    change_type: str
    payload: bytes
    op: str = "u"
    timestamp: Nanoseconds = 0


_BODIES: dict[str, type[Body]] = {
    "tournament": TournamentChange,
    "sport_event": EventChange,
    "market": MarketChange,
    "market_strike": StrikeChange,
    "market_selections": SelectionsChange,
    "matched_order": TradeChange,
    "order": OrderChange,
    "private_system_signal": HealthCheck,
}


def read_frame(raw: bytes | str) -> Frame:
    """Return a message of the socket; raise ProtocolError for anything else."""
    return read(Frame, raw, "frame")


def read_data(type_: type[Any], frame: Frame) -> Any:
    """Return the data of a protocol frame, given as JSON or as JSON text; raise ProtocolError."""
    return read(type_, _text_of(frame), frame.event)


def _text_of(frame: Frame) -> str | bytes:
    if isinstance(frame.data, str):
        return frame.data
    try:
        return msgspec.json.encode(frame.data)
    except (RecursionError, ValueError) as error:
        raise unreadable(frame.event, type(error).__name__, "") from error


def read_change(frame: Frame) -> Change:
    """Return the change in a frame of a channel; raise ProtocolError if it cannot be decoded."""
    envelope: _Envelope = read_data(_Envelope, frame)
    body_type = _BODIES.get(envelope.change_type)
    if body_type is None:
        raise unreadable("frame", f"of unknown change_type {envelope.change_type!r}", str(frame))
    body = read(body_type, envelope.payload, envelope.change_type)
    return Change(timestamp_ns=envelope.timestamp, op=envelope.op, body=body)
