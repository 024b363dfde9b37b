"""What drives the exchange of a backtest: recordings, or a simulated crowd, behind one protocol."""
