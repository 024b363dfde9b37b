"""The compiled core: the same modules as machine code, where they were compiled."""
