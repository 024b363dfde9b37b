"""The frames of the socket: JSON that contains JSON text, which contains JSON in base64."""

from decimal import Decimal
from typing import Any

from live.decode import Nanoseconds, WireStruct, cents
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


class Envelope(WireStruct, frozen=True):
    """What a frame on a channel holds; bytes are text in base64."""

    change_type: str
    payload: bytes
    op: str = "u"
    timestamp: Nanoseconds = 0


BODIES: dict[str, type[Body]] = {
    "tournament": TournamentChange,
    "sport_event": EventChange,
    "market": MarketChange,
    "market_strike": StrikeChange,
    "market_selections": SelectionsChange,
    "matched_order": TradeChange,
    "order": OrderChange,
    "private_system_signal": HealthCheck,
}
