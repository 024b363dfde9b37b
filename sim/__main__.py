"""The command line of the simulator: python -m sim VERB."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

# `python -m` puts the current folder first on the path, where a `strategies/` or `conf.py` of the
# user's own would hide ours. It comes last, so that strategies of theirs are still found.
if sys.path[0] == str(Path.cwd()) and Path(__file__).parents[1] != Path.cwd():
    sys.path.append(sys.path.pop(0))

from conf.command_line import Verb, print_line, run, session_verb
from conf.modes import Mode, refuse_other_modes
from conf.options import with_verbosity
from conf.verb_parser import VerbParser
from strategies.trading.model.counted import counted

HELP = """\
usage: python -m sim VERB [...] [--debug]

  run           backtest a strategy on a recording
  study         compare settings on the same games
  runs          list, filter and compare finished runs and studies
  serve         run a local exchange that replays a recording
  generate      generate simulated games as recordings
  season        generate a season of simulated games
  calibrate     compare simulated games with measurements of real ones
  import        convert another exchange's public recordings
  validate      check a whole recording and print a summary of it
  lines         print the lines of a recording, with their ids
  book          print the books of a recording at a moment
  watch         play the books of a recording in the terminal, forward and back
  join          make one recording of several, of scores and of outside prices
  salvage       write what is whole of a broken recording or session to a new folder
  report        rebuild report.html from a run folder
  replay        check that a session's inputs give the same commands again, and report on each start
  compare       compare simulated fills with a session's actual outcomes
  latency       measure the round trips of a session, for latency=measured
  new-strategy  write a strategy of your own, with its settings and a passing test
  compile       compile the core, so that passes take a third of the time

python -m sim VERB --help describes a verb. Errors are one line, with exit status 2 for invalid
settings, arguments or files and 1 for a run that failed; --debug shows the traceback.
"""

RUN_HELP = """\
usage: python -m sim run [+experiment=NAME] [SETTING=VALUE ...]

Backtests a strategy on a recording and writes a run folder: tables, summary.json, report.html.
Its path is the last line printed.

  python -m sim run +experiment=nba
  python -m sim run +experiment=nba_in_play strategy.spread_margin=0.01 queue=front
  python -m sim run +experiment=nba recording.path=DIR
  python -m sim run +experiment=nba --multirun strategy.spread_margin=0.005,0.01
  python -m sim run +experiment=nba report=off       draws no report.html
  python -m sim run +experiment=nba --cfg job        shows every setting and runs nothing
  python -m sim run +experiment=nba -v               prints run.log too: fills, refusals, own lines

Choices:
{choices}
Settings are those that --cfg job shows; several experiments are +experiment=[nba,nba_in_play].
"""

SERVE_HELP = """\
usage: python -m sim serve [+experiment=NAME] [SETTING=VALUE ...]

Serves ProphetX's REST and socket protocols on loopback, from a simulated exchange that replays a
recording. Ctrl-C ends it.

  python -m sim serve +experiment=nba
  python -m sim serve +experiment=nba sandbox.speed=20 sandbox.begin_minutes_before_start=5
  python -m sim serve +experiment=nba recording.path=DIR sandbox.port=0 watch=on

