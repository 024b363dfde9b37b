"""Verbs without a session: check, status, cancel-all, record, reconcile."""
