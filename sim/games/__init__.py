"""Many games: run apart in parallel, and judged together."""
