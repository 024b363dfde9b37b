"""Reads the book of one pair, and what is ours in it."""

from collections.abc import Iterable

from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_states import MarketState
from strategies.trading.model.book import Book, Offers
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import Line, Pair
from strategies.trading.model.odds import Odds
from strategies.trading.ports.strategy import Quote
from strategies.trading.snapshot.desk_activity import DeskActivity
from strategies.trading.snapshot.snapshot_types import (
    LineView,
    OfferLevel,
    PairDetail,
    QuoteView,
    SourceView,
    TradeView,
    WagerView,
)
from strategies.trading.wagers.wager import Wager


def pair_view(
    desk: Desk,
    activity: DeskActivity,
    market: MarketState,
    book: Book,
    quotes: Iterable[Quote],
    now_ns: int,
) -> PairDetail:
    """Return a pair with its book, our wagers and prices; `quotes` are those of its market."""
    pair, trade = book.pair, book.trade
    position = desk.exposure.position_or_flat(pair)
    lines = (pair.first.line_id, pair.second.line_id)
    return PairDetail(
        pair_id=pair.pair_id,
        point=pair.first.point,
        first=_line_view(desk, activity, market, book, 0),
        second=_line_view(desk, activity, market, book, 1),
        fair=desk.market_fair(pair.pair_id, now_ns),
        own_fair=desk.views.own_fairs.get(pair.pair_id),
        sources=source_views(market.event, pair),
        last_price=None if trade is None else trade.probability,
        last_trade_ns=None if trade is None else trade.at_ns,
        traded_cents=book.traded_cents,
        trades=trade_views(book, lines),
        quotes=[
            QuoteView(lines.index(quote.line_id), quote.odds, quote.stake_cents)
            for quote in quotes
            if quote.line_id in lines
        ],
        exposure_cents=-position.worst_case_cents(),
    )


def quote_side(pair: Pair, quote: Quote) -> int:
    """Return 0 if a quote is on the first line of its pair, else 1."""
    return int(quote.line_id != pair.first.line_id)


def _line_view(
    desk: Desk, activity: DeskActivity, market: MarketState, book: Book, side: int
) -> LineView:
    line: Line = book.pair.second if side else book.pair.first
    offers, shown = (book.second, book.first) if side else (book.first, book.second)
    position = desk.exposure.position_or_flat(book.pair)
    return LineView(
        line_id=line.line_id,
        label=line.label(market.market, market.event.event),
        offers=[
            OfferLevel(odds, cents, cents - offers.others_cents(odds))
            for odds, cents in sorted(offers.by_odds.items(), reverse=True)
        ],
        wagers=[_wager_view(wager, shown, activity) for wager in desk.wagers.live_on(line.line_id)],
        profit_cents=position.profit_if[side],
        matched_cents=position.matched_cents[side],
        open_cents=position.open_cents[side],
    )


def _wager_view(wager: Wager, shown: Offers, activity: DeskActivity) -> WagerView:
    return WagerView(
        ref=wager.ref,
        odds=wager.odds,
        shown_odds=wager.shown_odds,
        stake_cents=wager.stake_cents,
        matched_cents=wager.matched_cents,
        unmatched_cents=wager.unmatched_cents,
        state=wager.state.value,
        placed_ns=wager.placed_ns,
        ahead_cents=ahead_cents(wager.shown_odds, shown, activity.level_when_placed(wager.ref)),
    )


def ahead_cents(shown_odds: Odds, shown: Offers, when_placed: int | None) -> int | None:
    """Return the most stake of others that may be matched before a wager of ours.

    `shown` are the offers among which takers see it, `when_placed` is what others offered at the
    same odds then: what came later is behind. None without that.
    """
    if when_placed is None:
        return None
    longer = sum(shown.others_cents(odds) for odds in shown.by_odds if odds > shown_odds)
    return longer + min(when_placed, shown.others_cents(shown_odds))


def trade_views(book: Book, lines: tuple[LineId, LineId]) -> list[TradeView]:
    """Return the last trades of a pair with these lines, newest first."""
    return [
        TradeView(each.at_ns, lines.index(each.line_id), each.odds, each.stake_cents)
        for each in reversed(book.trades)
    ]


def source_views(event: EventState, pair: Pair) -> list[SourceView]:
    """Return what each outside source says of a pair, by name."""
    prices = event.sources.at(pair.market.kind, pair.first.point)
    return [
        SourceView(name, price.fair, price.at_ns, price.refusal)
        for name, price in sorted(prices.items())
    ]
