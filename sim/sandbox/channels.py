"""Channels: who may listen to which, signed, and how a socket registers (partner API, 10)."""

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
from sim.sandbox.serializers import Shape
from sim.sandbox.wire_ids import WireIds
from strategies.trading.model.units import NS_PER_SECOND

_SOCKET_ID = re.compile(r"[0-9]+\.[0-9]+")
_DIGITS = re.compile(r"[0-9]+")


def signature(key: str, secret: str, text: str) -> str:
    """Return what allows a socket to do what the text says (Pusher's channel authorisation)."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{key}:{digest}"


def subtype_name(sub_type: str) -> str:
    """Return a sub-type as channels spell it: lower case, `_` for space, `/` and `-` (10.3)."""
    spelled = re.sub(r"[ /-]", "_", sub_type.lower())
    return re.sub(r"[^a-z0-9_]", "", spelled)


class Channels:
    """Registers sockets: says which channels an account may listen to, and signs them."""

    def __init__(
        self,
        names: WireIds,
        settings: SandboxSettings,
        now_ns: Callable[[], int],
        key: str,
        secret: str,
    ) -> None:
        """Sign with the application's key and secret."""
        self._names = names
        self._now_ns = now_ns
        self._settings = settings
        self.key = key
        self._secret = secret
        self._granted: dict[str, set[str]] = {}

    def sign(self, socket_id: str, what: str) -> str:
        """Return a socket's signature for a channel, or for signing in as `:user::{data}`."""
        return signature(self.key, self._secret, f"{socket_id}:{what}")

    def forget(self, socket_id: str) -> None:
        """Forget what a socket that is gone was granted."""
        self._granted.pop(socket_id, None)

    # Calls ------------------------------------------------------------------------------------

    def register(self, call: ApiRequest) -> Shape:
        """Grant a socket the channels of v4 that it wants; the body holds all that it wants."""
        fields = call.fields()
        socket_id = _socket_id(fields.get("socket_id"))
        wanted = fields.get("subscriptions") or []
        scopes, rejected = _sorted_out(wanted)
        shared = [self._broadcast(socket_id, V4, []), self._private(socket_id, V4, call)]
        scoped = [self._scoped(socket_id, scope) for scope in scopes]
        granted = self._granted.setdefault(socket_id, set())
        granted.update(channel["channel_name"] for channel in scoped)
        if len(granted) > self._settings.channel_limit:
            raise RefusedError("exceed_subscription_count")
        partner_id = call.partner.partner_id
        user_data = json.dumps({"id": partner_id})
        return {
            "auth": shared[1]["auth"],
            "data": {
                "success": True,
                "status": "CONNECTED",
                "updated_at": self._now_ns() // NS_PER_SECOND,
                "subscriptions": wanted,
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

    def register_legacy(self, call: ApiRequest) -> Shape:
        """Grant a socket the two channels of old, or sign the one it names."""
        fields = call.fields()
        socket_id = _socket_id(fields.get("socket_id"))
        subscriptions = fields.get("subscriptions") or _listed(call.subscriptions)
        private = self._private(socket_id, LEGACY, call)
        channels = [self._broadcast(socket_id, LEGACY, subscriptions), private]
        name = fields.get("channel_name", private["channel_name"])
        allowed = {channel["channel_name"]: channel["auth"] for channel in channels}
        if name not in allowed:
            raise RefusedError("unauthorized", f"channel {name!r} is not this account's")
        return {"auth": allowed[name], "data": {"authorized_channel": channels}}

    # Parts ------------------------------------------------------------------------------------

    def _broadcast(self, socket_id: str, edition: ApiVersion, wanted: list[Any]) -> Shape:
        asked = {
            str(tournament)
            for subscription in wanted
            if isinstance(subscription, dict) and subscription.get("type") == "tournament"
            for tournament in subscription.get("ids") or []
        }
        known = [str(number) for number in self._names.tournaments()]
        events = [
            {"name": f"tournament_{number}", "type": "tournament"}
            for number in known
            if not asked or number in asked
        ]
        events.append({"name": "general", "type": "general"})
        return self._channel(socket_id, edition.broadcast_channel(), events)

    def _private(self, socket_id: str, edition: ApiVersion, call: ApiRequest) -> Shape:
        orders = edition.orders_event
        events = [
            {"name": orders, "type": orders},
            {"name": "health_check", "type": "private_system_signal"},
        ]
        name = edition.private_channel(call.partner.partner_id)
        return self._channel(socket_id, name, events)

    def _scoped(self, socket_id: str, scope: Shape) -> Shape:
        name = V4.event_channel(int(scope["event_id"]))
        if "sub_type" in scope:
            name += f"-subtype={scope['sub_type']}"
        events = [
            {"name": f"tournament_{number}", "type": "tournament"}
            for number in self._names.tournaments()
        ]
        return self._channel(socket_id, name, events) | {"scope": scope}

    def _channel(self, socket_id: str, name: str, events: list[dict[str, str]]) -> Shape:
        return {
            "channel_name": name,
            "auth": self.sign(socket_id, name),
            "binding_events": events,
        }


def _socket_id(value: object) -> str:
    if not isinstance(value, str) or not _SOCKET_ID.fullmatch(value):
        raise RefusedError("invalid_param", "socket_id must look like 123.456")
    return value


def _listed(header: str) -> list[Any]:
    try:
        listed = json.loads(header or "[]")
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise RefusedError("invalid_param", "header-subscriptions must be a JSON list")
    return listed


def _sorted_out(wanted: object) -> tuple[list[Shape], list[Shape]]:
    """Return the scopes that are wanted, and what of it cannot be, each with its reason."""
    if not isinstance(wanted, list) or not all(isinstance(part, dict) for part in wanted):
        raise RefusedError("invalid_request", "subscriptions must be a list of objects")
    scopes: list[Shape] = []
    rejected: list[Shape] = []
    for part in wanted:
        for wanted_id in part.get("ids") or []:
            scope = _scope(part.get("type"), str(wanted_id))
            if isinstance(scope, str):
                rejected.append({"type": part.get("type"), "id": wanted_id, "reason": scope})
            else:
                scopes.append(scope)
    return scopes, rejected


def _scope(type_: object, wanted_id: str) -> Shape | str:
    """Return the scope of a channel, or why there is none."""
    event_id, colon, sub_type = wanted_id.partition(":")
    if type_ not in {"event", "event_subtype"}:
        return "unknown_type"
    if "*" in wanted_id:
        return "wildcard_not_allowed"
    if not _DIGITS.fullmatch(event_id) or bool(colon) != (type_ == "event_subtype"):
        return "malformed_id"
    if not colon:
        return {"event_id": event_id}
    spelled = subtype_name(sub_type)
    return {"event_id": event_id, "sub_type": spelled} if spelled else "malformed_id"
