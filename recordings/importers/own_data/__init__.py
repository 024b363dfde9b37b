"""The importer of own tables: `import_own` makes a recording of files and a mapping."""

from recordings.importers.own_data.own_importer import OwnReport, import_own

__all__ = ["OwnReport", "import_own"]
