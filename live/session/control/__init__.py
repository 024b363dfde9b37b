"""What persons ask of a session and set in it while it runs: words, socket, status."""
