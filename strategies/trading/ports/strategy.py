"""The port to a strategy: from its view of a market to its target quotes."""

from typing import Annotated, Protocol

from msgspec import Meta, Struct

from strategies.trading.model.commands import Intent
from strategies.trading.model.ids import LineId
from strategies.trading.model.odds import Odds
from strategies.trading.model.settings import Dollars, Seconds
from strategies.trading.ports.view import View


class Quote(Struct, frozen=True):
    """A wager that should rest on a line, at these odds or longer."""

    line_id: LineId
    odds: Odds
    stake_cents: int
    intent: Intent = Intent.ADD_ONLY


# Settings that most strategies have, as types for the keyword parameters of their classes.
DefaultStake = Annotated[Dollars, Meta(description="The stake of every quote.")]
QuoteRefresh = Annotated[
    Seconds,
    Meta(
        description="The least time between two decisions on a market; 0 decides on every change."
    ),
]


class Strategy(Protocol):
    """Declares the quotes that should rest in a market; the desk places and cancels wagers.

    `quote_refresh_ns` is the least time between two calls of `quote` for a market that changed.
    With zero it is called at once whenever a touch, a status, a score, a reference price or a wager
    of ours changes; offers behind the touch do not count then.

    A person may change settings of a running session, within the types of the parameters of its
    class. The desk goes on with a new object built of the changed settings: a strategy that must
    not lose what it has learned computes it from the view.
    """

    quote_refresh_ns: int

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return every quote wanted in this market; a wager that no quote names is cancelled."""
