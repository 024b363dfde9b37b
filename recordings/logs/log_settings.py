"""The settings of a log."""

import logging
from typing import Annotated, Literal

from msgspec import Meta, Struct

from strategies.trading.model.settings import PositiveNumber, PositiveWhole

LogLevel = Literal["debug", "info", "warning", "error"]


class LogSettings(Struct, frozen=True, kw_only=True):
    """What is logged of a run or a session, and how."""

    level: Annotated[LogLevel, Meta(description="The lowest level that is in the file.")] = "info"
    console: Annotated[
        LogLevel,
        Meta(description="The lowest level that is printed; `-v` is info, `-vv` debug."),
    ] = "warning"
    format: Annotated[
        Literal["text", "json"],
        Meta(description="Lines for people, or one JSON object a line; in file and terminal."),
    ] = "text"
    max_megabytes: Annotated[
        PositiveNumber, Meta(description="The size of a file, beyond which another follows.")
    ] = 20
    keep: Annotated[
        PositiveWhole, Meta(description="How many files of that size are kept besides.")
    ] = 5

    @property
    def file_level(self) -> int:
        """Return the level of the file, as the module `logging` counts."""
        return logging.getLevelNamesMapping()[self.level.upper()]

    @property
    def console_level(self) -> int:
        """Return the level of the terminal, as the module `logging` counts."""
        return logging.getLevelNamesMapping()[self.console.upper()]
