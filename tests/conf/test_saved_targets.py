"""Configurations saved by sessions of earlier versions can still be read."""

from pathlib import Path

import pytest
from hydra.utils import get_object

from conf.compose import session_from_saved
from conf.saved_targets import _MOVED, with_current_targets
from sim.compare.session_comparison import SessionComparison
from sim.replay.session_report import SessionReport

SAVED = sorted(Path(__file__).parent.glob("*_session_of_0_1.yaml"))


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("mode", "session_class"), [("replay", SessionReport), ("compare", SessionComparison)]
)
def test_a_configuration_of_version_0_1_is_read(
    path: Path, mode: str, session_class: type[object]
) -> None:
    """A session saved by version 0.1, before modules were moved, is replayed and compared."""
    assert isinstance(session_from_saved(path, mode), session_class)


def test_every_moved_class_is_found() -> None:
    """Each old name leads to an object that can be imported."""
    for target in _MOVED.values():
        assert callable(get_object(target))


def test_other_classes_and_values_stay_as_saved() -> None:
    """A class that did not move, a class of the user's own, and all values are unchanged."""
    own = {"_target_": "ideas.mine.Mine", "levels": [1, {"_target_": "live.site.Site"}]}
    found = {"_target_": "ideas.mine.Mine", "levels": [1, {"_target_": _MOVED["live.site.Site"]}]}
    assert with_current_targets(own) == found
