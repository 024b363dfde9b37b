"""How a tape marks that its feed was lost, and restored: as UNTYPED rows with a text of our own."""

import json

LOST = '{"feed": "lost"'
RESTORED = '{"feed": "restored"'


def lost_text(reason: str) -> str:
    """Return the text of a row from which on changes of the market may be missing."""
    return json.dumps({"feed": "lost", "reason": reason})


def restored_text() -> str:
    """Return the text of a row before which the tape shows the whole market again."""
    return json.dumps({"feed": "restored"})
