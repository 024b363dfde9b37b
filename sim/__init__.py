"""The simulated exchange, the backtest, its reports, and the simulated crowd.

`import sim` has the functions of the Python API (docs/python-api.md), which are imported with their
first use: polars takes longer than a backtest of a short recording.
"""

from typing import TYPE_CHECKING, Any

from sim.core.core_loader import load_core

# Before any module of the core is imported: all of them are compiled, or none.
load_core()

if TYPE_CHECKING:
    from sim.notebook.api import open_recording, read_run, read_session, read_study, run_backtest

__all__ = ["open_recording", "read_run", "read_session", "read_study", "run_backtest"]


def __getattr__(name: str) -> Any:
    """Return a function of the Python API."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from sim.notebook import api  # noqa: PLC0415 - see above

    return getattr(api, name)
