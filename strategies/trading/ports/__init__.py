"""The protocols that strategies and adapters implement."""
