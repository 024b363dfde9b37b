"""Counts before nouns, as people read them."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: 1 market, 2 markets, 1,204 entries.

    `plural` is that of the noun where an s does not make it.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
