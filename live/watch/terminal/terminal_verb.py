"""The verb `watch` without `--web`: sessions in a terminal."""

from collections.abc import Sequence
from pathlib import Path

from conf.required_terminal import require_terminal
from live.session.session_folder import SESSIONS, session_folder
from live.watch.terminal.session_reader import session_folders
from live.watch.terminal.session_watcher import SessionWatcher
from strategies.trading.model.errors import ConfigError

_INSTEAD = "`python -m live status session.name=NAME` prints the state once"
_SESSION, _NAME = "session.name=", "name="


def watch_in_terminal(words: Sequence[str], home: Path) -> None:
    """Watch the session that the words name, or one of all in this folder, until the person leaves.

    Raise ConfigError for other words, without a session, and without a terminal.
    """
    names = [word for word in words if word.startswith(_NAME)]
    rest = [word for word in words if word not in names]
    if len(names) > 1:
        message = "name: give one name, as in name=Ann"
        raise ConfigError(message)
    unknown = [word for word in rest if not word.startswith(_SESSION)]
    if unknown:
        message = f"{unknown[0]}: watch takes session.name=NAME, name=PERSON, and --web"
        raise ConfigError(message)
    folders = [session_folder(rest, home)[0]] if rest else session_folders(home)
    if not folders:
        message = f"{SESSIONS}: there is no session here; python -m live paper starts one"
        raise ConfigError(message)
    require_terminal(_INSTEAD)
    SessionWatcher(folders, "".join(names).removeprefix(_NAME)).run()
