"""One account of the sandbox: its wagers as they were kept, its fills, and its ledger."""

from collections.abc import Sequence
from typing import Protocol

from sim.exchange.exchange_account import result_of
from sim.exchange.exchange_settings import BalanceMode
from sim.sandbox.api_errors import RefusedError
from sim.sandbox.shifted_exchange import ShiftedExchange
from sim.sandbox.transactions import Transactions
from sim.sandbox.wager_records import Fill, WagerRecord
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    Event,
    MarketSettled,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    WagerWiped,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Catalogue, Result

# With these the exchange refuses a call and not one of its wagers.
_OF_THE_CALL = ("rate_limit_reached", "order_limit_exceeded", "err_order_placement_disabled")


class TellUpdate(Protocol):
    """Takes the news of a wager: the fill that it is, or a change of its state."""

    def __call__(self, record: WagerRecord, fill: Fill | None) -> None:
        """Tell whoever listens to the account."""


class ApiAccount:
    """An account that key pairs name: a participant of the exchange, and what is kept of it.

    The exchange forgets a wager that ended; here every one is kept, the oldest first. Amounts are
    cents.
    """

    def __init__(
        self,
        partner_id: str,
        stage: ShiftedExchange,
        catalogue: Catalogue,
        tell: TellUpdate,
    ) -> None:
        """Open the account with the exchange's starting balance."""
        exchange = stage.exchange
        balance_cents = exchange.settings.starting_balance_cents
        self.partner_id = partner_id
        self.participant = exchange.open_account(partner_id, balance_cents, self._hear)
        self.ledger = Transactions(stage.now_ns(), balance_cents)
        self.records: dict[str, WagerRecord] = {}
        self._by_ref: dict[WagerRef, WagerRecord] = {}
        self._exchange = exchange
        self._catalogue = catalogue
        self._stage = stage
        self._now_ns = stage.now_ns
        self._tell = tell
        self._fills = 0
        self._commission_cents = 0
        self.immediate = exchange.settings.balance_mode is BalanceMode.IMMEDIATE

    # Requests ---------------------------------------------------------------------------------

    def may_ask(self) -> bool:
        """Count a request against the account's rate limit; tell whether it is within it."""
        return self.participant.admit_request(self._stage.env.now_ns)

    def credit_cents(self) -> int:
        """Return the exposure credit of the account."""
        return self.participant.credit_cents(self._stage.env.now_ns)

    def place(self, requests: Sequence[PlaceWager]) -> list[WagerRecord | RefusedError]:
        """Place wagers; each stands or falls on its own, unless the whole call is refused."""
        answers = self._exchange.place(self.participant, requests)
        rejections = [answer for answer in answers if isinstance(answer, WagerRejected)]
        codes = [answer.code for answer in rejections]
        if len(codes) == len(answers) and set(codes) & set(_OF_THE_CALL):
            raise RefusedError(codes[0])
        return [
            RefusedError(answer.code) if isinstance(answer, WagerRejected) else self._keep(request)
            for request, answer in zip(requests, answers, strict=True)
        ]

    def cancel(self, records: Sequence[WagerRecord]) -> list[WagerRecord | RefusedError]:
        """Withdraw wagers; each stands or falls on its own, unless the whole call is refused."""
        answers = self._exchange.cancel(self.participant, [r.request.ref for r in records])
        refused = [answer for answer in answers if isinstance(answer, CancelRefused)]
        if refused and refused[0].code in _OF_THE_CALL:
            raise RefusedError(refused[0].code)
        self._hear(tuple(answer for answer in answers if isinstance(answer, WagerCancelled)))
        return [
            RefusedError(answer.code) if isinstance(answer, CancelRefused) else record
            for record, answer in zip(records, answers, strict=True)
        ]

    def cancel_all(
        self,
        event_id: EventId | None = None,
        market_id: MarketId | None = None,
        line_id: LineId | None = None,
    ) -> None:
        """Withdraw what is open of an event, a market or a line, or of everything."""
        code = self._exchange.cancel_all(self.participant, event_id, market_id, line_id)
        if code is not None:
            raise RefusedError(code)

    def _keep(self, request: PlaceWager) -> WagerRecord:
        line = self._catalogue.lines[request.line_id]
        now_ns = self._now_ns()
        record = WagerRecord(
            number=len(self.records) + 1,
            partner_id=self.partner_id,
            request=request,
            line=line,
            type=self._catalogue.markets[line.market_key].type,
            created_ns=now_ns,
            updated_ns=now_ns,
            stake_cents=request.stake_cents,
        )
        self.records[record.order_id] = self._by_ref[request.ref] = record
        if self.immediate:
            self.ledger.book(now_ns, "TRADE", -request.stake_cents, record.order_id)
        return record

    # What happens -----------------------------------------------------------------------------

    def _hear(self, events: tuple[Event, ...]) -> None:
        for event in events:
            match event:
                case WagerMatched():
                    self._match(event)
                case WagerOpened():
                    self._enter(self._by_ref[event.ref], "open")
                case WagerInvalid():
                    self._withdraw(self._by_ref[event.ref], "invalid")
                case WagerCancelled():
                    self._withdraw(self._by_ref[event.ref], "canceled")
                case WagerWiped():
                    self._withdraw(self._by_ref[event.ref], "wiped")
                case MarketSettled():
                    self._settle(event)

    def _enter(self, record: WagerRecord, status: str) -> None:
        record.enter(status, self._now_ns())
        self._tell(record, None)

    def _match(self, event: WagerMatched) -> None:
        record = self._by_ref[event.ref]
        self._fills += 1
        now_ns = self._now_ns()
        fill = record.match(event, self._fills, now_ns)
        if not self.immediate:
            self.ledger.book(now_ns, "TRADE", -fill.stake_cents, record.order_id)
        self._tell(record, fill)

    def _withdraw(self, record: WagerRecord, status: str) -> None:
        now_ns = self._now_ns()
        unmatched_cents = record.stake_cents - record.matched_cents
        record.withdraw(status, now_ns)
        if self.immediate:
            self.ledger.book(now_ns, "CANCEL", unmatched_cents, record.order_id)
        self._tell(record, None)

    def _settle(self, event: MarketSettled) -> None:
        results = dict(event.results)
        for record in self.records.values():
            if record.fills and record.line.market_key == event.market_key:
                opposite = self._catalogue.opposite(record.line.line_id)
                result = result_of(record.line.line_id, opposite.line_id, results)
                self._pay(record, result)
                for status in record.settle(result, self._now_ns()):
                    self._enter(record, status)
        taken_cents = self.participant.account.commission_cents - self._commission_cents
        self._commission_cents += taken_cents
        if taken_cents > 0:
            self.ledger.book(self._now_ns(), "COMMISSION", -taken_cents)
        else:
            self.ledger.correct(self._now_ns(), -taken_cents)

    def _pay(self, record: WagerRecord, result: Result) -> None:
        due_cents = record.payment_cents(result) - record.paid_cents
        record.paid_cents += due_cents
        if record.settled_ns is None:
            type_ = {Result.PUSHED: "PUSH", Result.VOIDED: "VOID"}.get(result, "PAY")
            self.ledger.book(self._now_ns(), type_, due_cents, record.order_id)
        else:
            self.ledger.correct(self._now_ns(), due_cents, record.order_id)
