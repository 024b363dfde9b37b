"""Names of each kind of market on the wire: its template number, type, sub type, outcomes.

Those in the exchange's documents and samples are marked as documented (partner API, 4.3); the rest
are assumed by analogy, so that markets of every kind can be served.
"""

from typing import NamedTuple, assert_never

from strategies.trading.model.market_types import MarketKind, MarketType, Period, Selection, Team

# Documented; the templates of other kinds are not known.
_TEMPLATES = {
    MarketKind(MarketType.MONEYLINE): 219,
    MarketKind(MarketType.SPREAD): 223,
    MarketKind(MarketType.TOTAL): 225,
    MarketKind(MarketType.MONEYLINE, Period.FIRST_HALF): 64,
    MarketKind(MarketType.SPREAD, Period.FIRST_HALF): 66,
    MarketKind(MarketType.TOTAL, Period.FIRST_HALF): 68,
    MarketKind(MarketType.MONEYLINE, Period.SECOND_HALF): 86,
    MarketKind(MarketType.SPREAD, Period.SECOND_HALF): 88,
    MarketKind(MarketType.TOTAL, Period.SECOND_HALF): 90,
}


class MarketTemplate(NamedTuple):
    """The exchange's names and numbers of a kind of market.

    `template` is the market's id in every event, None where the exchange's own is not known.
    """

    template: int | None
    type: str
    sub_type: str
    category: str


def wire_market(kind: MarketKind) -> MarketTemplate:
    """Return how the exchange refers to a kind of market."""
    type_ = _type(kind.type)
    sub_type = f"{_period(kind.period)}{_team(kind.team)}{type_}"
    # "First Half" is documented; other periods are assumed to be called like it.
    category = kind.period.label.title() if kind.period.is_part else "Game Lines"
    return MarketTemplate(_TEMPLATES.get(kind), type_, sub_type, category)


def outcome_id(type_: MarketType, selection: Selection) -> int:
    """Return the number of an outcome in a market of this type."""
    match type_:
        case MarketType.MONEYLINE:
            return {Selection.HOME: 4, Selection.AWAY: 5}[selection]  # documented
        case MarketType.SPREAD:
            return {Selection.HOME: 1714, Selection.AWAY: 1715}[selection]  # documented
        case MarketType.TOTAL | MarketType.TEAM_TOTAL:  # documented of a total, assumed of a team's
            return {Selection.OVER: 12, Selection.UNDER: 13}[selection]
        case _:
            assert_never(type_)


def _type(type_: MarketType) -> str:
    match type_:
        case MarketType.MONEYLINE | MarketType.SPREAD | MarketType.TOTAL:
            return type_.value  # documented
        case MarketType.TEAM_TOTAL:
            return "total"  # assumed
        case _:
            assert_never(type_)


def _period(period: Period) -> str:
    match period:
        case Period.GAME:
            return ""  # documented
        case Period.FIRST_HALF:
            return "first_half_"  # documented
        case (
            Period.SECOND_HALF
            | Period.FIRST_QUARTER
            | Period.SECOND_QUARTER
            | Period.THIRD_QUARTER
            | Period.FOURTH_QUARTER
            | Period.FIRST_FIVE_INNINGS
            | Period.FIRST_INNING
            | Period.SECOND_INNING
            | Period.THIRD_INNING
            | Period.FOURTH_INNING
            | Period.FIFTH_INNING
            | Period.SIXTH_INNING
            | Period.SEVENTH_INNING
            | Period.EIGHTH_INNING
            | Period.NINTH_INNING
            | Period.FIRST_PERIOD
            | Period.SECOND_PERIOD
            | Period.THIRD_PERIOD
        ):
            return f"{period}_"  # assumed
        case _:
            assert_never(period)


def _team(team: Team | None) -> str:
    return "" if team is None else f"{team}_team_"  # assumed
