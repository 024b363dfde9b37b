"""Shared parts of the command lines: verbs, one line for an error, and the exit status."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper

from conf.modes import Mode, refuse_other_modes
from conf.options import is_given
from recordings.writing import DISK_FULL, write_error
from strategies.trading.model.errors import (
    ConfigError,
    CredentialsError,
    ReportError,
    TapeError,
    TradingError,
    WriteError,
)
from strategies.trading.model.one_line import one_line, short_line

Verb = Callable[[Sequence[str]], None]

# What a shell reports for a program that SIGPIPE ended: 128 and the number of the signal.
_SIGPIPE_STATUS = 141


def run(program: str, help_text: str, verbs: Mapping[str, Verb], arguments: Sequence[str]) -> int:
    """Run the verb that the arguments begin with; return the exit status.

    Errors are one line, with status 2 for invalid settings, arguments, files or keys and 1 for
    failures; with --debug among the arguments they are raised. From here on a character that
    standard output or error cannot encode is written as a replacement sign.
    """
    _replace_what_cannot_be_encoded()
    words = [word for word in arguments if word != "--debug"]
    verb = words[0] if words else "--help"
    if verb in ("-h", "--help", "help"):
        return _guarded(program, _printing(help_text), ())
    if verb == "--version":
        return _guarded(program, _print_version, ())
    if verb not in verbs:
        return _failed(program, f"no verb {verb!r}; there are {', '.join(verbs)}", 2)
    if "--debug" in arguments:
        verbs[verb](words[1:])
        return 0
    return _guarded(f"{program} {verb}", verbs[verb], words[1:])


def session_verb(help_text: str, mode: Mode, present: Verb) -> Verb:
    """Return a verb that presents the session of a mode, or with `--cfg job` prints its settings.

    `present` composes the session from its words.
    """

    def verb(words: Sequence[str]) -> None:
        if {"-h", "--help"} & set(words):
            sys.stdout.write(help_text)
            return
        refuse_other_modes(words, mode)
        if is_given("--cfg", words):
            from conf.compose import print_settings  # noqa: PLC0415 - Hydra only where needed

            print_settings(words, mode)
        else:
            present(words)

    return verb


def print_line(line: object) -> None:
    """Print a line on stdout, with control characters escaped; raise OSError if nobody reads.

    Names of games and markets come from an exchange, or from a recording of somebody else.
    """
    sys.stdout.write(f"{one_line(str(line))}\n")
    sys.stdout.flush()


def _replace_what_cannot_be_encoded() -> None:
    """Write a sign for what a stream cannot encode: names of teams have accents, and may be any.

    Set on the streams themselves, so that it holds for all that prints: tables of rich, progress,
    lines of a session and of libraries.
    """
    for stream in (sys.stdout, sys.stderr):
        # None where the parent closed it; in tests it may be one in memory.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _printing(text: str) -> Verb:
    """Return a verb that prints a text: its reader may go away too."""

    def printed(_: Sequence[str]) -> None:
        sys.stdout.write(text)

    return printed


def _print_version(_: Sequence[str]) -> None:
    from importlib.metadata import version  # noqa: PLC0415 - reads e-mail headers, to be imported

    sys.stdout.write(f"prophet-sim {version('prophet-sim')}\n")


def _guarded(program: str, verb: Verb, words: Sequence[str]) -> int:
    """Run a verb, and write any error as one line."""
    try:
        verb(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader is gone, as in `... | head`.
        _discard_output()
        return _SIGPIPE_STATUS
    except (ConfigError, CredentialsError, TapeError) as error:
        return _failed(program, str(error), 2)
    except (WriteError, ReportError) as error:
        return _failed(program, str(error), 1)
    except KeyboardInterrupt as interrupt:
        # A verb that keeps something raises it again with a text that says what.
        return _failed(program, str(interrupt) or "interrupted; nothing was kept", 130)
    except TradingError as error:
        return _failed(program, f"{type(error).__name__}: {error}", 1)
    except OSError as error:
        if error.errno not in DISK_FULL or error.filename is not None:
            return _failed(program, _unexpected(error), 1)
        # Whatever else is written names itself: see `recordings.writing`.
        _discard_output()
        return _failed(program, str(write_error("standard output", error)), 1)
    except Exception as error:
        return _failed(program, _unexpected(error), 1)
    return 0


def _discard_output() -> None:
    """Send what is still buffered nowhere: it would fail again as the interpreter flushes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _unexpected(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"failed: {text} (--debug shows where)"


def _failed(program: str, text: str, status: int) -> int:
    # Whoever reads stderr may be gone; the status says all the same that it failed.
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{program}: {short_line(text)}\n")
        sys.stderr.flush()
    return status
