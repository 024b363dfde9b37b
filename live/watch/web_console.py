"""The verb `watch`: serves the page of a session until Ctrl-C."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from live.session.session_folder import session_folder
from live.watch.page_server import PageServer
from live.watch.web_access import WebRole
from recordings.control_address import SOCKET_NAME
from strategies.trading.model.errors import ConfigError

DEFAULT_PORT = 8642
_PORT_MAX = 65_535


def watch_in_browser(words: Sequence[str], home: Path) -> None:
    """Serve the page that the words ask for; raise ConfigError for wrong ones."""
    parser = VerbParser(
        prog="python -m live watch --web",
        usage="python -m live watch --web (session.name=NAME | --folder DIR) [--port N]",
        description="Serve a page that shows a running session to browsers of this machine, until "
        "Ctrl-C. It prints two addresses: with the viewer's one can look, with the operator's also "
        "pause, resume, pull, halt and change limits. They are new at each start.",
    )
    parser.add_argument("--web", action="store_true", help="in a browser")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}")
    parser.add_argument("--folder", help="the folder of a backtest or sandbox that is watched")
    parser.add_argument("session", nargs="*", help="session.name=NAME")
    options = parser.parse_args(list(words))
    if not options.web:
        message = "watch: add --web, for a page in the browser"
        raise ConfigError(message)
    if not 0 <= options.port <= _PORT_MAX:
        message = f"--port {options.port}: name a port from 1 to {_PORT_MAX}, or 0 for any free one"
        raise ConfigError(message)
    folder = _folder(options.folder, options.session, home)
    asyncio.run(_serve(PageServer(folder, home), options.port, folder))


def _folder(folder: str | None, words: Sequence[str], home: Path) -> Path:
    if folder is None:
        path, rest = session_folder(words, home)
        if rest:
            message = f"{rest[0]}: watch takes session.name and no other setting"
            raise ConfigError(message)
        return path
    if words:
        message = f"{words[0]}: name a session or --folder, not both"
        raise ConfigError(message)
    path = Path(folder)
    if not (path / SOCKET_NAME).exists():
        message = f"--folder {folder}: nothing there can be watched"
        raise ConfigError(message)
    return path


async def _serve(server: PageServer, port: int, folder: Path) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with server.listening(port) as address:
        print_line(f"session {folder.name}; open one of these, Ctrl-C stops the page alone")
        for role in WebRole:
            print_line(f"{role.value:<9} {address}?token={server.access.tokens[role]}")
        await stopped.wait()
