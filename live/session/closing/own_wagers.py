"""What a session may cancel on an account that another one trades too: its own wagers alone."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from live.session.closing.closing import Closing
from live.session.gateway import Gateway, Notify, OpenWager, OpenWagers
from strategies.trading.desk.assembly import DeskSettings
from strategies.trading.model.counted import counted
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import AccountInUseError, JournalError
from strategies.trading.model.ids import EventId, WagerRef


class OwnWagers:
    """The `OpenWagers` of one session, by their references: they are cancelled one by one."""

    def __init__(self, account: OpenWagers, is_ours: Callable[[WagerRef], bool]) -> None:
        """Take what is open on the account, and which references are ours."""
        self._account = account
        self._is_ours = is_ours
        self.venue_name = account.venue_name
        self.late_seconds = account.late_seconds
        self._listed: Sequence[OpenWager] = ()

    def known(self) -> Sequence[OpenWager]:
        """Return what may be open by what was last reported, without a request."""
        return self._ours(self._account.known())

    def unanswered(self) -> Sequence[str]:
        """Return the placements without a response that were not found so far, in words."""
        return self._account.unanswered()

    async def listed(self) -> Sequence[OpenWager]:
        """Return what the exchange lists as open of ours."""
        self._listed = self._ours(await self._account.listed())
        return self._listed

    async def cancel_all(self) -> bool:
        """Cancel everything of ours; return whether there was anything."""
        wagers = await self.listed()
        # One that failed is listed again in the next round.
        await asyncio.gather(*map(self.cancel_wager, wagers), return_exceptions=True)
        return bool(wagers)

    async def cancel_event(self, event_id: EventId) -> None:
        """Cancel everything of ours on one event, by the last list and by what is known.

        A list of its own for each of many events would use up the rate limit of an end.
        """
        wagers = {wager.number: wager for wager in (*self._listed, *self.known())}
        of_event = [wager for wager in wagers.values() if wager.event_id == event_id]
        await asyncio.gather(*map(self.cancel_wager, of_event), return_exceptions=True)

    async def cancel_wager(self, wager: OpenWager) -> None:
        """Cancel one wager."""
        await self._account.cancel_wager(wager)

    async def texts(self, wagers: Sequence[OpenWager]) -> list[str]:
        """Return wagers in words by which a person can find them."""
        return await self._account.texts(wagers)

    def _ours(self, wagers: Sequence[OpenWager]) -> list[OpenWager]:
        return [wager for wager in wagers if self._is_ours(wager.ref)]


class AccountUse:
    """Whether a session is alone on its account, and so what it may cancel there.

    Until that is known, and once another session shows, it may cancel wagers of its own alone: what
    else is open may be the quotes of a session on another machine.
    """

    def __init__(
        self,
        gateway: Gateway,
        desk: DeskSettings,
        journaled: Mapping[WagerRef, EarlierWager],
        notify: Notify,
    ) -> None:
        """Take for ours what the desk's name and token begin, and what is in the journal."""
        self._gateway = gateway
        self._name = desk.session_name
        self._ref_prefix = f"{desk.session_name}-{desk.ref_token}-"
        self._journaled = journaled
        self._notify = notify
        self.is_alone = False

    @property
    def whose(self) -> str:
        """Return in words whose wagers are cancelled."""
        return "" if self.is_alone else " of this session"

    def is_ours(self, ref: WagerRef) -> bool:
        """Return whether a reference is one of this session, whatever its start."""
        return ref.startswith(self._ref_prefix) or ref in self._journaled

    async def take_over(self, closing_seconds: float, journal: Path) -> None:
        """Leave nothing open of earlier starts; raise AccountInUseError or JournalError."""
        # The exchange permits a query a second: this takes some.
        name = self._gateway.account_wagers.venue_name
        self._notify(f"looking for wagers of earlier starts at {name}")
        await self.require_alone()
        await self.closing(closing_seconds).run()
        await self.require_whole_journal(journal)

    async def require_alone(self) -> None:
        """Raise AccountInUseError if wagers are open that another session may be trading with."""
        account = self._gateway.account_wagers
        others = [each for each in await account.listed() if not self.is_ours(each.ref)]
        if others:
            number, (first,) = counted(len(others), "wager"), await account.texts(others[:1])
            message = (
                f"{number} at {account.venue_name} not of this session, first {first}; end the "
                "session that trades this account, or cancel them with python -m live cancel-all"
            )
            raise AccountInUseError(message)
        self.is_alone = True

    async def require_whole_journal(self, path: Path) -> None:
        """Raise JournalError if the exchange knows positions under our name that we do not."""
        name, venue = self._name, self._gateway.market.venue
        missing = await self._gateway.unjournaled(name, self._journaled)
        for text in missing:
            self._notify(f"not in the journal: {text}")
        if missing:
            message = (
                f"{path}: lacks {counted(len(missing), 'wager')} that "
                f"{venue.name} knows under the name {name}; the journal was cut, or "
                "another folder traded under it. Restore it, or use another session.name"
            )
            raise JournalError(message)

    def closing(self, seconds: float, remedy: str = "") -> Closing:
        """Return what cancels everything that may be cancelled."""
        account = self._gateway.account_wagers
        wagers = account if self.is_alone else OwnWagers(account, self.is_ours)
        return Closing(wagers, self._notify, seconds, remedy=remedy)
