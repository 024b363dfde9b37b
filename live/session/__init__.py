"""A trading session, whatever the exchange: `session.py` assembles it, `session_run.py` runs it."""
