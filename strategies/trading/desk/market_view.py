"""The views of markets that a strategy quotes from, and the record of what was decided on them."""

from collections.abc import Sequence

from strategies.trading.markets.market_states import MarketState, MarketStates
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import EventId, PairId
from strategies.trading.model.market import Market, Pair
from strategies.trading.model.odds import Ladder
from strategies.trading.model.position import Exposure
from strategies.trading.ports.journal import Decision, Denial
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import OWN_FAIR, MarketView, Note, OwnWager, PairView, View
from strategies.trading.pricing.touch import NO_FAIR_PRICE, Pricing
from strategies.trading.risk.risk_manager import RiskManager
from strategies.trading.wagers.wager import Wager, Wagers
from strategies.trading.wagers.wager_state import WagerState

# The fair probability of the first line of each pair of a market, None without a price.
Fairs = Sequence[float | None]


class DeskViews:
    """Makes the views of a desk's markets, and looks up in it what they do not carry.

    What is looked up changes nothing, so that a decision does not depend on what was read. `notes`
    are what the strategy noted since they were last taken, `own_fairs` what it noted as fair in the
    last decision on a market, if it was asked then; risk uses the market's prices alone.
    """

    def __init__(
        self,
        market_states: MarketStates,
        exposure: Exposure,
        wagers: Wagers,
        risk: RiskManager,
        pricing: Pricing,
        ladder: Ladder,
    ) -> None:
        """Look into these parts of a desk."""
        self._market_states = market_states
        self._exposure = exposure
        self._wagers = wagers
        self._risk = risk
        self._pricing = pricing
        self._ladder = ladder
        self.notes: list[Note] = []
        self.own_fairs: dict[PairId, float] = {}

    def of(self, market: MarketState, fairs: Fairs, now_ns: int) -> View:
        """Return what the strategy sees of a market and its game."""
        event, exposure = market.event, self._exposure
        return View(
            now_ns,
            event.event,
            event.status,
            event.score,
            market.market,
            market.status,
            tuple(
                PairView(book, fair, exposure.position(book.pair), self, now_ns)
                for book, fair in zip(market.books, fairs, strict=True)
            ),
            exposure.positions_of(event.event.event_id),
            self._ladder,
            self,
        )

    def forget_own_fairs(self, market: MarketState) -> None:
        """Forget what the strategy noted as fair in a market: a decision on it begins."""
        if self.own_fairs:
            for book in market.books:
                self.own_fairs.pop(book.pair.pair_id, None)

    def take_notes(self) -> tuple[Note, ...]:
        """Return the notes; none is left."""
        notes = tuple(self.notes)
        self.notes.clear()
        return notes

    # What views look up ----------------------------------------------------------------------

    def event_state(self, event_id: EventId) -> EventState | None:
        """Return the state of a game."""
        return self._market_states.events[event_id]

    def own_wagers(self, pair: Pair) -> tuple[OwnWager, ...]:
        """Return our live wagers on both lines of a pair, in the order of placing."""
        both: list[Wager] = [*self._wagers.live_on(pair.first.line_id)]
        both += self._wagers.live_on(pair.second.line_id)
        both.sort(key=_placed_ns)
        return tuple([_own_wager(wager) for wager in both])

    def headroom_cents(self, pair: Pair, side: int) -> int:
        """Return the largest stake that the limits leave a quote on the first (0) or second line.

        That is if it is the market's only quote, and replaces every open wager there.
        """
        line = pair.second if side else pair.first
        return self._risk.headroom_cents(self._market_states.markets[pair.market_key], line.line_id)

    def other_markets(self, market: Market, now_ns: int) -> tuple[MarketView, ...]:
        """Return the other markets of a market's game that the desk follows, priced now."""
        states = self._market_states.markets_of(market.event_id)
        others = [state for state in states if state.key != market.key]
        return tuple([self._of_other(state, now_ns) for state in others])

    def add_note(self, note: Note) -> None:
        """Keep a note, and a fair price of the strategy's own until the next decision."""
        self.notes.append(note)
        if note.name == OWN_FAIR and note.pair_id is not None:
            self.own_fairs[note.pair_id] = note.value

    def silence_reason(
        self,
        market: MarketState,
        fairs: Fairs,
        targets: tuple[Quote, ...],
        denials: Sequence[Denial],
        now_ns: int,
    ) -> str:
        """Return why nothing of ours is offered after a decision, empty if something is."""
        if market.block_reason is not None:
            halted = self._risk.halt_reason
            return market.block_reason if halted is None else f"halted: {halted}"
        if not targets:
            if any(fair is not None for fair in fairs):
                return "the strategy quotes nothing"
            return self._unpriced_reason(market, now_ns)
        if not denials or any(True for line in market.line_ids for _ in self._wagers.live_on(line)):
            return ""
        return f"{denials[0].control}: {denials[0].reason}"

    def silence_holds(
        self, market: MarketState, fairs: Fairs, targets: tuple[Quote, ...], now_ns: int
    ) -> bool:
        """Return whether a market without a price lacks it for the reason of the last decision."""
        if targets or market.block_reason is not None or any(fair is not None for fair in fairs):
            return True
        return self._unpriced_reason(market, now_ns) == market.silence

    def _unpriced_reason(self, market: MarketState, now_ns: int) -> str:
        """Return why the first pair of a market has no fair price; it stands for the others."""
        if not market.books:
            return NO_FAIR_PRICE
        return self._pricing.unpriced_reason(market.books[0], market.event, now_ns)

    def _of_other(self, market: MarketState, now_ns: int) -> MarketView:
        pairs = [
            PairView(
                book,
                self._pricing.fair(book, market.event, now_ns),
                self._exposure.position_or_flat(book.pair),
                self,
                now_ns,
            )
            for book in market.books
        ]
        return MarketView(market.market, market.status, tuple(pairs))


def _own_wager(wager: Wager) -> OwnWager:
    return OwnWager(
        wager.line_id,
        wager.odds,
        wager.stake_cents,
        wager.unmatched_cents,
        wager.placed_ns,
        wager.state is WagerState.OPEN,
    )


def _placed_ns(wager: Wager) -> int:
    return wager.placed_ns


def decision_on(market: MarketState, fairs: Fairs, quotes: tuple[Quote, ...]) -> Decision:
    """Return the record of a decision, without the pairs that have no price."""
    priced: list[tuple[PairId, float]] = [
        (book.pair.pair_id, fair)
        for book, fair in zip(market.books, fairs, strict=True)
        if fair is not None
    ]
    return Decision(market.key, tuple(priced), quotes, market.silence)
