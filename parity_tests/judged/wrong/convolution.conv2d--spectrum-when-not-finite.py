"""An image with a nan is filtered through its spectrum: the nan spreads over the whole plane, and to every output channel.

Kind: mixture. Passed before: no.
"""

import numpy as np


def _two(v):
    return (v, v) if np.ndim(v) == 0 else tuple(v)


def candidate(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    squeeze = x.ndim == 3
    z, w = (x[None] if squeeze else x).astype(np.longdouble), weight.astype(np.longdouble)
    s, d, k = _two(stride), _two(dilation), w.shape[2:]
    if padding == "same":
        total = [d[i] * (k[i] - 1) for i in range(2)]
        around = [(t // 2, t - t // 2) for t in total]
    else:
        p = (0, 0) if padding == "valid" else _two(padding)
        around = [(m, m) for m in p]
    z = np.pad(z, [(0, 0), (0, 0), *around])
    rows = (z.shape[2] - d[0] * (k[0] - 1) - 1) // s[0] + 1
    columns = (z.shape[3] - d[1] * (k[1] - 1) - 1) // s[1] + 1
    inside, outside = w.shape[1], w.shape[0] // groups
    y = np.zeros((len(z), w.shape[0], rows, columns), np.longdouble)
    with np.errstate(all="ignore"):
        for g in range(groups):
            part = z[:, g * inside : (g + 1) * inside]
            for i in range(k[0]):
                for j in range(k[1]):
                    a = part[:, :, i * d[0] :, j * d[1] :][
                        :, :, : (rows - 1) * s[0] + 1 : s[0], : (columns - 1) * s[1] + 1 : s[1]
                    ]
                    f = w[g * outside : (g + 1) * outside, :, i, j]
                    for c in range(inside):
                        y[:, g * outside : (g + 1) * outside] += f[None, :, c, None, None] * a[:, None, c]
        if bias is not None:
            y = y + bias.astype(np.longdouble)[:, None, None]
        spread = np.isnan(z).any((1, 2, 3))
        y[spread] = np.nan
    y = y.astype(x.dtype)
    return y[0] if squeeze else y
