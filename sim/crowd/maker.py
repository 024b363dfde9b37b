"""A maker of the crowd: a participant with a profile that quotes pairs and reacts to scores."""

from collections.abc import Sequence

from numpy.random import Generator

from sim.crowd.activity_rates import ProcessGenerator
from sim.crowd.game import Score
from sim.crowd.game_context import GameContext
from sim.crowd.maker_profiles import MakerProfile
from sim.crowd.quoter import Quoter
from sim.exchange.exchange_wager import ExchangeWager
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import Event, WagerMatched
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import BATCH_LIMIT

BALANCE_CENTS = 1_000_000_000
# Time to quote again after a market opened or stale wagers were cancelled.
REQUOTE_DELAY_S = (0.5, 6.0)
# Time until news before the game is noticed.
NEWS_DELAY_S = (0.5, 3.0)
# Margin after the in-play delay, when wagers that waited in it can be cancelled.
SECOND_CANCEL_S = 0.5


class Maker:
    """One maker in one game."""

    def __init__(
        self, name: str, profile: MakerProfile, context: GameContext, rng: Generator
    ) -> None:
        """Open an account; nothing is quoted before the markets open."""
        self._context = context
        self._profile = profile
        self._rng = rng
        self.participant = context.exchange.open_account(name, BALANCE_CENTS, self._on_events)
        self._placed: dict[WagerRef, tuple[Quoter, int]] = {}
        self._refs = 0
        self.score = Score(0, 0)
        self.quoters = [
            Quoter(self, pair, profile, context, rng)
            for pair in context.pairs
            if profile.quotes(pair)
        ]

    def requote(self) -> ProcessGenerator:
        """Quote every pair again within a few seconds."""
        for quoter in self.quoters:
            yield self._context.wait_s(self._rng.uniform(*REQUOTE_DELAY_S) / len(self.quoters))
            yield from quoter.requote()

    def on_score(self, score: Score, official_ns: int) -> ProcessGenerator:
        """See a score near its official time; cancel what it made unprofitable, then requote."""
        lead_ns = int(self._rng.uniform(*self._profile.lead_s) * NS_PER_SECOND)
        yield self._context.env.timeout(max(0, official_ns - lead_ns - self._context.env.now_ns))
        self.score = score
        self._cancel_unprofitable()
        yield from self.requote()
        # Wagers that were in the in-play delay at the score are active by now.
        yield self._context.wait_s(self._context.in_play_delay_s + SECOND_CANCEL_S)
        self._cancel_unprofitable()

    def on_news(self) -> ProcessGenerator:
        """Cancel what the news made unprofitable, then requote."""
        yield self._context.wait_s(self._rng.uniform(*NEWS_DELAY_S))
        self._cancel_unprofitable()
        yield from self.requote()

    def place(self, quoter: Quoter, requests: Sequence[tuple[int, PlaceWager]]) -> None:
        """Place requests of a quoter, each with its side of the pair, in batches."""
        for start in range(0, len(requests), BATCH_LIMIT):
            batch = requests[start : start + BATCH_LIMIT]
            self._placed.update((request.ref, (quoter, side)) for side, request in batch)
            self._context.exchange.place(self.participant, [request for _, request in batch])

    def next_ref(self) -> WagerRef:
        """Return a new wager reference."""
        self._refs += 1
        return WagerRef(f"{self.participant.name}-{self._refs}")

    def cancel(self, wagers: Sequence[ExchangeWager]) -> None:
        """Cancel wagers in batches; what is refused comes up again at the next requote."""
        refs = [wager.ref for wager in wagers]
        for start in range(0, len(refs), BATCH_LIMIT):
            self._context.exchange.cancel(self.participant, refs[start : start + BATCH_LIMIT])

    def _cancel_unprofitable(self) -> None:
        self.cancel([wager for quoter in self.quoters for wager in quoter.unprofitable_wagers()])

    def _on_events(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerMatched):
                quoter, side = self._placed[event.ref]
                quoter.record_fill(side, event.stake_cents + event.profit_cents)
                if event.ref not in self.participant.live:
                    self._context.env.process(quoter.refill())
