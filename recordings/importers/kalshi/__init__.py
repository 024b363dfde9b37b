"""The importer of Kalshi: `import_kalshi` makes a recording of each game from recorded messages."""

from recordings.importers.kalshi.kalshi_importer import import_kalshi

__all__ = ["import_kalshi"]
