"""The verb `watch`: plays recordings in a terminal."""

import sys
from argparse import Namespace
from collections.abc import Sequence

from conf.required_terminal import require_terminal
from conf.verb_parser import VerbParser
from recordings.reader import open_recording
from recordings.selection import selected_recordings
from recordings.tape_columns import TapeColumns, tape_columns
from sim.inspect.book_table import chosen_pairs
from sim.inspect.inspect_verbs import AT, with_time_joined
from sim.inspect.time_argument import parse_time, require_within
from sim.watch.player_screens import RecordingChooser
from sim.watch.recording_index import RecordingIndex
from sim.watch.recording_player import RecordingPlayer
from strategies.trading.model.errors import ConfigError, TapeError

_INSTEAD = "`python -m sim book RECORDING --at TIME` prints a moment"
# Reading and checking fewer rows takes less than a second.
_MANY_ROWS = 500_000


def watch(words: Sequence[str]) -> None:
    """Play recordings until the person leaves."""
    parser = VerbParser(
        prog="python -m sim watch",
        description="Play the books of a recording in a terminal, forward and back at any speed: "
        "both sides of a market's book, its last trades, status, score and playing time. The keys "
        "are at the bottom of the screen.",
    )
    parser.add_argument(
        "recordings",
        metavar="RECORDING",
        nargs="+",
        help="a folder, the name of a shipped recording, a folder of recordings, or a catalogue",
    )
    parser.add_argument(
        AT,
        metavar="TIME",
        help="begin at this time: in UTC, such as 2026-01-15T00:30:00, or relative to the "
        "scheduled start, such as -01:30:00",
    )
    parser.add_argument("--line", metavar="ID", help="only this line and its opposite")
    parser.add_argument("--market", metavar="NAME", help="only this market: an id, or a type")
    options = parser.parse_args(with_time_joined(words))
    require_terminal(_INSTEAD)
    names = selected_recordings(options.recordings)
    if len(names) == 1:
        _player(names[0], options, is_one_of_several=False).run()
    else:
        _choose_and_play(names, options)


def _choose_and_play(names: Sequence[str], options: Namespace) -> None:
    """Play one recording after another, each as it is chosen; say why one cannot be played."""
    chosen: str | None = names[0]
    wants_another, problem = True, ""
    while wants_another:
        chosen = RecordingChooser(names, chosen or names[0], problem).run()
        if chosen is None:
            return
        problem = ""
        try:
            wants_another = bool(_player(chosen, options, is_one_of_several=True).run())
        except (ConfigError, TapeError) as error:
            problem = str(error)


def _player(name: str, options: Namespace, *, is_one_of_several: bool) -> RecordingPlayer:
    columns = _columns(name)
    catalogue = columns.info.catalogue()
    pairs = chosen_pairs(catalogue, options.line, options.market)
    if not pairs:
        message = f"{name}: the recording has no market"
        raise ConfigError(message)
    index = RecordingIndex(columns)
    start_ns = catalogue.events[pairs[0].market.event_id].scheduled_ns
    at_ns = index.first_ns
    if options.at is not None:
        at_ns = parse_time(options.at, start_ns)
        require_within(at_ns, index.first_ns, index.last_ns)
    return RecordingPlayer(name, index, catalogue, pairs, at_ns, is_one_of_several)


def _columns(name: str) -> TapeColumns:
    tape = open_recording(name)
    if tape.rows_total > _MANY_ROWS:
        sys.stderr.write(f"reading {tape.rows_total:,} rows of {name}\n")
    return tape_columns(tape)
