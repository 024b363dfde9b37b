"""The conditions of a session of real money, beside the ceilings of the guard.

It needs the watchdog, a passed rehearsal of its code and configuration, and a person who confirms
the account's balance. The first session of an account trades under a tenth of the ceilings.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from live.session.admission.guard import MAX_LOSS, MAX_STAKE, Ceilings, ceilings_of, operator_words
from live.session.admission.rehearsal_record import VALID_DAYS, days_since, find_record
from live.session.gateway import Venue
from live.wall_clock import WallClock
from recordings.writing import write_text
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, CredentialsError
from strategies.trading.model.money import cents_from_dollars, dollars_text
from strategies.trading.risk.limits import Limits

CONFIRMED = "PROPHETX_CONFIRMED_BALANCE"
_FIRST_SESSION = "first-session.json"
_FIRST_SHARE = 10

# Asks the person at the terminal; None if nobody is there.
Ask = Callable[[str], Awaitable[str | None]]


async def ask_nobody(_: str) -> None:
    """Return no answer: nobody is at a terminal."""


class Condition(NamedTuple):
    """A condition of real money: how it is met, or what is missing and the remedy."""

    name: str
    text: str
    is_met: bool


class RealMoney:
    """The conditions of one start at an exchange of real money, or in a drill of it."""

    def __init__(
        self, venue: Venue, environ: Mapping[str, str], configuration: str, folder: Path
    ) -> None:
        """Use the words of an operator, and what is on record in the `folder` of the account."""
        self._venue = venue
        self._environ = environ
        self._configuration = configuration
        self._first_session = folder / _FIRST_SESSION

    @property
    def is_first(self) -> bool:
        """Return whether no session of this account has ended with nothing open."""
        return not self._first_session.exists()

    def require_rehearsal(self) -> None:
        """Raise ConfigError unless a rehearsal of this code and configuration is on record."""
        find_record(self._configuration, WallClock().wall_ns(), self._environ)

    def admit(self, limits: Limits) -> Limits:
        """Return the limits that the ceilings permit: a tenth of them in the first session.

        Raise ConfigError if the arming word or a ceiling is missing, or too low to trade with.
        """
        ceilings = self._ceilings()
        if ceilings.max_stake_cents < limits.min_stake_cents:
            message = (
                f"{MAX_STAKE}: {dollars_text(ceilings.max_stake_cents)} may be staked"
                f"{' in the first session, a tenth of it' if self.is_first else ''}, less than "
                f"risk.min_stake, {dollars_text(limits.min_stake_cents)}; raise it or lower that"
            )
            raise ConfigError(message)
        return ceilings.clamp(limits)

    async def confirm(self, balance_cents: int, ask: Ask, stop: asyncio.Event) -> None:
        """Return once an operator has confirmed the balance that the account shows.

        That is done at the terminal, or for a service by a variable of the environment. Raise
        ConfigError if it is not, or is another amount.
        """
        shown = dollars_text(balance_cents)
        confirmed = operator_words(self._environ).get(CONFIRMED)
        if confirmed is not None:
            self._require_near(_cents(CONFIRMED, confirmed), balance_cents)
            return
        kind = "a drill of real money" if self._venue.drill else "REAL MONEY"
        question = (
            f"{self._venue.name} ({self._venue.host}): {kind}; the account holds {shown}.\n"
            "Type this balance to trade with it: "
        )
        answer = await _unless_stopped(ask(question), stop)
        if answer is None:
            message = (
                f"balance: nobody confirmed that the account holds {shown}, so nothing was placed; "
                f"type it at a terminal, or set {CONFIRMED}"
            )
            raise ConfigError(message)
        if _cents("balance", answer) != balance_cents:
            message = (
                f"balance: {answer.strip()!r} is not what the account holds, {shown}, so nothing "
                "was placed"
            )
            raise ConfigError(message)

    def completed(self) -> None:
        """Put on record that a session of this account ended with nothing open."""
        if self.is_first:
            content = {"ended_ns": WallClock().wall_ns(), "exchange": self._venue.name}
            text = msgspec.json.encode(content).decode()
            write_text(self._first_session, f"{text}\n", private=True)

    def conditions(self, limits: Limits, balance_cents: int) -> Iterator["Condition"]:
        """Yield every condition with its state: met, or what is missing and the remedy."""
        yield _judged("ceilings", lambda: f"armed; {self.limits_text(self.admit(limits))}")
        yield _judged("rehearsal", self._rehearsal_text)
        yield Condition("watchdog", "trade starts it, if run.watchdog_seconds is not null", True)
        yield _judged("balance", lambda: self._balance_text(balance_cents))

    def limits_text(self, limits: Limits) -> str:
        """Return in words what limits permit, which `admit` returned."""
        first = "; the first session of this account: a tenth of the ceilings" * self.is_first
        return (
            f"stake {dollars_text(limits.max_stake_cents)}, exposure "
            f"{dollars_text(limits.max_total_exposure_cents)}, loss of a day "
            f"{dollars_text(limits.max_daily_loss_cents)}{first}"
        )

    def _ceilings(self) -> Ceilings:
        ceilings = ceilings_of(self._environ)
        return ceilings.divided(_FIRST_SHARE) if self.is_first else ceilings

    def _rehearsal_text(self) -> str:
        now_ns = WallClock().wall_ns()
        record = find_record(self._configuration, now_ns, self._environ)
        ago = counted(days_since(record, now_ns), "day")
        return f"passed {ago} ago, at most {VALID_DAYS} are valid"

    def _balance_text(self, balance_cents: int) -> str:
        confirmed = operator_words(self._environ).get(CONFIRMED)
        if confirmed is None:
            return f"trade asks for it: {dollars_text(balance_cents)}"
        self._require_near(_cents(CONFIRMED, confirmed), balance_cents)
        return f"confirmed by {CONFIRMED}"

    def _require_near(self, confirmed_cents: int, balance_cents: int) -> None:
        """Raise ConfigError if a balance is further from what was confirmed than a day may lose.

        A service is started again without a person, after it has won or lost something.
        """
        most_cents = ceilings_of(self._environ).max_daily_loss_cents
        if abs(balance_cents - confirmed_cents) > most_cents:
            message = (
                f"{CONFIRMED}: {dollars_text(confirmed_cents)} is further from the account's "
                f"{dollars_text(balance_cents)} than {MAX_LOSS}, {dollars_text(most_cents)}; look "
                "at the account, and set it to what it holds"
            )
            raise ConfigError(message)


async def _unless_stopped(answering: Awaitable[str | None], stop: asyncio.Event) -> str | None:
    """Return an answer, None if the session is stopped before."""
    asking = asyncio.ensure_future(answering)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
        return asking.result() if asking.done() else None
    finally:
        asking.cancel()
        stopping.cancel()


def _cents(name: str, text: str) -> int:
    try:
        return cents_from_dollars(float(text.strip().lstrip("$").replace(",", "")))
    except (ValueError, ArithmeticError):
        message = f"{name}: {text.strip()!r} is no amount of dollars; write it as 1234.56"
        raise ConfigError(message) from None


def _judged(name: str, text: Callable[[], str]) -> Condition:
    """Return a condition, which is met unless its text raises why it is not."""
    try:
        return Condition(name, text(), True)
    except (ConfigError, CredentialsError) as refusal:
        return Condition(name, f"NOT MET: {refusal}", False)
