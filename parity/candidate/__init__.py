"""Someone else's implementation: its grade, its limits."""
