"""The routes of the partner API, in both editions (3.3), and who answers each."""

from collections.abc import Callable
from typing import NamedTuple

from sim.sandbox.account_endpoints import Queries
from sim.sandbox.api_request import ApiRequest
from sim.sandbox.channels import Channels
from sim.sandbox.market_endpoints import CatalogueCalls
from sim.sandbox.order_endpoints import Trading
from sim.sandbox.serializers import Shape

PREFIX = "/partner"

Answer = Callable[[ApiRequest], Shape]


class Route(NamedTuple):
    """An endpoint: its paths in v4 and before it, below the prefix.

    `counted` tells that the exchange itself counts the call against the account's rate limit.
    """

    method: str
    paths: tuple[str, ...]
    old_paths: tuple[str, ...]
    answer: Answer
    counted: bool = False


def routes(
    calls: CatalogueCalls, trading: Trading, queries: Queries, channels: Channels, config: Answer
) -> list[Route]:
    """Return every endpoint that an account may call."""
    return [
        *_reference_routes(calls),
        *_trading_routes(trading),
        *_query_routes(queries),
        Route("GET", ("websocket/connection-config",), (), config),
        Route("POST", ("v4/mm/websocket",), (), channels.register),
        Route("POST", (), ("mm/pusher", "mm/websocket"), channels.register_legacy),
    ]


def _reference_routes(calls: CatalogueCalls) -> list[Route]:
    return [
        Route("GET", ("mm/get_tournaments",), (), calls.tournaments),
        Route("GET", ("mm/get_sport_events",), (), calls.sport_events),
        Route("GET", ("v4/mm/get_markets",), _old("get_markets"), calls.markets),
        Route(
            "GET",
            ("v4/mm/get_multiple_markets",),
            _old("get_multiple_markets"),
            calls.multiple_markets,
        ),
        Route("GET", ("v4/mm/get_strikes",), (), calls.strikes),
        Route("GET", (), ("mm/search_markets",), calls.search_markets),
        Route("GET", ("mm/get_players",), (), calls.players),
        Route("GET", ("mm/get_players/{item}",), (), calls.player),
        Route(
            "GET",
            ("v4/mm/get_price_ladder", "v4/mm/get_odds_ladder"),
            ("mm/get_odds_ladder",),
            calls.ladder,
        ),
    ]


def _trading_routes(trading: Trading) -> list[Route]:
    return [
        Route("POST", (f"v4/mm/{new}",), (f"mm/{old}",), answer, True)
        for new, old, answer in (
            ("submit_order", "place_wager", trading.submit_order),
            ("submit_multiple_orders", "place_multiple_wagers", trading.submit_multiple_orders),
            ("cancel_order", "cancel_wager", trading.cancel_order),
            ("cancel_multiple_orders", "cancel_multiple_wagers", trading.cancel_multiple_orders),
            ("cancel_all_orders", "cancel_all_wagers", trading.cancel_all_orders),
            ("cancel_orders_by_event", "cancel_wagers_by_event", trading.cancel_orders_by_event),
            ("cancel_orders_by_market", "cancel_wagers_by_market", trading.cancel_orders_by_market),
        )
    ]


def _query_routes(queries: Queries) -> list[Route]:
    return [
        Route("GET", ("v4/mm/get_balance",), ("mm/get_balance",), queries.balance),
        Route("GET", ("v4/mm/get_order/{item}",), ("mm/get_wager/{item}",), queries.order),
        Route(
            "GET",
            ("v4/mm/get_order_history",),
            _old("get_wager_histories"),
            queries.order_history,
        ),
        Route(
            "GET",
            ("v4/mm/get_order_matched_detail",),
            _old("get_wager_matching_detail"),
            queries.matched_detail,
        ),
        Route("GET", ("v4/mm/get_trades",), ("mm/get_matched_bets",), queries.trades),
        Route("GET", ("v4/mm/get_transactions",), _old("get_transactions"), queries.transactions),
    ]


def _old(name: str) -> tuple[str, str]:
    return f"mm/{name}", f"v2/mm/{name}"
