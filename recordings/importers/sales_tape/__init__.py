"""The importer of ProphetX's public time and sales: `sales_tasks`, a recording of each game."""

from recordings.importers.sales_tape.sales_importer import SalesFiles, sales_tasks

__all__ = ["SalesFiles", "sales_tasks"]
