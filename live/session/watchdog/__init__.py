"""The process that cancels everything when its session falls silent."""
