"""Training, with and without an attribution prior."""
