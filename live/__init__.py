"""The bridge to ProphetX: its protocols, the stream of its market data, and recording it."""
