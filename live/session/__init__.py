"""A trading session, whatever the exchange: its run, its log, its health."""
