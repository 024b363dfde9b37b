"""Channels: registration of sockets and signed channel authorisation (partner API, 10)."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest
from sim.sandbox.api_versions import LEGACY, V4, ApiVersion
from sim.sandbox.sandbox_settings import SandboxSettings
from sim.sandbox.serializers import Json
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.units import NS_PER_SECOND

_SOCKET_ID = re.compile(r"[0-9]+\.[0-9]+")
_DIGITS = re.compile(r"[0-9]+")


def signature(key: str, secret: str, text: str) -> str:
    """Return Pusher's channel authorisation: the key and the signature of a text."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{key}:{digest}"


def subtype_name(sub_type: str) -> str:
    """Return a sub-type as in channel names: lower case, `_` for space, `/` and `-` (10.3)."""
    underscored = re.sub(r"[ /-]", "_", sub_type.lower())
    return re.sub(r"[^a-z0-9_]", "", underscored)


class Channels:
    """Registers sockets: grants channels to an account's socket and signs them."""

    def __init__(
        self,
        wire_ids: WireIds,
        settings: SandboxSettings,
        now_ns: Callable[[], int],
        key: str,
        secret: str,
    ) -> None:
        """Sign with the application's key and secret."""
        self._wire_ids = wire_ids
        self._now_ns = now_ns
        self._settings = settings
        self.key = key
        self._secret = secret
        self._granted: dict[str, set[str]] = {}

    def sign(self, socket_id: str, subject: str) -> str:
        """Return a socket's signature for a channel, or for a sign-in as `:user::{data}`."""
        return signature(self.key, self._secret, f"{socket_id}:{subject}")

    def forget(self, socket_id: str) -> None:
        """Discard the grants of a socket that has closed."""
        self._granted.pop(socket_id, None)

    # Endpoints --------------------------------------------------------------------------------

    def register(self, request: ApiRequest) -> Json:
        """Grant a socket the v4 channels in the body, which must list each of them."""
        fields = request.fields()
        socket_id = _socket_id(fields.get("socket_id"))
        requested = fields.get("subscriptions") or []
        scopes, rejected = _parse_scopes(requested)
        shared = [self._broadcast(socket_id, V4, []), self._private(socket_id, V4, request)]
        scoped = [self._scoped(socket_id, scope) for scope in scopes]
        granted = self._granted.setdefault(socket_id, set())
        granted.update(channel["channel_name"] for channel in scoped)
        if len(granted) > self._settings.channel_limit:
            raise RefusedError("exceed_subscription_count")
        account_id = request.account.account_id
        user_data = json.dumps({"id": account_id})
        return {
            "auth": shared[1]["auth"],
            "data": {
                "success": True,
                "status": "CONNECTED",
                "updated_at": self._now_ns() // NS_PER_SECOND,
                "subscriptions": requested,
                "authorized_channel": [*shared, *scoped],
                "channel_count": len(granted),
                "channel_limit": self._settings.channel_limit,
                "authenticated": {
                    "auth": self.sign(socket_id, f":user::{user_data}"),
                    "user_data": user_data,
                },
                "rejected": rejected,
            },
        }

    def register_legacy(self, request: ApiRequest) -> Json:
        """Grant a socket the two legacy channels, or sign the one that the request names."""
        fields = request.fields()
        socket_id = _socket_id(fields.get("socket_id"))
        subscriptions = fields.get("subscriptions") or _parse_list(request.subscriptions)
        private = self._private(socket_id, LEGACY, request)
        channels = [self._broadcast(socket_id, LEGACY, subscriptions), private]
        name = fields.get("channel_name", private["channel_name"])
        allowed = {channel["channel_name"]: channel["auth"] for channel in channels}
        if name not in allowed:
            raise RefusedError("unauthorized", f"channel {name!r} is not this account's")
        return {"auth": allowed[name], "data": {"authorized_channel": channels}}

    # Parts ------------------------------------------------------------------------------------

    def _broadcast(self, socket_id: str, version: ApiVersion, subscriptions: list[Any]) -> Json:
        requested = {
            str(tournament)
            for subscription in subscriptions
            if isinstance(subscription, dict) and subscription.get("type") == "tournament"
            for tournament in subscription.get("ids") or []
        }
        known = [str(number) for number in self._wire_ids.tournaments()]
        events = [
            {"name": f"tournament_{number}", "type": "tournament"}
            for number in known
            if not requested or number in requested
        ]
        events.append({"name": "general", "type": "general"})
        return self._channel(socket_id, version.broadcast_channel(), events)

    def _private(self, socket_id: str, version: ApiVersion, request: ApiRequest) -> Json:
        orders = version.orders_event
        events = [
            {"name": orders, "type": orders},
            {"name": "health_check", "type": "private_system_signal"},
        ]
        name = version.private_channel(request.account.account_id)
        return self._channel(socket_id, name, events)

    def _scoped(self, socket_id: str, scope: Json) -> Json:
        name = V4.event_channel(int(scope["event_id"]))
        if "sub_type" in scope:
            name += f"-subtype={scope['sub_type']}"
        events = [
            {"name": f"tournament_{number}", "type": "tournament"}
            for number in self._wire_ids.tournaments()
        ]
        return self._channel(socket_id, name, events) | {"scope": scope}

    def _channel(self, socket_id: str, name: str, events: list[dict[str, str]]) -> Json:
        return {
            "channel_name": name,
            "auth": self.sign(socket_id, name),
            "binding_events": events,
        }


def _socket_id(value: object) -> str:
    if not isinstance(value, str) or not _SOCKET_ID.fullmatch(value):
        raise RefusedError("invalid_param", "socket_id must look like 123.456")
    return value


def _parse_list(header: str) -> list[Any]:
    try:
        items = json.loads(header or "[]")
    except ValueError:
        items = None
    if not isinstance(items, list):
        raise RefusedError("invalid_param", "header-subscriptions must be a JSON list")
    return items


def _parse_scopes(requested: object) -> tuple[list[Json], list[Json]]:
    """Return the valid scopes, and the rejected subscriptions each with its reason."""
    if not isinstance(requested, list) or not all(isinstance(part, dict) for part in requested):
        raise RefusedError("invalid_request", "subscriptions must be a list of objects")
    scopes: list[Json] = []
    rejected: list[Json] = []
    for part in requested:
        for scope_id in part.get("ids") or []:
            scope = _parse_scope(part.get("type"), str(scope_id))
            if isinstance(scope, str):
                rejected.append({"type": part.get("type"), "id": scope_id, "reason": scope})
            else:
                scopes.append(scope)
    return scopes, rejected


def _parse_scope(type_: object, scope_id: str) -> Json | str:
    """Return the scope of a channel, or the reason why it is invalid."""
    event_id, colon, sub_type = scope_id.partition(":")
    if type_ not in {"event", "event_subtype"}:
        return "unknown_type"
    if "*" in scope_id:
        return "wildcard_not_allowed"
    if not _DIGITS.fullmatch(event_id) or bool(colon) != (type_ == "event_subtype"):
        return "malformed_id"
    if not colon:
        return {"event_id": event_id}
    name = subtype_name(sub_type)
    return {"event_id": event_id, "sub_type": name} if name else "malformed_id"
