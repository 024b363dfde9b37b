"""The verb `watch` without `--web`: sessions in a terminal."""

from collections.abc import Sequence
from pathlib import Path

from conf.required_terminal import require_terminal
from conf.verb_parser import VerbParser
from live.session.session_folder import SESSIONS, session_folder
from live.watch.terminal.session_reader import session_folders
from live.watch.terminal.session_watcher import SessionWatcher
from recordings.control_address import SOCKET_NAME
from strategies.trading.model.errors import ConfigError

_INSTEAD = "`python -m live status session.name=NAME` prints the state once"
_SESSION, _NAME = "session.name=", "name="


def watch_in_terminal(words: Sequence[str], home: Path) -> None:
    """Watch the session that the words name, or one of all in this folder, until the person leaves.

    Raise ConfigError for other words, without a session, and without a terminal.
    """
    parser = VerbParser(prog="python -m live watch")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args(list(words))
    names = [word for word in options.words if word.startswith(_NAME)]
    if len(names) > 1:
        message = "name: give one name, as in name=Ann"
        raise ConfigError(message)
    rest = [word for word in options.words if word not in names]
    folders = _folders(rest, home) if options.folder is None else [_folder(options.folder, rest)]
    require_terminal(_INSTEAD)
    SessionWatcher(folders, "".join(names).removeprefix(_NAME)).run()


def _folders(words: Sequence[str], home: Path) -> list[Path]:
    unknown = [word for word in words if not word.startswith(_SESSION)]
    if unknown:
        message = f"{unknown[0]}: watch takes session.name=NAME, name=PERSON, --folder and --web"
        raise ConfigError(message)
    folders = [session_folder(words, home)[0]] if words else session_folders(home)
    if not folders:
        message = f"{SESSIONS}: there is no session here; python -m live paper starts one"
        raise ConfigError(message)
    return folders


def _folder(folder: Path, words: Sequence[str]) -> Path:
    if words:
        message = f"{words[0]}: name a session or --folder, not both"
        raise ConfigError(message)
    if not (folder / SOCKET_NAME).exists():
        message = f"--folder {folder}: nothing there can be watched"
        raise ConfigError(message)
    return folder
