"""The command line of the bridge to ProphetX: python -m live VERB."""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

# `python -m` puts the current folder first on the path, where a `strategies/` or `conf.py` of the
# user's own would hide ours. It comes last, so that strategies of theirs are still found.
if sys.path[0] == str(Path.cwd()) and Path(__file__).parents[1] != Path.cwd():
    sys.path.append(sys.path.pop(0))

from conf.command_line import Verb, print_line, run, session_verb
from conf.modes import Mode, refuse_other_modes
from conf.options import is_given, with_verbosity, without_option
from strategies.trading.model.errors import ConfigError

if TYPE_CHECKING:
    from live.prophetx.tools.account_tools import AccountTools
    from live.session.session import Session

HELP = """\
usage: python -m live VERB [...] [--debug]

  check      log in, list what is on offer, open a socket; report the first thing that is wrong
  paper      trade the live market on paper, until Ctrl-C
  trade      trade at the exchange, until Ctrl-C
  rehearse   trade with faults and drills, at an exchange of play money, and judge it as the
             exchange's review does
  record     record the exchange's stream, until Ctrl-C
  status     the balance, and every open wager; with session.name=NAME the state of a session
  watch      show a running session in the terminal, and control it; with --web in the browser
  control    pause, resume, reduce, halt, pull, set, reload: words for a running session
  cancel-all cancel every open wager, and confirm that nothing is open
  alert-test send a test message to each receiver of alerts (alert.urls)
  watchdog   cancel everything when a session hangs or dies; trade starts one of its own
  reconcile  compare a session's journal with the exchange, wager by wager
  export     fills, settlements, fees and rebates of sessions as tables, by day and event
  metrics    serve the figures of running sessions to Prometheus, on loopback

All take settings as NAME=VALUE, among them the exchange: prophet=sandbox_local (the default; see
python -m sim serve), prophet=sandbox, prophet=production. --config-dir DIR finds files of settings
of your own, and --cfg job shows every setting and runs nothing. -v prints each fill, refusal and
line of a strategy's own logger too, -vv all that is logged (docs/logs.md). Keys are read from
PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY, or from a private file that PROPHETX_USER_INFO names;
sandbox_local needs none.

Errors are one line, with exit status 2 for invalid settings, files or keys, and 1 for what failed;
--debug shows a traceback.
"""

RECORD_HELP = """\
usage: python -m live record [+experiment=NAME] [SETTING=VALUE ...]

Records the markets that an experiment follows, in segments that are complete on their own, with the
raw messages beside them. Ctrl-C stops it; the last line printed is the path of the recording.

  python -m live record +experiment=nba
  python -m live record prophet=sandbox markets.tournaments=[NBA] run.segment_seconds=10
"""

TRADE_HELP = """\
usage: python -m live {verb} [+experiment=NAME] session.name=NAME [SETTING=VALUE ...]

{description}
Everything received and sent is kept in sessions/NAME. Ctrl-C cancels everything and confirms that
nothing is open; a second one stops at once. What real money needs is in docs/going-live.md, and
python -m live check shows what of it is met.

  python -m live {verb} +experiment=nba prophet=sandbox_local session.name=first
"""

REHEARSE_HELP = """\
usage: python -m live rehearse [+experiment=NAME] [prophet=NAME] [SETTING=VALUE ...]

Runs the session of `trade` for rehearsal.hours, with faults on a schedule drawn from the seed, a
kill switch drill, and wagers that must be refused. Prints what the exchange's review asks for, with
what was measured, and saves the page in sessions/NAME/rehearsal.md and .json. Status 1 if the
review would not let it pass. One that passed is put on record: trade with real money needs it, of
this version and configuration, at most 14 days old. Our own sandbox is asked for every fault;
elsewhere only those happen that can be caused from our side. Each rehearsal is a session of its
own: rehearsal, rehearsal-2 and so on, unless session.name names another.

  python -m live rehearse +experiment=nba prophet=sandbox_local rehearsal.hours=2
"""

OPERATE_HELP = """\
usage: python -m live {verb} [prophet=NAME] [SETTING=VALUE ...]

{description}

  python -m live {verb} prophet=sandbox_local
  python -m live {verb} prophet=sandbox
"""

ALERT_TEST_HELP = """\
usage: python -m live alert-test alert.urls=[URL,...] [SETTING=VALUE ...]

Sends a test message to each receiver of alerts, and prints which took it. Status 1 if one did not.
URLs are those of apprise, which the extra `alert` installs; docs/alerts.md says what is sent when.

  python -m live alert-test alert.urls=[json://127.0.0.1:8080]
  python -m live alert-test +experiment=mine --config-dir conf
"""

