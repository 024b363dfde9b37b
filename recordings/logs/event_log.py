"""Lines of a log on what happens to wagers: fills, refusals and halts, each with its reason."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

from recordings.logs.run_log import RunLog
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import CancelAll, CancelWager, PlaceWager
from strategies.trading.model.events import (
    RUN_ENDED,
    CancelRefused,
    TradeBroken,
    TradingState,
    TradingStateSet,
    WagerInvalid,
    WagerMatched,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.money import dollars_text
from strategies.trading.model.odds import Odds
from strategies.trading.ports.journal import Denial


class LoggedWager(Protocol):
    """What a line says of a wager."""

    @property
    def line_id(self) -> LineId:
        """Return the line that it is on."""

    @property
    def odds(self) -> Odds:
        """Return its odds."""

    @property
    def stake_cents(self) -> int:
        """Return its stake."""

    @property
    def matched_cents(self) -> int:
        """Return how much of its stake is matched."""


class EventLog:
    """Logs what a desk's journal records; `find` returns our wager of a reference.

    Fills and refusals are info, broken trades warnings, halts errors; commands and our own denials
    are debug. An input is noted before the desk applies it.
    """

    def __init__(
        self, log: RunLog, catalogue: Catalogue, find: Callable[[WagerRef], LoggedWager | None]
    ) -> None:
        """Log to this log."""
        self._log = log
        self._catalogue = catalogue
        self._find = find
        self._notes: dict[type, Callable[[Any], None]] = {
            WagerMatched: self._fill,
            WagerRejected: self._refusal,
            WagerInvalid: self._refusal,
            CancelRefused: self._refusal,
            WagerWiped: self._wiped,
            TradeBroken: self._broken,
            TradingStateSet: self._state,
        }
        if log.logs(logging.DEBUG):
            self._notes |= {
                PlaceWager: self._placed,
                CancelWager: self._cancelled,
                CancelAll: self._cancelled,
                Denial: self._denial,
            }

    def note(self, payload: object) -> None:
        """Log an input, a command or a denial, if it is one of those that are logged."""
        note = self._notes.get(type(payload))
        if note is not None:
            note(payload)

    def _fill(self, fill: WagerMatched) -> None:
        wager = self._find(fill.ref)
        if wager is not None and 0 < fill.total_cents <= wager.matched_cents:
            # A repeat.
            return
        to_win = dollars_text(fill.profit_cents)
        named = self._named(fill.ref, fill.odds, fill.stake_cents)
        fields = {
            "event": "fill",
            "ref": fill.ref,
            "line_id": None if wager is None else wager.line_id,
            "odds": int(fill.odds),
            "stake_cents": fill.stake_cents,
            "profit_cents": fill.profit_cents,
        }
        self._log.event(logging.INFO, f"fill: {named}, to win {to_win}", fields)

    def _refusal(self, event: WagerRejected | WagerInvalid | CancelRefused) -> None:
        what = {
            WagerRejected: "wager refused",
            WagerInvalid: "wager failed its activation",
            CancelRefused: "cancel refused",
        }[type(event)]
        fields = {"event": "refusal", "ref": event.ref, "code": event.code}
        self._log.event(logging.INFO, f"{what}: {event.code}: {self._named(event.ref)}", fields)

    def _wiped(self, event: WagerWiped) -> None:
        fields = {"event": "wiped", "ref": event.ref, "unmatched_cents": event.unmatched_cents}
        self._log.event(logging.INFO, f"wiped by the exchange: {self._named(event.ref)}", fields)

    def _broken(self, event: TradeBroken) -> None:
        fields = {"event": "broken trade", "ref": event.ref, "stake_cents": event.stake_cents}
        text = f"trade broken: {dollars_text(event.stake_cents)} of {self._named(event.ref)}"
        self._log.event(logging.WARNING, text, fields)

    def _state(self, event: TradingStateSet) -> None:
        fields = {"event": "state", "state": event.state.value, "reason": event.reason}
        is_halt = event.state is TradingState.HALTED and event.reason != RUN_ENDED
        level = logging.ERROR if is_halt else logging.INFO
        self._log.event(level, f"{event.state}: {event.reason}", fields)

    def _placed(self, place: PlaceWager) -> None:
        named = self._catalogue.wager_text(place.ref, place.line_id, place.odds, place.stake_cents)
        self._log.event(logging.DEBUG, f"place: {named}", {"event": "place", "ref": place.ref})

    def _cancelled(self, command: CancelWager | CancelAll) -> None:
        ref = command.ref if isinstance(command, CancelWager) else ""
        named = self._named(command.ref) if isinstance(command, CancelWager) else "everything"
        self._log.event(logging.DEBUG, f"cancel: {named}", {"event": "cancel", "ref": ref})

    def _denial(self, denial: Denial) -> None:
        fields = {"event": "denial", "control": denial.control, "line_id": denial.line_id}
        text = f"denied by {denial.control}: {denial.reason}"
        self._log.event(logging.DEBUG, text, fields)

    def _named(
        self, ref: WagerRef, odds: Odds | None = None, stake_cents: int | None = None
    ) -> str:
        wager = self._find(ref)
        if wager is None:
            return str(ref)
        return self._catalogue.wager_text(
            ref,
            wager.line_id,
            wager.odds if odds is None else odds,
            wager.stake_cents if stake_cents is None else stake_cents,
        )
