"""What must hold before a session may trade: ceilings, arming, rehearsal, an account to itself."""