RECONCILE_HELP = """\
usage: python -m live reconcile session.name=NAME [prophet=NAME] [SETTING=VALUE ...]

Compares the journal in sessions/NAME with the exchange's history of the last week: which wagers are
open, and what was matched. Changes nothing. Status 1 if they differ.

  python -m live reconcile prophet=sandbox_local session.name=first
"""

WATCHDOG_HELP = """\
usage: python -m live watchdog session.name=NAME

Waits in sessions/NAME for the session to trade, and cancels everything of its account when its
heartbeats cease or it ends without having confirmed that nothing is open. It ends when the session
has closed. A session without such a watchdog starts one of its own. What it did is in
sessions/NAME/watchdog.log.

  python -m live watchdog session.name=first
"""

CONTROL_HELP = """\
usage: python -m live control session.name=NAME WORD ...

Gives a running session a word, through a socket in its folder that only its user can open. Each is
kept in the journal with who gave it, holds until it is taken back, also over later starts, and
never exceeds the operator's ceilings.

  status                    its state, every market and every open wager; also python -m live status
  pause [GAME [MARKET]]     withdraw the quotes, and place none: everywhere, in a game or a market
  resume [GAME [MARKET]]    end a pause; without a game also a halt, or that it only reduces
  reduce                    place only what lowers the exposure
  halt [REASON]             cancel everything, and place nothing
  pull [GAME [MARKET]]      cancel what is open now; quoting goes on
  set NAME=VALUE ...        change risk.NAME, strategy.NAME or wagers.NAME within its type
  reload                    take risk, strategy and wagers from the configuration as it is now

GAME and MARKET are an id, or a part of the name that fits only one.

  python -m live control session.name=first pause Celtics moneyline
  python -m live control session.name=first set risk.max_event_exposure=500
"""

WATCH_HELP = """\
usage: python -m live watch [session.name=NAME | --folder DIR] [name=PERSON]
       python -m live watch --web ...

Watches a running session in the terminal, also over ssh: state, equity, limits, feed, latencies,
alarms, events with the reasons for not quoting, and the books of an event with our wagers. Keys
pause, resume, pull and halt, each asked twice; what is given is in the session's journal with the
name of the person. Leaving changes nothing. Without session.name it lists the sessions here;
--folder names that of a backtest or sandbox that is watched. With --web it serves a page, which
--web --help describes.

  python -m live watch session.name=first
  python -m live watch session.name=first name="Ann Lee"
"""

_DESCRIPTIONS = {
    "paper": "Trades the live market with wagers at a simulated exchange.",
    "trade": "Trades the live market with wagers at the exchange.",
    "check": "Logs in and shows balance, tournaments, events, ladder and channels. Stops at the "
    "first\nthing that is wrong and reports it; changes nothing. With real money it shows which "
    "conditions\nof trade are met.",
    "status": "Shows the balance and every open wager of the last week; changes nothing. With "
    "session.name=NAME\nit shows the state of that session: asked of it, or from its journal.",
    "cancel-all": "Cancels every open wager of the account, and waits until none is left.",
}


def main(arguments: Sequence[str], program: str = "python -m live") -> int:
    """Run the verb that the arguments begin with; return the exit status."""
    return run(program, HELP, VERBS, arguments)


def run_program(program: str = "prophet-live") -> NoReturn:
    """Run as a program, with warnings on stderr; the console script is `prophet-live`."""
    from live.terminal import TerminalHandler, keep_standard_streams  # noqa: PLC0415

    keep_standard_streams()
    logging.getLogger().addHandler(TerminalHandler())
    sys.exit(main(sys.argv[1:], program))


def _record(words: Sequence[str]) -> None:
    from conf.compose import run_from_command_line  # noqa: PLC0415 - Hydra only where needed
    from live.console import present_recording  # noqa: PLC0415
    from recordings.tape import has_segments  # noqa: PLC0415

    if {"-h", "--help"} & set(words):
        print(RECORD_HELP, end="")
        return
    refuse_other_modes(words, Mode.RECORD)
    run_from_command_line([f"mode={Mode.RECORD}", *words], present_recording, has_segments)


def _trade(verb: str, mode: Mode) -> Verb:
    """Return a verb that runs a session."""

    def trade(words: Sequence[str]) -> None:
        from conf.compose import session_from_command_line  # noqa: PLC0415
        from live.console import present_session  # noqa: PLC0415

        given = with_verbosity(words)

        def read() -> "Session":
            session: Session = session_from_command_line(given, mode)
            return session

        present_session(read, given)

    help_text = TRADE_HELP.format(verb=verb, description=_DESCRIPTIONS[verb])
    return session_verb(help_text, mode, trade)


