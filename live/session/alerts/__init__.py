"""Alerts to persons who are elsewhere: what is raised, what goes out, and who sends it."""
