"""Lines of outside prices: what each form means, and that what is wrong is refused by name."""

import json
from typing import Any

import pytest

from live.reference.reference_line import OutsidePrice, read_price
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.units import NS_PER_SECOND

NOW_NS = 1_768_420_800 * NS_PER_SECOND
HOME, AWAY = LineId("home"), LineId("away")


def price_of(**fields: Any) -> OutsidePrice:
    """Return the price in a line with these fields."""
    return read_price(json.dumps(fields).encode(), NOW_NS)


def two_way(**home: Any) -> dict[str, Any]:
    """Return a line of a book with these fields on home, and -110 on away."""
    return {
        "source": "book",
        "selections": [{"line_id": HOME} | home, {"line_id": AWAY, "american": -110}],
    }


def test_a_fair_price_needs_no_source() -> None:
    """As lines always were: a line, by either name, and its probability; other keys are ignored."""
    fair = OutsidePrice(ReferencePrice(HOME, 0.25))
    assert price_of(line_id="home", probability=0.25) == fair
    assert price_of(strike_id="home", probability=0.25, model={"n": 1}) == fair


def test_a_source_says_its_name_and_its_time() -> None:
    """The time may be ISO, in UTC unless it says otherwise, or nanoseconds since the epoch."""
    expected = OutsidePrice(ReferencePrice(HOME, 0.25, "model", NOW_NS))
    for at in ("2026-01-14T20:00:00Z", "2026-01-14T20:00:00", "2026-01-14T15:00:00-05:00", NOW_NS):
        assert price_of(source="model", at=at, line_id="home", probability=0.25) == expected


@pytest.mark.parametrize(
    ("offer", "implied"),
    [
        ({"american": 150}, 0.4),
        ({"american": -150}, 0.6),
        ({"american": 100}, 0.5),
        ({"decimal": 2.5}, 0.4),
        ({"probability": 0.53}, 0.53),
    ],
)
def test_odds_of_a_market_keep_their_vig(offer: dict[str, Any], implied: float) -> None:
    """What a book offers on both sides arrives as what it implies; the desk removes the vig."""
    price = price_of(**two_way(**offer))
    assert price.opposite_id == AWAY
    assert price.price.probability == pytest.approx(implied)
    assert price.price.opposite == pytest.approx(110 / 210)
    assert price.price.has_vig


def test_selections_that_the_exchange_lacks_have_a_name() -> None:
    """The draw of a book counts when its vig is removed, though nobody can wager on it here."""
    price = price_of(
        source="book",
        selections=[
            {"line_id": "home", "decimal": 2.5},
            {"name": "draw", "decimal": 4.0},
            {"line_id": "away", "decimal": 2.5},
        ],
    )
    assert price == OutsidePrice(
        ReferencePrice(HOME, 0.4, "book", opposite=0.4, others=(0.25,)), AWAY
    )


def test_a_point_that_the_exchange_lacks_is_given_beside_a_line() -> None:
    """The line then stands for its market and selection."""
    price = price_of(
        source="book",
        selections=[
            {"line_id": "home", "point": -5.5, "american": 104},
            {"line_id": "away", "point": 5.5, "american": -125},
        ],
    )
    assert (price.price.point, price.opposite_point) == (-5.5, 5.5)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"line_id": "home", "probability": 1.7}, "probability"),
        ({"line_id": "home", "probability": 0}, "probability"),
        ({"line_id": "home", "probability": "high"}, "probability"),
        ({"line_id": None, "probability": 0.5}, "needs one line_id or strike_id"),
        ({"line_id": "a", "strike_id": "b", "probability": 0.5}, "not two that differ"),
        ({"line_id": "home"}, "needs one line_id"),
        ({"line_id": "home", "probability": 0.5, "at": "noon"}, "noon"),
        ({"line_id": "home", "probability": 0.5, "at": -5}, "from 1970"),
        ({"line_id": "home", "probability": 0.5, "at": NOW_NS + 10**12}, "1000 s ahead of ours"),
        (two_way(american=50), "american odds 50 are no odds"),
        (two_way(decimal=0.9), "decimal odds 0.9 are no odds"),
        (two_way(probability=1.7), "probability"),
        (two_way(), "needs one price"),
        (two_way(american=-110, decimal=1.9), "needs one price"),
        (two_way(decimal=50.0), "imply 0.54 together, which is no whole market"),
        (two_way(american=-110) | {"probability": 0.5}, "also a line, point or probability"),
        ({"source": "book", "selections": [{"line_id": "home", "decimal": 2}]}, "no whole market"),
        (
            {"source": "book", "selections": [{"name": "x", "decimal": 2}] * 2},
            "names 0 lines; a market has one or two",
        ),
        (
            {"source": "book", "selections": [{"line_id": n, "decimal": 3} for n in "abc"]},
            "names 3 lines",
        ),
        (
            {"source": "book", "selections": [{"decimal": 2}] * 2},
            "a line_id, a strike_id or a name",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_by_the_name_of_its_source(
    fields: dict[str, Any], why: str
) -> None:
    """The message names the source and what is wrong, for whoever must mend it."""
    with pytest.raises(ProtocolError, match="source book: ") as refused:
        price_of(**({"source": "book"} | fields))
    assert why in str(refused.value)


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"source": "a b"}', b'{"source": 7}', b"\xff"])
def test_a_line_without_a_proper_name_is_of_an_unknown_source(line: bytes) -> None:
    """A name is short and plain, so that it can be read in any message."""
    with pytest.raises(ProtocolError, match="source unknown: "):
        read_price(line, NOW_NS)
