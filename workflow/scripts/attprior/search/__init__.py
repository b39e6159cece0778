"""Search for settings: trials that share a study, and what comes out of them."""
