"""The importer of Betfair stream files: `import_betfair` turns one into a tape."""

from recordings.importers.betfair.importer import import_betfair
from recordings.importers.betfair.report import ImportReport

__all__ = ["ImportReport", "import_betfair"]
