"""The remedy that errors of damaged recordings and journals end with."""

SALVAGE = "python -m sim salvage FOLDER --out NEW gives back what is before the break"


def without_remedy(error: Exception) -> str:
    """Return the text of such an error for those who are salvaging already."""
    return str(error).removesuffix(f"; {SALVAGE}")
