"""The verb `metrics`: serves the metrics of running sessions on loopback, until Ctrl-C."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from conf.command_line import print_line
from conf.verb_parser import VerbParser
from live.metrics.metric_families import MetricFamilies
from live.metrics.session_metrics import MOST_EVENTS, add_session
from live.session.control.snapshot_client import read_event, read_session
from live.session.session_folder import session_folder
from strategies.trading.model.errors import ConfigError, TradingError
from strategies.trading.snapshot.snapshot_types import EventDetail, SessionView

LOOPBACK = "127.0.0.1"
PORT = 9464
_DESCRIPTION = f"""\
Serve what running sessions say in numbers to Prometheus, at http://{LOOPBACK}:{PORT}/metrics, until
Ctrl-C. It is a process of its own: at each scrape it asks the sessions for their snapshots, as the
page does. A session that is not running has prophet_session_up 0. docs/metrics.md lists the
metrics, docs/grafana-dashboard.json is a dashboard of them."""


def metrics(words: Sequence[str]) -> None:
    """Serve the sessions that the words name until a signal ends it; raise ConfigError."""
    parser = VerbParser(prog="python -m live metrics", description=_DESCRIPTION)
    parser.add_argument("--port", type=int, default=PORT, help=f"a free port; otherwise {PORT}")
    parser.add_argument("names", nargs="+", metavar="session.name=NAME", help="one or several")
    options = parser.parse_args(words)
    folders = [session_folder([name], Path())[0] for name in dict.fromkeys(options.names)]
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with MetricsServer(folders, options.port) as server:
        print_line(f"http://{LOOPBACK}:{server.port}/metrics; Ctrl-C stops it")
        stop.wait()


class MetricsServer:
    """Serves the metrics of the sessions in some folders; used as a context manager."""

    def __init__(self, folders: Sequence[Path], port: int) -> None:
        """Listen on a port, 0 for any free one; raise ConfigError if it is taken."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(SessionCollector(folders))
        try:
            self._server, self._thread = start_http_server(port, LOOPBACK, registry)
        except (OSError, OverflowError) as error:
            message = f"--port {port}: cannot be used ({error}); name another"
            raise ConfigError(message) from error
        self.port = self._server.server_port

    def __enter__(self) -> "MetricsServer":
        """Return the server, which serves already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class SessionCollector(Collector):
    """Reads the snapshots of each session and of its quoted events when it is scraped."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Read the sessions in these folders."""
        self._folders = folders

    def collect(self) -> Iterator[Metric]:
        """Return the metrics now."""
        found = MetricFamilies()
        for folder in self._folders:
            view = _view_of(folder)
            events = [] if view is None else list(_quoted_events(folder, view))
            add_session(found, folder.name, view, events)
        return iter(found)


def _view_of(folder: Path) -> SessionView | None:
    """Return the snapshot of a session, None if it is not there, has no desk, or hangs."""
    try:
        return read_session(folder)
    except TradingError:
        return None


def _quoted_events(folder: Path, view: SessionView) -> Iterator[EventDetail]:
    """Yield the events with wagers open, as far as the session answers, the first ones only."""
    quoted = [event.event_id for event in view.events if event.open_wagers][:MOST_EVENTS]
    with suppress(TradingError):
        for event_id in quoted:
            detail = read_event(folder, event_id)
            if detail is not None:
                yield detail
