"""The importer of Betfair stream files: `import_betfair` reads one, `import_files` many."""

from recordings.importers.betfair.import_report import ImportReport
from recordings.importers.betfair.importer import import_betfair
from recordings.importers.betfair.many_files import import_files

__all__ = ["ImportReport", "import_betfair", "import_files"]
