"""Experiments on the truth: how sensitive it is, what it depends on, what it would be if numbers behaved otherwise."""
