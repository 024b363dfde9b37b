"""Why a session must not trade, and what of it outlives the session."""
