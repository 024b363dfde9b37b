"""Imports many Betfair stream files: one recording for each event, on all processors.

A recording is written in a hidden folder and renamed once it is whole, so that whatever ends an
import leaves whole recordings, which the next import keeps.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from recordings.importers.betfair.definition import Refusal
from recordings.importers.betfair.event_files import EventFiles, group_by_event, read_head
from recordings.importers.betfair.import_report import ImportReport, refused_lines
from recordings.importers.betfair.importer import (
    NothingToImportError,
    source_text,
    write_recording,
)
from recordings.importers.betfair.stream_source import StreamFileError, find_sources
from recordings.reader import Tape
from recordings.tape import SEGMENT_GLOB
from recordings.workers import NEW, ordered_results, results_of, usable_processors
from recordings.writing import writing
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError

Usable = TypeVar("Usable")


class _EventJob(NamedTuple):
    files: EventFiles
    folder: Path
    tournament: str | None
    skip_errors: bool
    salvages: bool

    @property
    def part(self) -> Path:
        """Return the folder of the recording while it is not whole."""
        return self.folder.with_name(f".{self.folder.name}.part")


class _EventOutcome(NamedTuple):
    """The report of an event's recording, None if it has none, and what was left out.

    `damaged` are errors of files, `error` the one that stops the import.
    """

    report: ImportReport | None
    damaged: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    error: str | None = None


def import_files(
    paths: Sequence[Path],
    out: Path,
    *,
    tournament: str | None = None,
    skip_errors: bool = False,
    salvages: bool = False,
) -> Iterator[str]:
    """Import stream files, folders and tars of them; yield lines that say what was done.

    A single file, or files of a single event, become a recording in the folder `out`; those of
    several events a folder each inside it, where whole ones are kept. Raise TapeError for the first
    file that is damaged, unless `skip_errors`; recordings that are whole by then stay. With
    `salvages`, a file that is cut off is imported up to where it is, and a line says so.
    """
    jobs: list[_EventJob] = []
    existed = out.exists()
    try:
        damaged: list[str] = []
        events = _find_events(paths, damaged, skip_errors)
        if len(events) == 1 and not damaged:
            yield from _import_one(_EventJob(events[0], out, tournament, skip_errors, salvages))
            return
        jobs += [
            _EventJob(each, out / each.name, tournament, skip_errors, salvages) for each in events
        ]
        yield from _import_events(jobs, out, damaged)
    finally:
        # By now no process writes there any more.
        for job in jobs:
            shutil.rmtree(job.part, ignore_errors=True)
        if not existed:
            # Only an empty one can be removed like this.
            with suppress(OSError):
                out.rmdir()


def _find_events(paths: Sequence[Path], damaged: list[str], skip_errors: bool) -> list[EventFiles]:
    """Return the files by event; add errors of files to `damaged`, or raise the first one."""
    found = _usable(find_sources(paths), damaged, skip_errors)
    # A file may be named twice, once by itself and once in a folder.
    sources = list(dict.fromkeys(found))
    heads = ordered_results(read_head, sources, usable_processors(), NEW)
    return group_by_event(_usable(heads, damaged, skip_errors))


def _usable(
    found: Iterable[Usable | TapeError], damaged: list[str], skip_errors: bool
) -> Iterator[Usable]:
    """Yield what is no error; raise the first error, or add all of them to those that are known."""
    for each in found:
        if not isinstance(each, TapeError):
            yield each
        elif skip_errors:
            damaged.append(str(each))
        else:
            raise each


def _import_events(jobs: Sequence[_EventJob], out: Path, damaged: list[str]) -> Iterator[str]:
    if any(out.glob(SEGMENT_GLOB)):
        message = f"{out}: is a recording; the files hold several, name a folder for them"
        raise TapeError(message)
    whole = [job for job in jobs if any(job.folder.glob(SEGMENT_GLOB))]
    for job in whole:
        yield from _kept_lines(job)
    missing = [job for job in jobs if job not in whole]
    refused: list[Refusal] = []
    written = 0
    with results_of(_import_event, missing, usable_processors(), NEW) as outcomes:
        for done, (index, outcome) in enumerate(outcomes, start=1):
            if outcome.error is not None:
                raise TapeError(outcome.error)
            damaged += outcome.damaged
            refused += outcome.refused
            if outcome.report is not None:
                written += 1
                name = missing[index].files.name
                yield f"{done} of {len(missing)}  {name}: {outcome.report.counts()}"
                yield from outcome.report.cut_lines()
    yield from _summary(written, len(whole), refused, damaged)
    if not written and not whole:
        message = f"{out}: no recording could be made of these files"
        raise TapeError(message)


def _kept_lines(job: _EventJob) -> Iterator[str]:
    """Say that a recording is kept, if it was made of other files; raise TapeError if damaged."""
    source = Tape(job.folder).info.source
    if source != source_text(job.files.sources):
        yield (
            f"{job.folder}: kept, though made of other files ({source}); remove it to have it "
            "imported again"
        )


def _summary(
    written: int, kept: int, refused: Sequence[Refusal], damaged: Sequence[str]
) -> Iterator[str]:
    yield from refused_lines(refused)
    yield from _skipped_lines(damaged)
    yield (
        f"{counted(written, 'recording')} imported, {kept:,} kept, "
        f"{len(damaged):,} skipped for an error"
    )


def _skipped_lines(damaged: Sequence[str]) -> Iterator[str]:
    yield from (f"Skipped: {text}" for text in damaged)


def _import_one(job: _EventJob) -> Iterator[str]:
    damaged: list[str] = []
    yield from _write_usable(job, job.folder, damaged).lines()
    yield from _skipped_lines(damaged)


def _import_event(job: _EventJob) -> _EventOutcome:
    """Write the recording of an event; raise WriteError, as no other event could be written."""
    # Of an import that was killed.
    shutil.rmtree(job.part, ignore_errors=True)
    damaged: list[str] = []
    try:
        report = _write_usable(job, job.part, damaged)
    except NothingToImportError as error:
        return _EventOutcome(None, tuple(damaged), error.refused)
    except TapeError as error:
        if job.skip_errors:
            return _EventOutcome(None, (*damaged, str(error)))
        return _EventOutcome(None, error=str(error))
    with writing(job.folder):
        job.part.rename(job.folder)
    return _EventOutcome(report, tuple(damaged), report.refused)


def _write_usable(job: _EventJob, folder: Path, damaged: list[str]) -> ImportReport:
    """Write the files of an event to a folder; if errors are skipped, without the damaged files.

    Their errors are added to `damaged`. Raise TapeError as `write_recording` does, of damaged files
    for the last one at least.
    """
    sources = list(job.files.sources)
    while True:
        try:
            return write_recording(
                sources,
                folder,
                event=job.files.event,
                tournament=job.tournament,
                damaged=damaged,
                salvages=job.salvages,
            )
        except StreamFileError as error:
            if not job.skip_errors or len(sources) == 1:
                raise
            damaged.append(str(error))
            sources.remove(error.source)
