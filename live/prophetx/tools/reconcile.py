"""Compares a session's journal with its exchange, wager by wager; changes and writes nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from conf.modes import Mode
from conf.saved_targets import saved_exchange, saved_mode
from live.prophetx.connection import Connection, balance_at_login, require_live_parts
from live.prophetx.market_data.offered_catalogue import offered_catalogue
from live.prophetx.orders.order_history import (
    HISTORY_SECONDS,
    OrderHistory,
    is_open,
    is_unjournaled,
    is_void,
    wager_text,
)
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.stream import StreamSettings
from live.prophetx.wire.orders import WireOrder
from live.session.session_folder import SESSIONS, require_name
from live.wall_clock import WallClock
from recordings.journal.entries import JOURNAL
from recordings.journal.journal_reader import JournalReader
from recordings.journal.session_lock import session_lock
from recordings.journal.wager_history import WagerHistory
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import ConfigError, TradingError
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.money import dollars_text
from strategies.trading.model.setting_reader import SettingError
from strategies.trading.model.units import NS_PER_SECOND


class AccountDifferenceError(TradingError):
    """The journal and the exchange differ."""


class Stakes(NamedTuple):
    """Open and matched stake of one wager or of all, in cents."""

    open_cents: int
    matched_cents: int


class Comparison(NamedTuple):
    """The stakes of the journal and of the exchange, its balance, and one line per difference.

    `older` counts the wagers of the journal that are older than the exchange's history. With
    `is_refused` one of the two lacks what the other has, so that no start can go on from there.
    """

    venue_name: str
    journal: Stakes
    exchange: Stakes
    balance_cents: int
    older: int
    differences: list[str]
    is_refused: bool

    def lines(self) -> Iterator[str]:
        """Yield the comparison line by line, for a person."""
        yield f"{'':<12}{'journal':>14}  {self.venue_name:>14}"
        sides = zip(("open", "matched"), self.journal, self.exchange, strict=True)
        for title, ours, theirs in sides:
            yield f"{title:<12}{dollars_text(ours):>14}  {dollars_text(theirs):>14}"
        yield f"{'balance':<12}{'':>14}  {dollars_text(self.balance_cents):>14}"
        if self.older:
            yield f"{counted(self.older, 'wager')} older than the exchange's history of a week"
        yield from self.differences

    def require_agreement(self) -> None:
        """Raise AccountDifferenceError, with what the next start does, if there are differences."""
        if not self.differences:
            return
        then = (
            f"the next start cancels what is open at {self.venue_name}, and applies the missing "
            "updates of the markets that it follows"
        )
        if self.is_refused:
            then = (
                f"no start can go on from there: restore the journal, or, if {self.venue_name} "
                "was restarted, use another session.name"
            )
        message = f"{counted(len(self.differences), 'difference')}; {then}"
        raise AccountDifferenceError(message)


class Reconciliation:
    """One session's journal and its exchange, from configured parts.

    The exchange is the one at which the session last traded, as saved with it; `note` says so if
    another was configured.
    """

    def __init__(
        self,
        *,
        feed: StreamSettings,
        clock: Callable[..., WallClock],
        prophet: Endpoint,
        session: Mapping[str, Any],
    ) -> None:
        """Prepare; raise ConfigError for invalid settings."""
        require_live_parts(feed, clock)
        self.endpoint = prophet
        self.clock = clock()
        self.note = ""
        self._make_clock = clock
        self._name = session["name"]

    def journaled(self, home: Path) -> dict[WagerRef, EarlierWager]:
        """Return the session's wagers as in its journal, in the order of placing.

        Raise ConfigError if there is no such session or it traded on paper, and JournalError if it
        is running.
        """
        folder = home / SESSIONS / require_name(self._name)
        shown = folder.relative_to(home)
        if not (folder / JOURNAL).exists():
            message = f"{shown}: there is no session"
            raise ConfigError(message)
        for start in sorted(folder.glob("start-*.yaml"))[-1:]:
            if saved_mode(start) is Mode.PAPER:
                message = (
                    f"{shown}: it traded on paper, so nothing of it is at {self.endpoint.name}"
                )
                raise ConfigError(message)
            self._choose_exchange(start)
        path = folder / JOURNAL
        # Wagers in flight in a running session would differ without being wrong.
        with session_lock(path), JournalReader(path) as journal:
            return WagerHistory(journal.entries()).wagers

    def _choose_exchange(self, start: Path) -> None:
        """Ask the exchange at which the session traded, whatever the command line names."""
        saved = saved_exchange(start)
        if saved is None:
            return
        try:
            traded_at = msgspec.convert(saved, Endpoint)
        except (msgspec.ValidationError, SettingError) as error:
            message = f"{start}: prophet: {error}"
            raise ConfigError(message) from error
        if traded_at.root != self.endpoint.root:
            self.note = (
                f"the session traded at {traded_at.name}, {traded_at.root}: "
                f"that is asked, not {self.endpoint.root}"
            )
        self.endpoint = traded_at
        self.clock = self._make_clock(speed=traded_at.speed)

    async def compare(
        self, wagers: Mapping[WagerRef, EarlierWager], connection: Connection
    ) -> Comparison:
        """Return the comparison with the exchange; raise ExchangeError if it cannot be reached."""
        balance = await balance_at_login(connection)
        orders = await OrderHistory(connection.client).recent()
        oldest = connection.client.exchange_seconds() - HISTORY_SECONDS
        oldest_ns = oldest * NS_PER_SECOND
        recent = [wager for wager in wagers.values() if wager.placed_ns >= oldest_ns]
        ours = {order.ref: order for order in orders if order.ref in wagers}
        unknown = [
            order
            for order in orders
            if (is_open(order) and order.ref not in wagers)
            or is_unjournaled(order, str(self._name), wagers)
        ]
        differences = [
            (wager, ours.get(wager.request.ref))
            for wager in recent
            if _in_journal(wager) != _at_exchange(ours.get(wager.request.ref), wager)
        ]
        named = [*unknown, *(order for _, order in differences if order is not None)]
        catalogue = await offered_catalogue(connection.client, named)
        return Comparison(
            venue_name=self.endpoint.name,
            journal=_sum(_in_journal(wager) for wager in recent),
            exchange=_sum(
                _at_exchange(order, wagers.get(order.ref)) for order in [*ours.values(), *unknown]
            ),
            balance_cents=balance.balance_cents,
            older=len(wagers) - len(recent),
            differences=[
                *(_difference(wager, order, catalogue) for wager, order in differences),
                *(_unknown(order, catalogue) for order in unknown),
            ],
            # A start takes one without a response, that is not there, for refused.
            is_refused=any(order is None and wager.updates for wager, order in differences)
            or any(is_unjournaled(order, str(self._name), wagers) for order in unknown),
        )


def _difference(wager: EarlierWager, order: WireOrder | None, catalogue: Catalogue) -> str:
    """Return how a wager differs between journal and exchange."""
    status = "not in its history" if order is None else order.status
    request = wager.request
    named = catalogue.wager_text(request.ref, request.line_id, request.odds, request.stake_cents)
    return (
        f"{named}: {_text(_in_journal(wager))} in the journal; "
        f"{_text(_at_exchange(order, wager))} at the exchange ({status})"
    )


def _unknown(order: WireOrder, catalogue: Catalogue) -> str:
    """Return how a wager differs that the journal does not have."""
    at_exchange = _text(_at_exchange(order))
    return f"{wager_text(order, catalogue)}: not in the journal; {at_exchange} at the exchange"


def _in_journal(wager: EarlierWager) -> Stakes:
    return Stakes(wager.open_cents, wager.matched_cents)


def _at_exchange(order: WireOrder | None, wager: EarlierWager | None = None) -> Stakes:
    if order is None or (is_void(order) and wager is not None and not wager.matched_cents):
        # The exchange goes on to show the fills of a void wager, which the journal has as broken.
        return Stakes(0, 0)
    return Stakes(order.open_cents if is_open(order) else 0, order.filled_cents)


def _sum(stakes: Iterable[Stakes]) -> Stakes:
    all_stakes = list(stakes)
    return Stakes(
        sum(each.open_cents for each in all_stakes), sum(each.matched_cents for each in all_stakes)
    )


def _text(stakes: Stakes) -> str:
    return f"{dollars_text(stakes.open_cents)} open, {dollars_text(stakes.matched_cents)} matched"
