"""The bridge to ProphetX: recording, paper and live trading. Nothing of it is built yet."""
