"""ProphetX's names for each kind of market: type, sub type and template number.

Names from its documents and samples are marked as documented; the others are assumed by analogy and
must be checked against the exchange. A market with another name is ignored, not guessed.
"""

from typing import assert_never

from strategies.trading.model.market_types import (
    MarketKind,
    MarketType,
    Period,
    Team,
    market_kinds,
)


def _type_on_wire(type_: MarketType) -> str:
    match type_:
        case MarketType.MONEYLINE:
            return "moneyline"  # documented
        case MarketType.SPREAD:
            return "spread"  # documented
        case MarketType.TOTAL:
            return "total"  # documented
        case MarketType.TEAM_TOTAL:
            return "total"  # assumed: the documents name no other type with over and under
        case _:
            assert_never(type_)


def _period_prefix(period: Period) -> str:
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
            # Assumed. Documented are that markets on halves, quarters and innings exist, and the
            # template numbers of the second half.
            return f"{period}_"
        case _:
            assert_never(period)


def _team_prefix(team: Team | None) -> str:
    match team:
        case None:
            return ""  # documented
        case Team.HOME:
            return "home_team_"  # assumed
        case Team.AWAY:
            return "away_team_"  # assumed
        case _:
            assert_never(team)


def _names(kind: MarketKind) -> tuple[str, str]:
    """Return type and sub type of a kind of market."""
    type_ = _type_on_wire(kind.type)
    return type_, f"{_period_prefix(kind.period)}{_team_prefix(kind.team)}{type_}"


_KINDS = {_names(kind): kind for kind in market_kinds()}

# Templates of which a market without a sub type is known not to be on the whole game (documented).
_TEMPLATES = {
    64: MarketKind(MarketType.MONEYLINE, Period.FIRST_HALF),
    66: MarketKind(MarketType.SPREAD, Period.FIRST_HALF),
    68: MarketKind(MarketType.TOTAL, Period.FIRST_HALF),
    86: MarketKind(MarketType.MONEYLINE, Period.SECOND_HALF),
    88: MarketKind(MarketType.SPREAD, Period.SECOND_HALF),
    90: MarketKind(MarketType.TOTAL, Period.SECOND_HALF),
}


def market_kind(template: int, type_: str | None, sub_type: str | None) -> MarketKind | None:
    """Return the kind of a market by its names, None for unknown ones.

    The sub type decides. If it is missing or empty, which is documented as possible, a known
    template number decides; without one the market counts as one on the whole game.
    """
    if sub_type:
        return _KINDS.get((type_ or "", sub_type))
    whole_game = _KINDS.get((type_ or "", type_ or ""))
    kind = _TEMPLATES.get(template, whole_game)
    return kind if kind is not None and _type_on_wire(kind.type) == type_ else None