def _rehearse(words: Sequence[str]) -> None:
    from conf.compose import session_from_command_line  # noqa: PLC0415
    from live.console import present_rehearsal  # noqa: PLC0415
    from live.prophetx.tools.rehearse import with_name  # noqa: PLC0415

    named = with_name(with_verbosity(words), Path.cwd())
    present_rehearsal(session_from_command_line(named, Mode.REHEARSE))


def _operate(verb: str, present: str) -> Verb:
    """Return a verb that runs an account tool."""

    def operate(words: Sequence[str]) -> None:
        from conf.compose import session_from_command_line  # noqa: PLC0415
        from live import console  # noqa: PLC0415

        presented: Callable[[AccountTools], None] = getattr(console, present)
        presented(session_from_command_line(words, Mode.CHECK))

    help_text = OPERATE_HELP.format(verb=verb, description=_DESCRIPTIONS[verb])
    return session_verb(help_text, Mode.CHECK, operate)


def _status(words: Sequence[str]) -> None:
    """Show the state of the session that is named, or else of the account."""
    composes = {"-h", "--help"} & set(words) or is_given("--cfg", words)
    if composes or not any(word.startswith("session.name=") for word in words):
        _operate("status", "present_status")(words)
        return
    from live.session.control.session_control import session_status  # noqa: PLC0415

    # The session has its settings already, wherever their files are.
    for line in session_status(without_option("--config-dir", words), Path.cwd()):
        print_line(line)


def _watch(words: Sequence[str]) -> None:
    if "--web" in words:
        from live.watch.web_console import watch_in_browser  # noqa: PLC0415

        watch_in_browser(words, Path.cwd())
        return
    if {"-h", "--help"} & set(words):
        print(WATCH_HELP, end="")
        return
    from live.watch.terminal.terminal_verb import watch_in_terminal  # noqa: PLC0415 - Textual

    watch_in_terminal(words, Path.cwd())


def _control(words: Sequence[str]) -> None:
    from live.session.control.session_control import control  # noqa: PLC0415

    if {"-h", "--help"} & set(words):
        print(CONTROL_HELP, end="")
        return
    for line in control(words, Path.cwd()):
        print_line(line)


def _alert_test(words: Sequence[str]) -> None:
    from conf.compose import session_from_command_line  # noqa: PLC0415
    from live.console import present_alert_test  # noqa: PLC0415

    present_alert_test(session_from_command_line(words, Mode.ALERT_TEST))


def _reconcile(words: Sequence[str]) -> None:
    from conf.compose import session_from_command_line  # noqa: PLC0415
    from live.console import present_reconcile  # noqa: PLC0415

    present_reconcile(session_from_command_line(words, Mode.RECONCILE))


def _export(words: Sequence[str]) -> None:
    from live.export.export_verb import export  # noqa: PLC0415 - polars only where needed

    export(words)


def _metrics(words: Sequence[str]) -> None:
    from live.metrics.metrics_verb import metrics  # noqa: PLC0415 - its server only where needed

    metrics(words)


def _watchdog(words: Sequence[str]) -> None:
    from live.prophetx.tools.watchdog import guard_parent, wait_and_guard  # noqa: PLC0415
    from live.session.session_folder import SESSIONS, require_name  # noqa: PLC0415

    if {"-h", "--help"} & set(words):
        print(WATCHDOG_HELP, end="")
        return
    if list(words) == ["--connected"]:
        guard_parent(os.environ, Path.cwd())
        return
    name = words[0].removeprefix("session.name=") if len(words) == 1 else ""
    if f"session.name={name}" not in words:
        message = "session.name: name the session and nothing else, as in session.name=first"
        raise ConfigError(message)
    wait_and_guard(Path.cwd() / SESSIONS / require_name(name), os.environ, Path.cwd())


VERBS: dict[str, Verb] = {
    "check": _operate("check", "present_check"),
    "paper": _trade("paper", Mode.PAPER),
    "trade": _trade("trade", Mode.LIVE),
    "rehearse": session_verb(REHEARSE_HELP, Mode.REHEARSE, _rehearse),
    "record": _record,
    "status": _status,
    "watch": _watch,
    "control": _control,
    "cancel-all": _operate("cancel-all", "present_cancel_all"),
    "alert-test": session_verb(ALERT_TEST_HELP, Mode.ALERT_TEST, _alert_test),
    "watchdog": _watchdog,
    "reconcile": session_verb(RECONCILE_HELP, Mode.RECONCILE, _reconcile),
    "export": _export,
    "metrics": _metrics,
}

if __name__ == "__main__":
    run_program("python -m live")
