"""The importer of Betfair stream files: `import_betfair` turns one into a tape."""

from recordings.importers.betfair.import_report import ImportReport
from recordings.importers.betfair.importer import import_betfair

__all__ = ["ImportReport", "import_betfair"]
