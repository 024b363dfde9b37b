"""Live sessions: trading and recording at ProphetX, and paper trading on its market."""
