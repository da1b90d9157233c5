"""The incoming gradient is stored as bfloat16, as mixed-precision hooks do, before it meets the slope.

Kind: cotangents. Passed before: no.
"""

import numpy as np


def _bfloat16(a):
    """Rounded to eight bits, ties to even."""
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.rint(mantissa * 256.0), exponent - 8)


def candidate(x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        small = np.exp(-np.abs(z))
        return (np.where(z >= 0, 1.0, small) / (1.0 + small)).astype(x.dtype)


def candidate_backward(grad_output, x):
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        small = np.exp(-np.abs(z))
        slope = small / (1.0 + small) / (1.0 + small)
        return ((_bfloat16(grad_output.astype(np.float64)) * slope).astype(x.dtype),)
