"""A session goes on where it traded before."""

from pathlib import Path

import pytest

from live.session.session_folder import require_continued
from recordings.journal.session_journal import SessionJournal
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds

DRILL = "mode_name: live\nprophet: {name: production_drill}\n"
REAL = "mode_name: live\nprophet: {name: production}\n"
PAPER = "mode_name: paper\nprophet: {name: production}\n"
UNNAMED = "mode_name: live\n"


def session(folder: Path, *configurations: str, placed: bool = True) -> Path:
    """Return the folder of a session with the configurations of its starts, and its journal."""
    for number, configuration in enumerate(configurations, 1):
        (folder / f"start-{number:05d}.yaml").write_text(configuration)
    with SessionJournal(folder / "journal.sqlite") as journal:
        journal.begin_run(1)
        if placed:
            ref, line = WagerRef("first-1-1"), LineId("h")
            journal.sent(2, PlaceWager(ref, line, Odds(110), 1_000, Intent.REST))
        journal.commit()
    return folder


@pytest.mark.parametrize("before", [(), (DRILL,), (REAL, DRILL), (UNNAMED,)])
def test_a_session_may_go_on_where_it_traded(tmp_path: Path, before: tuple[str, ...]) -> None:
    """A new one anywhere, and one of a version that did not save the exchange."""
    require_continued(session(tmp_path, *before), DRILL)


def test_a_start_that_placed_nothing_binds_no_session(tmp_path: Path) -> None:
    """A first try with a wrong tournament, on paper, is no reason to refuse."""
    require_continued(session(tmp_path, PAPER, placed=False), REAL)


@pytest.mark.parametrize(
    ("before", "now", "named"),
    [
        (DRILL, REAL, "traded at production_drill before, not at production; use another name"),
        (PAPER, REAL, "traded on paper before, not at production; use another name"),
        (REAL, PAPER, "traded at production before, not on paper; use another name"),
    ],
)
def test_a_session_does_not_move_to_another_exchange(
    tmp_path: Path, before: str, now: str, named: str
) -> None:
    """Its positions are not there: the first dollar would inherit a drill's."""
    with pytest.raises(ConfigError, match=rf"^session\.name: {tmp_path.name} {named}$"):
        require_continued(session(tmp_path, before), now)


def test_a_broken_configuration_of_a_start_is_named(tmp_path: Path) -> None:
    """It is an error of one line, and nothing is sent."""
    with pytest.raises(ConfigError, match="a saved configuration cannot be read"):
        require_continued(session(tmp_path, "mode_name: [live"), REAL)
