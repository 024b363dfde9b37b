"""What a session shows of itself: lines, log, health, alerts, the state for a service manager."""
