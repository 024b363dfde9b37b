"""One account of the sandbox: its wagers, fills and transactions, kept for queries."""

from collections.abc import Sequence
from typing import Protocol

from sim.exchange.exchange_settings import BalanceMode
from sim.exchange.line_results import result_of
from sim.sandbox.api_errors import RefusedError
from sim.sandbox.shifted_exchange import ShiftedExchange
from sim.sandbox.transactions import Transactions
from sim.sandbox.wager_records import Fill, WagerRecord
from strategies.trading.model.catalogue import Catalogue
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
from strategies.trading.model.market import Result
from strategies.trading.model.odds import Odds


class OnWagerUpdate(Protocol):
    """Receives an update of a wager: a fill, or a change of its status if `fill` is None."""

    def __call__(self, record: WagerRecord, fill: Fill | None) -> None:
        """Send the update to the account's sockets."""


class ApiAccount:
    """The account of an access key: a participant of the exchange, with its full history.

    The exchange drops wagers that ended; `records` keeps all of them by order id, oldest first.
    `immediate` is whether stakes leave the balance at placement. Amounts are cents.
    """

    def __init__(
        self,
        account_id: str,
        shifted_exchange: ShiftedExchange,
        catalogue: Catalogue,
        notify: OnWagerUpdate,
    ) -> None:
        """Open the account with the exchange's starting balance."""
        exchange = shifted_exchange.exchange
        balance_cents = exchange.settings.starting_balance_cents
        self.account_id = account_id
        self.participant = exchange.open_account(account_id, balance_cents, self._on_events)
        self.transactions = Transactions(shifted_exchange.now_ns(), balance_cents)
        self.records: dict[str, WagerRecord] = {}
        self._by_ref: dict[WagerRef, WagerRecord] = {}
        self._exchange = exchange
        self._catalogue = catalogue
        self._shifted_exchange = shifted_exchange
        self._now_ns = shifted_exchange.now_ns
        self._notify = notify
        self._fills = 0
        self._commission_cents = 0
        self.immediate = exchange.settings.balance_mode is BalanceMode.IMMEDIATE

    # Requests ---------------------------------------------------------------------------------

    def admit_request(self) -> bool:
        """Count a request; return whether it is within the account's rate limit."""
        return self.participant.admit_request(self._shifted_exchange.env.now_ns)

    def credit_cents(self) -> int:
        """Return the account's exposure credit in cents."""
        return self.participant.credit_cents(self._shifted_exchange.env.now_ns)

    def place(self, requests: Sequence[PlaceWager]) -> list[WagerRecord | RefusedError]:
        """Place wagers, each with its own result; raise RefusedError for the whole request."""
        refusal = self._exchange.placement_refusal(self.participant, len(requests))
        responses = self._exchange.place(self.participant, requests)
        if refusal is not None:
            raise RefusedError(refusal)
        return [
            RefusedError.of_placement(response.code)
            if isinstance(response, WagerRejected)
            else self._add_record(request)
            for request, response in zip(requests, responses, strict=True)
        ]

    def cancel(self, records: Sequence[WagerRecord]) -> list[WagerRecord | RefusedError]:
        """Cancel wagers, each with its own result; raise RefusedError for the whole request."""
        refusal = self._exchange.cancel_refusal(self.participant, len(records))
        responses = self._exchange.cancel(self.participant, [r.request.ref for r in records])
        if refusal is not None:
            raise RefusedError(refusal)
        self._on_events(
            tuple(response for response in responses if isinstance(response, WagerCancelled))
        )
        return [
            RefusedError(response.code) if isinstance(response, CancelRefused) else record
            for record, response in zip(records, responses, strict=True)
        ]

    def cancel_all(
        self,
        event_id: EventId | None = None,
        market_id: MarketId | None = None,
        line_id: LineId | None = None,
    ) -> None:
        """Cancel what is open of an event, a market or a line, or everything."""
        code = self._exchange.cancel_all(self.participant, event_id, market_id, line_id)
        if code is not None:
            raise RefusedError(code)

    def _add_record(self, request: PlaceWager) -> WagerRecord:
        line = self._catalogue.lines[request.line_id]
        now_ns = self._now_ns()
        record = WagerRecord(
            number=len(self.records) + 1,
            account_id=self.account_id,
            request=request,
            line=line,
            type=self._catalogue.markets[line.market_key].type,
            created_ns=now_ns,
            updated_ns=now_ns,
            stake_cents=request.stake_cents,
        )
        self.records[record.order_id] = self._by_ref[request.ref] = record
        if self.immediate:
            self.transactions.append(now_ns, "TRADE", -request.stake_cents, record.order_id)
        return record

    def has_wager(self, ref: WagerRef) -> bool:
        """Return whether the account placed a wager with this reference."""
        return ref in self._by_ref

    def break_trade(self, ref: WagerRef, number: int | None) -> None:
        """Break a trade of a wager, by the number of its fill, else its last one.

        Raise RefusedError without such a fill, and for what is void already.
        """
        self._refuse_void(self._by_ref[ref])
        fills = [fill for fill in self._by_ref[ref].fills if number in (None, fill.number)]
        if not fills:
            raise RefusedError("data_not_found", f"no fill {number or ''} of a wager {ref}")
        record, fill, now_ns = self._by_ref[ref], fills[-1], self._now_ns()
        matched = WagerMatched(ref, Odds(fill.odds), fill.stake_cents, fill.profit_cents)
        self._exchange.break_trade(self.participant, matched, record.line.line_id)
        record.break_fill(fill, now_ns)
        self.transactions.append(now_ns, "VOID", fill.stake_cents, record.order_id)
        if record.result is not None:
            self._pay(record, record.result)
        self._notify(record, None)

    def void_wager(self, ref: WagerRef) -> None:
        """Break every trade of a wager that ended, as void; its fills are still shown.

        Raise RefusedError if it has no fill, may still be matched, or is void already.
        """
        record, now_ns = self._by_ref[ref], self._now_ns()
        self._refuse_void(record)
        if not record.fills or record.live:
            raise RefusedError("data_not_found", f"no fill of a wager {ref} that has ended")
        for fill in record.fills:
            matched = WagerMatched(ref, Odds(fill.odds), fill.stake_cents, fill.profit_cents)
            self._exchange.break_trade(self.participant, matched, record.line.line_id)
        record.void(now_ns)
        self.transactions.append(now_ns, "VOID", record.matched_cents, record.order_id)
        self._notify(record, None)

    @staticmethod
    def _refuse_void(record: WagerRecord) -> None:
        if record.status == "void":
            message = f"wager {record.request.ref} is void already"
            raise RefusedError("order_is_invalid", message)

    # Private updates --------------------------------------------------------------------------

    def _on_events(self, events: tuple[Event, ...]) -> None:
        for event in events:
            match event:
                case WagerMatched():
                    self._add_fill(event)
                case WagerOpened():
                    self._set_status(self._by_ref[event.ref], "open")
                case WagerInvalid():
                    self._close(self._by_ref[event.ref], "invalid")
                case WagerCancelled():
                    self._close(self._by_ref[event.ref], "canceled")
                case WagerWiped():
                    self._close(self._by_ref[event.ref], "wiped")
                case MarketSettled():
                    self._settle(event)

    def _set_status(self, record: WagerRecord, status: str) -> None:
        record.set_status(status, self._now_ns())
        self._notify(record, None)

    def _add_fill(self, event: WagerMatched) -> None:
        record = self._by_ref[event.ref]
        self._fills += 1
        now_ns = self._now_ns()
        fill = record.add_fill(event, self._fills, now_ns)
        if not self.immediate:
            self.transactions.append(now_ns, "TRADE", -fill.stake_cents, record.order_id)
        self._notify(record, fill)

    def _close(self, record: WagerRecord, status: str) -> None:
        now_ns = self._now_ns()
        unmatched_cents = record.stake_cents - record.matched_cents
        record.close(status, now_ns)
        if self.immediate:
            self.transactions.append(now_ns, "CANCEL", unmatched_cents, record.order_id)
        self._notify(record, None)

    def _settle(self, event: MarketSettled) -> None:
        results = dict(event.results)
        for record in self.records.values():
            is_settled = record.line.market_key == event.market_key and not record.is_void
            if record.fills and is_settled:
                opposite = self._catalogue.opposite(record.line.line_id)
                result = result_of(record.line.line_id, opposite.line_id, results)
                self._pay(record, result)
                for status in record.settle(result, self._now_ns()):
                    self._set_status(record, status)
        charged_cents = self.participant.account.commission_cents - self._commission_cents
        self._commission_cents += charged_cents
        if charged_cents > 0:
            self.transactions.append(self._now_ns(), "COMMISSION", -charged_cents)
        else:
            self.transactions.append_adjustment(self._now_ns(), -charged_cents)

    def _pay(self, record: WagerRecord, result: Result) -> None:
        due_cents = record.payment_cents(result) - record.paid_cents
        record.paid_cents += due_cents
        if record.settled_ns is None:
            type_ = {Result.PUSHED: "PUSH", Result.VOIDED: "VOID"}.get(result, "PAY")
            self.transactions.append(self._now_ns(), type_, due_cents, record.order_id)
        else:
            self.transactions.append_adjustment(self._now_ns(), due_cents, record.order_id)
