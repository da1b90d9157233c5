"""Inputs by construction: from an op's arguments and options, the cases that every op meets beside its own hazards."""