Any access key with any secret is an account of its own, with starting_balance dollars.
"""


def main(arguments: Sequence[str], program: str = "python -m sim") -> int:
    """Run the verb that the arguments begin with; return the exit status."""
    return run(program, HELP, VERBS, arguments)


def run_program(program: str = "prophet-sim") -> NoReturn:
    """Run as a program; the console script is `prophet-sim`."""
    sys.exit(main(sys.argv[1:], program))


def _run(words: Sequence[str]) -> None:
    from conf.compose import run_from_command_line  # noqa: PLC0415 - Hydra only where needed
    from sim.core.core_loader import plain_core_note  # noqa: PLC0415
    from sim.results.summary_file import has_summary  # noqa: PLC0415
    from sim.run_console import BacktestPresenter  # noqa: PLC0415

    if {"-h", "--help"} & set(words):
        print(RUN_HELP.format(choices=_choices()), end="")
        return
    refuse_other_modes(words, Mode.BACKTEST)
    note = plain_core_note()
    if note is not None and "--cfg" not in words:
        sys.stderr.write(f"{note}\n")
    presenter = BacktestPresenter()
    run_from_command_line(with_verbosity(words), presenter.present, has_summary, presenter.conclude)


def _choices() -> str:
    from conf.compose import choices  # noqa: PLC0415

    return "".join(f"  {group:<12}{', '.join(names)}\n" for group, names in choices().items())


def _study(words: Sequence[str]) -> None:
    from sim.study.objectives import OBJECTIVES  # noqa: PLC0415
    from sim.study.study_verb import HELP, study  # noqa: PLC0415

    if {"-h", "--help"} & set(words):
        print(HELP.format(objectives=", ".join(OBJECTIVES)), end="")
        return
    study(words)


def _runs(words: Sequence[str]) -> None:
    from sim.run_list.runs_verb import runs  # noqa: PLC0415

    runs(words)


def _serve(words: Sequence[str]) -> None:
    from conf.compose import session_from_command_line  # noqa: PLC0415
    from sim.sandbox.serve_console import present_sandbox  # noqa: PLC0415

    present_sandbox(session_from_command_line(words, Mode.SERVE))


def _generate(words: Sequence[str]) -> None:
    from sim.crowd_verbs import generate  # noqa: PLC0415

    generate(words)


def _season(words: Sequence[str]) -> None:
    from sim.crowd_verbs import season  # noqa: PLC0415

    season(words)


def _calibrate(words: Sequence[str]) -> None:
    from sim.crowd_verbs import calibrate  # noqa: PLC0415

    calibrate(words)


def _import(words: Sequence[str]) -> None:
    from sim.import_verb import import_recordings  # noqa: PLC0415

    import_recordings(words)


def _validate(words: Sequence[str]) -> None:
    parser = VerbParser(
        prog="python -m sim validate",
        description="Check a whole recording, and print a summary of it or the first error.",
    )
    parser.add_argument("recording", help="a folder, or the name of a shipped recording")
    options = parser.parse_args(words)
    from recordings.reader import open_recording  # noqa: PLC0415
    from recordings.utc_time import utc_text  # noqa: PLC0415
    from recordings.validator import validate  # noqa: PLC0415

    summary = validate(open_recording(options.recording))
    print_line(f"source    {summary.info.source}")
    if summary.info.simulated:
        print_line("          SIMULATED: no real market was recorded")
    for event in summary.info.events:
        named = ", ".join(filter(None, (event.name, event.tournament)))
        print_line(f"event     {named}, starts {utc_text(event.scheduled_ns)}")
    print_line(f"from      {utc_text(summary.first_ns)}")
    print_line(f"to        {utc_text(summary.last_ns)}")
    print_line(
        f"markets   {len(summary.info.markets)}, with {counted(summary.pairs, 'pair')} of lines"
    )
    print_line(f"messages  {summary.messages}, in {counted(summary.rows, 'row')}")
    for kind, count in summary.rows_by_kind.items():
        print_line(f"          {count:>9} {kind}")
    if summary.score_corrections:
        print_line(f"          {counted(summary.score_corrections, 'score')} taken back")
    if summary.trade_pairs:
        apart = f"{summary.trade_spacing_ns / 1_000_000:g} ms"
        named = counted(summary.trade_pairs, "trade")
        print_line(f"spacing   {named} with the fall of an offer, nine in ten within {apart}")
    for note in summary.info.notes:
        print_line(f"note      {note}")
    print_line(f"digest    {summary.digest}")
    print_line("valid")


def _lines(words: Sequence[str]) -> None:
    from sim.inspect.inspect_verbs import show_lines  # noqa: PLC0415

    show_lines(words)


def _book(words: Sequence[str]) -> None:
    from sim.inspect.inspect_verbs import show_book  # noqa: PLC0415

    show_book(words)


def _watch(words: Sequence[str]) -> None:
    from sim.watch.watch_verb import watch  # noqa: PLC0415 - Textual only where needed

    watch(words)


def _join(words: Sequence[str]) -> None:
    parser = VerbParser(
        prog="python -m sim join",
        description="Make one recording of several, such as those of the markets of one game. "
        "Scores and outside prices are added from recordings that have only these, or from files: "
        'lines of JSON, {"time": "2026-01-15T00:31:10Z", "event_id": ID, "home": 2, "away": 0, '
        '"clock_seconds": 70} or {"time": ..., "line_id": ID, "probability": 0.52}.',
    )
    parser.add_argument("recordings", metavar="RECORDING", nargs="+", help="a folder, or a name")
    parser.add_argument("--add", metavar="FILE", type=Path, action="append", default=[])
    parser.add_argument("--out", metavar="NEW", type=Path, required=True, help="a new folder")
    options = parser.parse_args(words)
    from recordings.join import join_recordings  # noqa: PLC0415

    print_line(join_recordings(options.recordings, options.out, options.add))
    print_line(options.out.resolve())


def _salvage(words: Sequence[str]) -> None:
    parser = VerbParser(
        prog="python -m sim salvage",
        description="Write every whole message before the first break of a recording, or of a "
        "session's journal and recordings, to a new folder. The broken one is only read.",
    )
    parser.add_argument("folder", type=Path, help="a recording, or a session: sessions/NAME")
    parser.add_argument("--out", metavar="NEW", type=Path, required=True, help="a new folder")
    options = parser.parse_args(words)
    from recordings.salvage.salvage import salvage  # noqa: PLC0415

    for line in salvage(options.folder, options.out):
        print_line(line)
    print_line(options.out.resolve())


def _report(words: Sequence[str]) -> None:
    parser = VerbParser(
        prog="python -m sim report",
        description="Rebuild report.html from a run folder, or write the report of one event.",
    )
    parser.add_argument("folder", type=Path, help="a run folder")
    parser.add_argument(
        "--event", metavar="ID", help="write report-ID.html, with all pairs of one event: ID, NAME"
    )
    options = parser.parse_args(words)
    from sim.report.document import write_event_report, write_report  # noqa: PLC0415

    if options.event is None:
        print_line(write_report(options.folder).resolve())
    else:
        print_line(write_event_report(options.folder, options.event).resolve())


def _replay(words: Sequence[str]) -> None:
    from sim.session_verbs import replay  # noqa: PLC0415

    replay(words)


def _compare(words: Sequence[str]) -> None:
    from sim.session_verbs import compare  # noqa: PLC0415

    compare(words)


def _latency(words: Sequence[str]) -> None:
    from sim.session_verbs import latency  # noqa: PLC0415

    latency(words)


def _new_strategy(words: Sequence[str]) -> None:
    parser = VerbParser(
        prog="python -m sim new-strategy",
        description="Write a working strategy: class, settings, experiment, and a passing test.",
    )
    parser.add_argument("name", help="its module, in lower case, such as my_idea")
    parser.add_argument("--dir", type=Path, required=True, help="the folder to write into")
    options = parser.parse_args(words)
    from sim.new_strategy import write_strategy  # noqa: PLC0415

    for path in write_strategy(options.name, options.dir):
        print_line(path)
    print_line("")
    print_line("To test it, and to run it on the shipped game:")
    print_line(f"cd {options.dir}")
    print_line("python -m pytest")
    print_line(f"PYTHONPATH=. prophet-sim run --config-dir conf +experiment={options.name}")


def _compile(words: Sequence[str]) -> None:
    VerbParser(
        prog="python -m sim compile",
        description="Compile the core of the simulator with mypyc and a C compiler: about a "
        "minute, once for every change of its sources. Results are the same with and without.",
    ).parse_args(words)
    from sim.core.core_build import compile_core  # noqa: PLC0415

    print_line(compile_core())


VERBS: dict[str, Verb] = {
    "run": _run,
    "serve": session_verb(SERVE_HELP, Mode.SERVE, _serve),
    "study": _study,
    "runs": _runs,
    "generate": _generate,
    "season": _season,
    "calibrate": _calibrate,
    "import": _import,
    "validate": _validate,
    "lines": _lines,
    "book": _book,
    "watch": _watch,
    "join": _join,
    "salvage": _salvage,
    "report": _report,
    "replay": _replay,
    "compare": _compare,
    "latency": _latency,
    "new-strategy": _new_strategy,
    "compile": _compile,
}

if __name__ == "__main__":
    run_program("python -m sim")
