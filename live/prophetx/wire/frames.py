"""The frames of the socket: JSON text, with JSON text in it, with JSON in base64 in that."""

from decimal import Decimal
from typing import Any

import msgspec

from live.decode import Nanoseconds, Shape, cents, read, unreadable
from live.prophetx.wire.markets import EventShape, StrikeShape, TournamentShape
from live.prophetx.wire.orders import OrderShape


class Frame(Shape, frozen=True):
    """One message of the socket; `data` is JSON text, as a rule."""

    event: str
    channel: str | None = None
    data: Any = None


class Established(Shape, frozen=True):
    """The socket is open."""

    socket_id: str


class SocketError(Shape, frozen=True):
    """The socket's own complaint: 4000 to 4099 end it for good, 4100 to 4199 for a while."""

    code: int | None = None
    message: str | None = None


class TournamentChange(Shape, frozen=True):
    """A tournament came, changed or went."""

    info: TournamentShape | None = None


class EventChange(Shape, frozen=True):
    """A sport event came, changed or went; one that went has its id only."""

    id: int
    tournament_id: int | None = None
    info: EventShape | None = None


class MarketInfo(Shape, frozen=True):
    """Where a market stands."""

    id: int
    sport_event_id: int
    name: str | None = None
    status: str | None = None
    sequence_number: Nanoseconds = 0


class MarketChange(Shape, frozen=True):
    """A market came, changed or went."""

    info: MarketInfo


class StrikeInfo(Shape, frozen=True):
    """Where a strike stands."""

    sport_event_id: int
    market_id: int
    strike_id: str | None = None
    status: str | None = None
    sequence_number: Nanoseconds = 0


class StrikeChange(Shape, frozen=True):
    """A strike came, changed or went."""

    info: StrikeInfo


class SelectionsChange(Shape, frozen=True):
    """All levels of one pair of strikes, in place of those that were."""

    sport_event_id: int
    market_id: int
    info: StrikeShape


class TradeInfo(Shape, frozen=True):
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


class TradeChange(Shape, frozen=True):
    """A trade was made."""

    info: TradeInfo


class OrderChange(Shape, frozen=True):
    """A private update on a wager of ours."""

    info: OrderShape


class HealthCheck(Shape, frozen=True):
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


class Change(Shape, frozen=True):
    """Something that changed: when, as the exchange says, and if it came (c) or went (d)."""

    timestamp_ns: int
    op: str
    body: Body


class _Envelope(Shape, frozen=True):
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
    """Return what a frame of the socket itself says, be it text or plain; raise ProtocolError."""
    return read(type_, _text_of(frame), frame.event)


def _text_of(frame: Frame) -> str | bytes:
    if isinstance(frame.data, str):
        return frame.data
    try:
        return msgspec.json.encode(frame.data)
    except (RecursionError, ValueError) as error:
        raise unreadable(frame.event, type(error).__name__, "") from error


def read_change(frame: Frame) -> Change:
    """Return what changed, of a frame on a channel; raise ProtocolError if it cannot be read."""
    envelope: _Envelope = read_data(_Envelope, frame)
    body_type = _BODIES.get(envelope.change_type)
    if body_type is None:
        raise unreadable("frame", f"of unknown change_type {envelope.change_type!r}", str(frame))
    body = read(body_type, envelope.payload, envelope.change_type)
    return Change(timestamp_ns=envelope.timestamp, op=envelope.op, body=body)
