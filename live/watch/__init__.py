"""The page of a running session: a server of its own that reads the session's control socket."""
