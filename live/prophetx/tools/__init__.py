"""Verbs that need no session: check, record, reconcile."""
