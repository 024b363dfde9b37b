"""Requests to ProphetX and their responses."""
