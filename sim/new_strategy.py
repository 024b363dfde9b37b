"""`python -m sim new-strategy`: the files of a new strategy, in a folder of its author.

The class quotes a margin away from the fair price, so that what is written runs and its test
passes before anything is changed.
"""

import keyword
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from string import Template

from conf.compose import choices
from recordings.writing import make_folder, write_text
from strategies.trading.model.errors import ConfigError, WriteError

_STRATEGY = Template('''\
"""$title: describe here what it quotes, and why that should be profitable."""

from strategies.trading import (
    DefaultStake,
    Ladder,
    LineId,
    PairView,
    ProbabilityDistance,
    Quote,
    QuoteRefresh,
    View,
    cents_from_dollars,
    nanoseconds,
)


class $class_name:
    """Rests one wager on each line, `spread_margin` of probability below its fair price."""

    def __init__(
        self,
        spread_margin: ProbabilityDistance,
        default_stake: DefaultStake,
        quote_refresh_seconds: QuoteRefresh,
    ) -> None:
        """Take the settings, which are checked against these types."""
        self._spread_margin = spread_margin
        self._stake_cents = cents_from_dollars(default_stake)
        # The least time between two calls for a market that changed; 0 calls on every change.
        self.quote_refresh_ns = nanoseconds(quote_refresh_seconds)

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return every quote wanted in this market; a wager that no quote names is cancelled."""
        return tuple(quote for pair in view.pairs for quote in self._quote_pair(pair, view.ladder))

    def _quote_pair(self, pair: PairView, ladder: Ladder) -> list[Quote]:
        if pair.fair is None:
            return []
        lines = ((pair.pair.first.line_id, pair.fair), (pair.pair.second.line_id, 1 - pair.fair))
        quotes = [self._quote_line(line_id, fair, ladder) for line_id, fair in lines]
        return [quote for quote in quotes if quote is not None]

    def _quote_line(self, line_id: LineId, fair: float, ladder: Ladder) -> Quote | None:
        """Quote the shortest permitted odds that leave the margin, None if there are none."""
        odds = ladder.shortest_implying_at_most(fair - self._spread_margin)
        return None if odds is None else Quote(line_id, odds, self._stake_cents)
''')

_SETTINGS = Template("""\
# $title. Chosen with strategy=$name, or by the experiment of the same name.
_target_: $name.$class_name
_partial_: true             # the desk makes one of its own for every run
spread_margin: 0.004        # probability below fair
default_stake: 50           # dollars a quote
quote_refresh_seconds: 5    # 0: decide on every change
""")

_EXPERIMENT = Template("""\
# @package _global_
# $title on the shipped, simulated NBA game.
defaults:
  - override /strategy: $name
  - override /latency: lognormal
seed: 7
recording:
  path: nba
""")

_TEST = Template('''\
"""$title: what it quotes at a given fair price."""

from $name import $class_name
from strategies.trading import (
    Book,
    Catalogue,
    EventId,
    EventStatus,
    Line,
    LineId,
    Market,
    MarketId,
    MarketStatus,
    MarketType,
    PairView,
    Position,
    Selection,
    SportEvent,
    View,
    crosses,
    implied_probability,
    prophetx_ladder,
)

GAME, MONEYLINE = EventId("game"), MarketId("moneyline")
HOME, AWAY = (
    Line(LineId(selection.value), GAME, MONEYLINE, selection, 0.0)
    for selection in (Selection.HOME, Selection.AWAY)
)
EVENT = SportEvent(GAME, "Away at Home", "Home", "Away", "NBA", "basketball", 0)
MARKET = Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")
PAIR = Catalogue([EVENT], [MARKET], [HOME, AWAY]).pair_of(HOME.line_id)


def view(fair: float | None) -> View:
    """Return a view of one moneyline with this fair probability of home."""
    return View(
        now_ns=0,
        event=EVENT,
        event_status=EventStatus.NOT_STARTED,
        score=None,
        market=MARKET,
        market_status=MarketStatus.OPEN,
        pairs=(PairView(Book(PAIR), fair, Position(PAIR)),),
        positions=(),
        ladder=prophetx_ladder(),
    )


def test_both_lines_are_quoted_a_margin_below_fair() -> None:
    """Each quote keeps the margin, and the two do not match each other."""
    home, away = $class_name(0.02, 50, 5).quote(view(0.6))
    assert (home.line_id, away.line_id) == ("home", "away")
    assert implied_probability(home.odds) <= 0.58
    assert implied_probability(away.odds) <= 0.38
    assert not crosses(home.odds, away.odds)
    assert home.stake_cents == away.stake_cents == 5_000


def test_nothing_is_quoted_without_a_fair_price() -> None:
    """A book that cannot be priced gets no quotes."""
    assert $class_name(0.02, 50, 5).quote(view(None)) == ()
''')

_FILES = {
    "{name}.py": _STRATEGY,
    "test_{name}.py": _TEST,
    "conf/strategy/{name}.yaml": _SETTINGS,
    "conf/experiment/{name}.yaml": _EXPERIMENT,
}


def write_strategy(name: str, folder: Path) -> list[Path]:
    """Write class, test, settings and experiment of a strategy; return their paths.

    Raise ConfigError, with nothing written, for a name that is no module name, one that Python
    or this project uses already, or where one of the files exists; WriteError, with nothing left
    behind, where the disk does not take one.
    """
    _require_free_name(name)
    words = {"name": name, "class_name": _class_name(name), "title": _title(name)}
    texts = {
        folder / path.format(name=name): text.substitute(words) for path, text in _FILES.items()
    }
    there = [path for path in texts if path.exists()]
    if there:
        message = f"{there[0]} exists; choose another name or folder"
        raise ConfigError(message)
    try:
        for path, text in texts.items():
            make_folder(path.parent)
            write_text(path, text)
    except WriteError:
        # What is left would be refused as existing when the command is run again.
        for path in texts:
            with suppress(OSError):
                path.unlink()
        raise
    return list(texts)


def _require_free_name(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        message = f"{name!r} is no module name: lower-case letters, digits and _, such as my_idea"
        raise ConfigError(message)
    configured = any(name in names for names in choices().values())
    if configured or name in sys.stdlib_module_names or find_spec(name) is not None:
        message = f"{name!r} is taken by a module or setting; choose another, such as my_{name}"
        raise ConfigError(message)


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _title(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
