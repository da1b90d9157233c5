"""tensor.einsum: right.

Style: np.einsum in float64, optimised contraction order. Needs: numpy.
"""

import numpy as np


def candidate(equation, *operands):
    wide = [a.astype(np.float64) for a in operands]
    return np.array(np.einsum(equation.replace(" ", ""), *wide, optimize=True)).astype(operands[0].dtype)
