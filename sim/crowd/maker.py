"""Those who quote: each a participant with a temper, who sees scores and quotes some pairs."""

from collections.abc import Sequence

from numpy.random import Generator

from sim.crowd.activity_rates import Steps
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
# How long it takes to quote anew after a market opened, or what was stale was pulled.
COME_BACK_S = (0.5, 6.0)
# How long it takes to hear of news before the game.
NEWS_S = (0.5, 3.0)
# Beyond the in-play delay, when what waited in it can be withdrawn.
SECOND_LOOK_S = 0.5


class Maker:
    """One maker in one game."""

    def __init__(self, name: str, temper: MakerProfile, stage: GameContext, rng: Generator) -> None:
        """Open an account; nothing is quoted before the markets open."""
        self._stage = stage
        self._temper = temper
        self._rng = rng
        self.participant = stage.exchange.open_account(name, BALANCE_CENTS, self._hear)
        self._placed: dict[WagerRef, tuple[Quoter, int]] = {}
        self._refs = 0
        self.score = Score(0, 0)
        self.quoters = [
            Quoter(self, pair, temper, stage, rng) for pair in stage.pairs if temper.quotes(pair)
        ]

    def come_back(self) -> Steps:
        """Quote soon after the markets opened."""
        for quoter in self.quoters:
            yield self._stage.wait_s(self._rng.uniform(*COME_BACK_S) / len(self.quoters))
            yield from quoter.look()

    def notice(self, score: Score, official_ns: int) -> Steps:
        """See a score around when it becomes official; pull what it made stale, and quote anew."""
        ahead_ns = int(self._rng.uniform(*self._temper.ahead_s) * NS_PER_SECOND)
        yield self._stage.env.timeout(max(0, official_ns - ahead_ns - self._stage.env.now_ns))
        self.score = score
        self._pull()
        yield from self.come_back()
        # What waited in the in-play delay when the score came is open by now.
        yield self._stage.wait_s(self._stage.in_play_delay_s + SECOND_LOOK_S)
        self._pull()

    def hear_news(self) -> Steps:
        """Pull what news made stale, and quote anew."""
        yield self._stage.wait_s(self._rng.uniform(*NEWS_S))
        self._pull()
        yield from self.come_back()

    def place(self, quoter: Quoter, requests: Sequence[tuple[int, PlaceWager]]) -> None:
        """Place what a quoter wants, each on its side of the pair."""
        for start in range(0, len(requests), BATCH_LIMIT):
            batch = requests[start : start + BATCH_LIMIT]
            self._placed.update((request.ref, (quoter, side)) for side, request in batch)
            self._stage.exchange.place(self.participant, [request for _, request in batch])

    def next_ref(self) -> WagerRef:
        """Return a reference that was not used before."""
        self._refs += 1
        return WagerRef(f"{self.participant.name}-{self._refs}")

    def cancel(self, wagers: Sequence[ExchangeWager]) -> None:
        """Withdraw wagers, so many at a time; what is refused is looked at again later."""
        refs = [wager.ref for wager in wagers]
        for start in range(0, len(refs), BATCH_LIMIT):
            self._stage.exchange.cancel(self.participant, refs[start : start + BATCH_LIMIT])

    def _pull(self) -> None:
        self.cancel([wager for quoter in self.quoters for wager in quoter.given_away()])

    def _hear(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, WagerMatched):
                quoter, side = self._placed[event.ref]
                quoter.book_fill(side, event.stake_cents + event.profit_cents)
                if event.ref not in self.participant.live:
                    self._stage.env.process(quoter.refill())
