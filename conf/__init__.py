"""Configuration: the YAML tree, and the one module that composes a session from it."""
