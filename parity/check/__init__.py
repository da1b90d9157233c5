"""What was answered, against the truth: errors, and verdicts over them."""
