"""Text from outside as one line that a terminal and a log can show."""

LONGEST_LINE = 1_500


def one_line(text: str) -> str:
    """Return a text as one line, with what cannot be printed escaped.

    A name or an error of the exchange may contain what would move the cursor of a terminal, hide
    what follows, or look like another line of a log.
    """
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in " ".join(text.splitlines()))


def short_line(text: str) -> str:
    """Return a text as one line of a bounded length: an error may repeat what was given."""
    line = one_line(text)
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..."


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode()
