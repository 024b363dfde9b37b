"""What happens in an evening: faults of the sandbox, and words of an operator.

Minutes are those of the wall since the session began to quote.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sim.crowd.crowd_settings import CrowdSettings
from tests.trials.watched_page import PageState

Fault = dict[str, Any]
Sign = Callable[[PageState, PageState], bool]

# In the words of an operator: the game with the most open wagers when it is named first.
GAME = "GAME"
_PLACE, _CANCEL, _LOGIN = "submit_multiple_orders", "cancel_multiple_orders", "auth/"
# The page shows the 99th percentile of a thousand placements: more than ten must be slow.
_SLOWER = 3

# What a page shows of a fault, against what it showed before.
PAGE_SIGNS: dict[str, Sign] = {
    "feed lost": lambda _, now: now.feed_lost,
    "gap": lambda before, now: now.gaps > before.gaps,
    "refusals": lambda before, now: now.refused > before.refused,
    "slow placing": lambda before, now: now.placing_high_ns > _SLOWER * before.placing_high_ns,
}
# What arrives as an alert, by its kind.
ALERT_SIGNS = ("alert feed lost",)


class Incident(NamedTuple):
    """Faults that begin together in some minute, and what must be seen of them."""

    minute: float
    name: str
    faults: tuple[Fault, ...]
    signs: tuple[str, ...]


class Words(NamedTuple):
    """Words of an operator in some minute, given through the page."""

    minute: float
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return them as one text."""
        return " ".join(self.words)


Step = Incident | Words


def _fault(kind: str, **others: Any) -> Fault:
    return {"kind": kind, **others}


def _too_many(count: int) -> Fault:
    return _fault("too_many", path=_PLACE, count=count)


# The sockets of this moment are silent until they are given up for new ones.
SILENCE = _fault("frozen_socket", seconds=60)
NO_REGISTRATION = _fault("refused", path="mm/websocket", count=4)
SOCKET_RESET = _fault("socket_reset")
ALL_REVOKED = _fault("expired_token", code="refresh")
# For less than run.unauthorized_seconds of the wall, after which a desk halts.
NO_LOGIN = _fault("refused", path=_LOGIN, code="unauthorized", count=8)
LARGEST_STAKE = 20
STAKE_NAME = "risk.max_stake_per_wager"
_SET, _SET_BACK = f"{STAKE_NAME}={LARGEST_STAKE}", f"{STAKE_NAME}=250"


def _whole_evening() -> Iterator[Step]:
    yield Incident(1.0, "429 for five placements", (_too_many(5),), ("refusals",))
    failing = _fault("refused", path=_PLACE, count=5), _fault("refused", path=_CANCEL, count=5)
    yield Incident(1.7, "500 for five placements and cancels", failing, ("refusals",))
    yield Incident(2.4, "socket cut", (SOCKET_RESET,), ("gap", "feed lost"))
    silent, signs = (SILENCE, NO_REGISTRATION), ("gap", "feed lost", "alert feed lost")
    yield Incident(3.1, "feed silent, four new sockets refused", silent, signs)
    yield Words(4.0, ("pause",))
    yield Words(4.4, ("resume",))
    yield Words(4.8, ("set", _SET))
    yield Words(5.3, ("set", _SET_BACK))
    slow = (_fault("slow", path=_PLACE, count=20, seconds=2),)
    yield Incident(5.6, "twenty placements executed 2 s late", slow, ("slow placing",))
    yield Words(6.3, ("pull", GAME))
    yield Words(6.6, ("pause", GAME))
    yield Words(7.1, ("resume", GAME))
    login = ALL_REVOKED, NO_LOGIN
    yield Incident(7.5, "all sessions revoked, login refused", login, ("gap", "feed lost"))
    pages = (_fault("page", path=_PLACE, count=3),)
    yield Incident(8.2, "a page of HTML for three placements", pages, ("refusals",))
    both = SOCKET_RESET, _too_many(5)
    yield Incident(8.9, "socket cut and 429", both, ("gap", "feed lost", "refusals"))
    both = SILENCE, ALL_REVOKED
    yield Incident(9.6, "feed silent, all sessions revoked", both, ("gap", "feed lost"))


def _short_evening() -> Iterator[Step]:
    yield Incident(0.02, "429 for three placements", (_too_many(3),), ("refusals",))
    yield Words(0.09, ("pause",))
    yield Words(0.13, ("resume",))
    yield Words(0.17, ("pull", GAME))
    yield Words(0.20, ("set", _SET))
    yield Incident(0.24, "socket cut", (SOCKET_RESET,), ("gap", "feed lost"))


@dataclass(frozen=True)
class EveningShape:
    """What an evening is made of: its games, whose starts are spread over `seconds`, and its steps.

    In `minutes` of the wall all games are played and settled.
    """

    games: int
    seconds: float
    crowd: CrowdSettings
    minutes: float
    steps: tuple[Step, ...]

    @property
    def begin_before_s(self) -> float:
        """Return how long before the first start the sandbox begins: markets are open then."""
        return self.crowd.opens_before_s / 4

    @classmethod
    def whole(cls) -> "EveningShape":
        """Return three games of real length, of three sports, that begin within an hour."""
        crowd = CrowdSettings(opens_before_s=2 * 3_600, makers=3, requote_rate=0.4)
        return cls(3, 3_600, crowd, 12, tuple(_whole_evening()))

    @classmethod
    def short(cls) -> "EveningShape":
        """Return two games of minutes, in less than a minute."""
        crowd = CrowdSettings(opens_before_s=600, makers=2, game_s=240)
        return cls(2, 60, crowd, 0.75, tuple(_short_evening()))
