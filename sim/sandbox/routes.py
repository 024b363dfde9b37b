"""The routes of the partner API in both versions (3.3), each with its endpoint."""

from collections.abc import Callable
from typing import NamedTuple

from sim.sandbox.account_endpoints import AccountEndpoints
from sim.sandbox.api_request import ApiRequest
from sim.sandbox.channels import Channels
from sim.sandbox.market_endpoints import MarketEndpoints
from sim.sandbox.order_endpoints import OrderEndpoints
from sim.sandbox.serializers import Json

PREFIX = "/partner"

RouteHandler = Callable[[ApiRequest], Json]


class Route(NamedTuple):
    """A route: its paths in v4 and before, below the prefix, and its endpoint.

    With `exchange_counts` the simulated exchange counts the request against the account's rate
    limit itself; otherwise `RestApi` does.
    """

    method: str
    paths: tuple[str, ...]
    legacy_paths: tuple[str, ...]
    endpoint: RouteHandler
    exchange_counts: bool = False


def routes(
    markets: MarketEndpoints,
    orders: OrderEndpoints,
    accounts: AccountEndpoints,
    channels: Channels,
    config: RouteHandler,
) -> list[Route]:
    """Return every endpoint that an account may call."""
    return [
        *_market_routes(markets),
        *_order_routes(orders),
        *_account_routes(accounts),
        Route("GET", ("websocket/connection-config",), (), config),
        Route("POST", ("v4/mm/websocket",), (), channels.register),
        Route("POST", (), ("mm/pusher", "mm/websocket"), channels.register_legacy),
    ]


def _market_routes(markets: MarketEndpoints) -> list[Route]:
    return [
        Route("GET", ("mm/get_tournaments",), (), markets.tournaments),
        Route("GET", ("mm/get_sport_events",), (), markets.sport_events),
        Route("GET", ("v4/mm/get_markets",), _legacy_paths("get_markets"), markets.markets),
        Route(
            "GET",
            ("v4/mm/get_multiple_markets",),
            _legacy_paths("get_multiple_markets"),
            markets.multiple_markets,
        ),
        Route("GET", ("v4/mm/get_strikes",), (), markets.strikes),
        Route("GET", (), ("mm/search_markets",), markets.search_markets),
        Route("GET", ("mm/get_players",), (), markets.players),
        Route("GET", ("mm/get_players/{item}",), (), markets.player),
        Route(
            "GET",
            ("v4/mm/get_price_ladder", "v4/mm/get_odds_ladder"),
            ("mm/get_odds_ladder",),
            markets.ladder,
        ),
    ]


def _order_routes(orders: OrderEndpoints) -> list[Route]:
    return [
        Route("POST", (f"v4/mm/{new}",), (f"mm/{old}",), endpoint, True)
        for new, old, endpoint in (
            ("submit_order", "place_wager", orders.submit_order),
            ("submit_multiple_orders", "place_multiple_wagers", orders.submit_multiple_orders),
            ("cancel_order", "cancel_wager", orders.cancel_order),
            ("cancel_multiple_orders", "cancel_multiple_wagers", orders.cancel_multiple_orders),
            ("cancel_all_orders", "cancel_all_wagers", orders.cancel_all_orders),
            ("cancel_orders_by_event", "cancel_wagers_by_event", orders.cancel_orders_by_event),
            ("cancel_orders_by_market", "cancel_wagers_by_market", orders.cancel_orders_by_market),
        )
    ]


def _account_routes(accounts: AccountEndpoints) -> list[Route]:
    return [
        Route("GET", ("v4/mm/get_balance",), ("mm/get_balance",), accounts.balance),
        Route("GET", ("v4/mm/get_order/{item}",), ("mm/get_wager/{item}",), accounts.order),
        Route(
            "GET",
            ("v4/mm/get_order_history",),
            _legacy_paths("get_wager_histories"),
            accounts.order_history,
        ),
        Route(
            "GET",
            ("v4/mm/get_order_matched_detail",),
            _legacy_paths("get_wager_matching_detail"),
            accounts.matched_detail,
        ),
        Route("GET", ("v4/mm/get_trades",), ("mm/get_matched_bets",), accounts.trades),
        Route(
            "GET",
            ("v4/mm/get_transactions",),
            _legacy_paths("get_transactions"),
            accounts.transactions,
        ),
    ]


def _legacy_paths(name: str) -> tuple[str, str]:
    return f"mm/{name}", f"v2/mm/{name}"
