"""Units that more than one package needs."""

NS_PER_SECOND = 1_000_000_000
