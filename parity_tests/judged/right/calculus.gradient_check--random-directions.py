"""calculus.gradient_check: right.

Style: random cotangents and directions, five-point differences. Needs: numpy.
"""

import numpy as np


def candidate(f, f_backward, *arrays, rng, directions=3):
    (x,) = (np.array(a, np.float64) for a in arrays)
    h = 2.0**-10
    for _ in range(max(directions, 3)):
        v = rng.standard_normal(x.shape) * np.maximum(np.abs(x), 1.0)
        w = rng.standard_normal(np.shape(f(x)))
        near = np.asarray(f(x + h * v)) - np.asarray(f(x - h * v))
        far = np.asarray(f(x + 2 * h * v)) - np.asarray(f(x - 2 * h * v))
        numeric = w * (8 * near - far) / (12 * h)
        exact = np.asarray(f_backward(w, x)[0]) * v
        size = np.abs(numeric).sum() + np.abs(exact).sum() + 1e-6
        if abs(numeric.sum() - exact.sum()) > 1e-6 * size:
            return False
    return True
