"""Ideas that quote, one file each; what every idea trades with lies in `strategies.trading`."""
