"""What the exchange broke of the trades of one wager."""

from collections.abc import Iterator

from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import TradeBroken
from strategies.trading.model.money import dollars_text


class BrokenTrades:
    """The broken trades of a wager: their stake and what it could win, in cents.

    Updates come in any order: a trade whose fill was not received yet is one of `early` until it
    is, and does not count before.
    """

    __slots__ = ("_totals", "early", "profit_cents", "stake_cents")

    def __init__(self) -> None:
        """Start with nothing broken."""
        self.stake_cents = 0
        self.profit_cents = 0
        self.early: list[TradeBroken] = []
        self._totals: set[int] = set()

    def is_new(self, event: TradeBroken) -> bool:
        """Return whether an update is no repeat."""
        return event.total_cents not in self._totals

    def receive(self, event: TradeBroken, matched_cents: int, most_cents: int) -> None:
        """Take an update; raise InvariantError if more is broken than can have been matched."""
        early_cents = sum(each.stake_cents for each in self.early)
        if event.stake_cents + early_cents > max(matched_cents, most_cents):
            message = (
                f"wager {event.ref}: {dollars_text(event.stake_cents)} broken, of "
                f"{dollars_text(matched_cents)} matched"
            )
            raise InvariantError(message)
        self.early.append(event)
        if event.total_cents:
            self._totals.add(event.total_cents)

    def take_due(self, matched_cents: int) -> Iterator[TradeBroken]:
        """Yield the trades that are within what is matched; each counts from then on."""
        for event in tuple(self.early):
            if event.stake_cents <= matched_cents:
                self.early.remove(event)
                matched_cents -= event.stake_cents
                self.stake_cents += event.stake_cents
                self.profit_cents += event.profit_cents
                yield event
