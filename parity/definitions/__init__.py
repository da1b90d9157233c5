"""The textbook definition of each op, for ball arithmetic."""
