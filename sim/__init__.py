"""The simulated exchange, the backtest, its reports, and the simulated crowd."""

from sim.core.core_loader import load_core

# Before any module of the core is imported: all of them are compiled, or none.
load_core()
