"""Writes the recording of one game: its touches, its start, and its results at the end."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from recordings.importers.contract_prices import ContractPrices
from recordings.importers.polymarket.contract_slugs import ContractSlug
from recordings.importers.polymarket.game_starts import GameStart
from recordings.importers.polymarket.quote_files import Label
from recordings.tape import UNREPORTED_CENTS, Clocks, Unreported
from recordings.writer import TapeWriter
from strategies.trading.model.ids import EventId
from strategies.trading.model.market import EventStatus, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND

# Quotes were taken every two minutes. Of a longer silence nobody knows what was quoted.
LONGEST_SILENCE_NS = 600 * NS_PER_SECOND
_SILENCE_NOTICED_NS = 300 * NS_PER_SECOND
RESULTS_AFTER_NS = 120 * NS_PER_SECOND
_SPORTS = {"mlb": "baseball", "nba": "basketball", "nfl": "american football", "nhl": "ice hockey"}
_SPORTS |= {"wnba": "basketball", "cbb": "basketball", "cfb": "american football"}
_QUESTION = re.compile(r"(?:Who will win in the upcoming \w+ event )?(.+?) vs\.? (.+)")
_SCHEDULED = " scheduled for "
_QUESTION_CUT_AT = 80

# Time, contract, bid and ask: in nanoseconds since the epoch, by name, in dollars or None.
ContractQuote = tuple[int, str, float | None, float | None]


class ContractTouch(NamedTuple):
    """The best odds that a taker gets on the lines of `yes` and `no`, None where nothing is."""

    yes: Odds | None = None
    no: Odds | None = None


class GameTape:
    """Writes the quotes of a game's contracts.

    `crossed` counts quotes whose bid is not below their ask, which are left out, and `gaps` the
    silences between quotes that are longer than ten minutes.
    """

    def __init__(
        self, folder: Path, source: str, contracts: Sequence[ContractSlug], start: GameStart
    ) -> None:
        """Begin the recording of a game in a new folder, with the contracts that it has."""
        self.crossed = 0
        self.gaps = 0
        unreported = (Unreported.AMOUNTS, Unreported.TRADES)
        self.writer = TapeWriter(
            folder, source=source, simulated=False, clocks=Clocks.ONE, unreported=unreported
        )
        self.prices = ContractPrices(self.writer.info.ladder)
        self._contracts = {contract.slug: contract for contract in contracts}
        self._start = start
        self._live = False
        self._last_ns = 0
        self._touches = dict.fromkeys(self._contracts, ContractTouch())

    def write(
        self, event: SportEvent, quotes: Sequence[ContractQuote], labels: Mapping[str, Label]
    ) -> None:
        """Write everything: quotes in order of time, then the results of those with a label."""
        self._describe(event)
        before_ns = quotes[0][0]
        self._open(before_ns)
        for ns, message in groupby(quotes, itemgetter(0)):
            lost = ns - before_ns > LONGEST_SILENCE_NS
            if lost:
                self._write_gap(before_ns)
            self._go_live(ns)
            self._write_touches(ns, message, after_gap=lost)
            before_ns = ns
        self._write_results(before_ns + RESULTS_AFTER_NS, labels)

    def _describe(self, event: SportEvent) -> None:
        self._event = self.writer.add_event(event)
        self._lines: dict[str, tuple[int, int]] = {}
        for slug, contract in self._contracts.items():
            self.writer.add_market(contract.market())
            yes, no = contract.lines()
            self._lines[slug] = self.writer.add_line(yes), self.writer.add_line(no)

    def _open(self, ns: int) -> None:
        self._begin_message(ns)
        self.writer.schedule(self._event, self._start.ns)
        for market in range(len(self.writer.info.markets)):
            self.writer.market_status(market, MarketStatus.OPEN)

    def _begin_message(self, ns: int) -> None:
        """Begin a message; a start that falls into a noticed gap comes behind its beginning."""
        self._last_ns = max(self._last_ns, ns)
        self.writer.begin_message(self._last_ns, self._last_ns)

    def _go_live(self, ns: int) -> None:
        if self._start.is_seen and not self._live and ns >= self._start.ns:
            self._live = True
            self._begin_message(self._start.ns)
            self.writer.event_status(self._event, EventStatus.LIVE)

    def _write_gap(self, before_ns: int) -> None:
        self.gaps += 1
        self._begin_message(before_ns + _SILENCE_NOTICED_NS)
        self.writer.feed_lost("no quotes were recorded for ten minutes or more")

    def _write_touches(self, ns: int, quotes: Iterator[ContractQuote], *, after_gap: bool) -> None:
        changes = [change for quote in quotes for change in self._changes(*quote[1:])]
        if changes or after_gap:
            self._begin_message(ns)
        # What is gone first, so that no touch of one moment crosses that of another.
        for line, odds, cents in sorted(changes, key=lambda change: change[2] != 0):
            self.writer.offer(line, odds, cents)
        if after_gap:
            self.writer.feed_restored()

    def _changes(
        self, slug: str, bid: float | None, ask: float | None
    ) -> Iterator[tuple[int, Odds, int]]:
        """Yield (line, odds, cents) of the offers that a quote changes."""
        if bid is not None and ask is not None and bid >= ask:
            self.crossed += 1
            return
        touch = ContractTouch(
            None if ask is None else self.prices.odds(_dollars(ask)),
            None if bid is None else self.prices.odds(1 - _dollars(bid)),
        )
        for line, old, new in zip(self._lines[slug], self._touches[slug], touch, strict=True):
            if old != new:
                if old is not None:
                    yield line, old, 0
                if new is not None:
                    yield line, new, UNREPORTED_CENTS
        self._touches[slug] = touch

    def _write_results(self, ns: int, labels: Mapping[str, Label]) -> None:
        self._begin_message(ns)
        settled = False
        for slug, (yes, no) in self._lines.items():
            won = labels[slug].won if slug in labels else None
            if won is not None:
                settled = True
                self.writer.result(yes, Result.WON if won else Result.LOST)
                self.writer.result(no, Result.LOST if won else Result.WON)
        if settled:
            self.writer.event_status(self._event, EventStatus.ENDED)
        else:
            self.writer.info.unreported += (Unreported.RESULTS,)
            self.writer.feed_lost("the quotes end")


def sport_event(contracts: Sequence[ContractSlug], question: str, start_ns: int) -> SportEvent:
    """Return a game, its teams named as in the question on its moneyline, where that is whole."""
    contract = contracts[0]
    away, home = _team_names(question) or ("", "")
    away, home = away or contract.first_team.upper(), home or contract.second_team.upper()
    return SportEvent(
        event_id=EventId(contract.game),
        name=f"{away} at {home}",
        home=home,
        away=away,
        tournament=contract.league.upper(),
        sport=_SPORTS.get(contract.league, contract.league),
        scheduled_ns=start_ns,
    )


def moneyline(contracts: Sequence[ContractSlug]) -> ContractSlug | None:
    """Return the contract on the winner of the game, if it is among these."""
    return next((each for each in contracts if each.type is MarketType.MONEYLINE), None)


def _team_names(question: str) -> tuple[str, str] | None:
    """Return the names of both teams; the second is empty where the question was cut in it."""
    found = _QUESTION.fullmatch(question)
    if found is None:
        return None
    first, second = found.groups()
    whole, _, _ = second.partition(_SCHEDULED)
    if whole == second and len(question) >= _QUESTION_CUT_AT:
        # Cut within " scheduled for ...", or within the name, whose rest nobody knows.
        ends = (n for n in range(len(_SCHEDULED), 1, -1) if second.endswith(_SCHEDULED[:n]))
        end = next(ends, None)
        whole = second[:-end] if end else ""
    return first, whole


def _dollars(price: float) -> Decimal:
    return Decimal(f"{price:.4f}")
