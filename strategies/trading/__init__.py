"""The desk and its language: no input or output, no simulation library, no configuration."""
