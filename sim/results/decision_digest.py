"""The digest of a run's commands: two runs with the same digest traded identically."""

import hashlib

from strategies.trading.model.commands import CancelAll, CancelWager, Command, PlaceWager


class DecisionDigest:
    """SHA-256 over all commands in order: time, kind, reference, line, odds and stake."""

    def __init__(self) -> None:
        """Start empty."""
        self._digest = hashlib.sha256()
        self.commands = 0

    def add(self, sent_ns: int, command: Command) -> None:
        """Add a command."""
        match command:
            case PlaceWager():
                what = f"place|{command.ref}|{command.line_id}|{command.odds}|{command.stake_cents}"
            case CancelWager():
                what = f"cancel|{command.ref}"
            case CancelAll():
                what = "cancel_all"
        self._digest.update(f"{sent_ns}|{what}\n".encode())
        self.commands += 1

    def hexdigest(self) -> str:
        """Return the digest so far."""
        return self._digest.hexdigest()
