"""Runners of a Betfair market, and a change of a book, as stream files have them."""

from typing import Any

BOOK = {"id": 11, "atb": [[2.5, 40]]}


def runners(*keys: tuple[int, float]) -> list[dict[str, Any]]:
    """Return active runners of these ids and handicaps, in their order."""
    return [
        {"id": id_, "hc": hc, "status": "ACTIVE", "sortPriority": place}
        for place, (id_, hc) in enumerate(keys, start=1)
    ]


def settled(home: str, away: str) -> list[dict[str, Any]]:
    """Return the two runners of a moneyline, of these statuses."""
    return [
        {"id": 11, "status": home, "sortPriority": 1},
        {"id": 22, "status": away, "sortPriority": 2},
    ]
