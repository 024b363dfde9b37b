"""Folders that tests read: the project, and the material beside it, which may be absent."""

from pathlib import Path

PROJECT = Path(__file__).parents[1]
SHARED = PROJECT.parent / "shared"
# Small inputs by number; the test of each has its number in its name: test_case_19_...
CASES = SHARED / "cases"
