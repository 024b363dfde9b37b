"""The figures by which arms are compared, each a game, in cents where it is money."""

from collections.abc import Callable, Mapping

from sim.games.game_results import GameResult

Objective = Callable[[GameResult], int]


def _term(name: str) -> Objective:
    return lambda game: int(getattr(game.split, name))


# By name: what it is, and how it is read from a game.
OBJECTIVES: Mapping[str, tuple[str, Objective]] = {
    "early": ("edge and adverse moves to 60 s", lambda game: game.early_cents),
    "close": ("what fills were worth at the close", lambda game: game.close_cents),
    "reference": (
        "what fills were worth at the outside price at the close",
        _term("reference_cents"),
    ),
    "reference_edge": (
        "what fills were worth at the outside price then",
        _term("reference_edge_cents"),
    ),
    "mispricing": ("that less the edge: what the market was off", _term("mispricing_cents")),
    "profit": ("settled profit", _term("profit_cents")),
    "edge": ("edge at the fill", _term("edge_cents")),
    "adverse": ("adverse moves to 60 s", _term("adverse_cents")),
    "drift": ("drift to the close", _term("drift_cents")),
    "outcome": ("what the game decided", _term("outcome_cents")),
    "stake": ("matched stake", _term("stake_cents")),
}
