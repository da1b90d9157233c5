"""The special functions: ours, torch's and SciPy's."""

from __future__ import annotations

from parity.pairs.special import elementary, error_functions, gamma_functions, log_domain

__all__ = ["PAIRS"]

PAIRS = (*elementary.PAIRS, *error_functions.PAIRS, *gamma_functions.PAIRS, *log_domain.PAIRS)
