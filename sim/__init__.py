"""The simulated exchange, the backtest, its reports, and the simulated crowd."""
