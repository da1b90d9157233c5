"""Makes the numbers behind npimpl's special functions from their definitions, with 60 digits.

    python tools/fit_coefficients.py erf > npimpl/_erf_coefficients.py
    python tools/fit_coefficients.py erfinv > npimpl/_erfinv_coefficients.py
    python tools/fit_coefficients.py gamma > npimpl/_gamma_coefficients.py

Each polynomial interpolates its function at the Chebyshev nodes of its interval, which is within a factor of about two
of the best polynomial of that degree, and is then written out in powers of the variable.

For erf:

- SMALL: erf(x)/x - 1 as a polynomial in z = x^2 on 0 <= z <= 1.
- POWERS_OF_TWO: 2^(j/32), j = 0 … 31, as a head of 26 bits plus a tail.
- ERFCX: erfcx(x) = exp(x^2) erfc(x) on eight intervals for each factor of two from 1/4 to 32.  Column 0 is erfcx at the
  midpoint a, rounded to 26 bits; then come the powers 0, 1, … of h = x - a of what is left.

The heads have 26 bits so that the product of two of them is exact.

For erfinv, with erfcinv(p) = erfinv(1 - p):

- CENTRAL: erfinv(x)/x as a polynomial in z = x^2 on 0 <= z <= 1/4.
- MIDDLE: erfcinv(p) on eight intervals for each factor of two from 1/32 to 1/2, in powers of the distance to the midpoint.
- FAR: erfcinv(p)/r with r = sqrt(-log p), in the same way for r from 1 to 32.

For gamma, on eight intervals for each factor of two from 1/2 to 16, the powers 0, 1, … of the distance to the midpoint:

- LGAMMA: log Gamma(x) / ((x - 1)(x - 2)), which has no root and no pole there.
- DIGAMMA: psi(x) / (x - x0), where x0 = 1.4616… is the positive root of psi, given as ROOT, a sum of two floats.
- TRIGAMMA: psi'(x).

and COSECANT: pi^2 / sin(pi f)^2 - 1/f^2 as a polynomial in z = f^2 on 0 <= z <= 1/4.
"""

from __future__ import annotations

import sys

import mpmath as mp

mp.mp.dps = 60
DEGREE_SMALL = 14
DEGREE_COSECANT = 15
DEGREE_CENTRAL = 15
DEGREE = 11
PER_BINADE = 8
ERFCX_BINADES = range(-2, 5)
GAMMA_BINADES = range(-1, 4)
MIDDLE_BINADES = range(-5, -1)
FAR_BINADES = range(5)


def interpolate(f, low, high, degree):
    """Coefficients (in powers of h = x - midpoint) of the polynomial that equals f at the Chebyshev nodes."""
    middle, radius = (low + high) / 2, (high - low) / 2
    n = degree + 1
    nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    values = mp.matrix([f(middle + radius * t) for t in nodes])
    powers = mp.matrix(n, n)
    for i, t in enumerate(nodes):
        for j in range(n):
            powers[i, j] = t**j
    scaled = mp.lu_solve(powers, values)
    return [scaled[j] / radius**j for j in range(n)]


def shifted_to_zero(coefficients, middle):
    """The same polynomial in powers of x itself."""
    out = [mp.mpf(0)] * len(coefficients)
    for j, c in enumerate(coefficients):
        for i in range(j + 1):
            out[i] += c * mp.binomial(j, i) * (-middle) ** (j - i)
    return out


def head(x, bits=26):
    """x rounded to `bits` significant bits."""
    mantissa, exponent = mp.frexp(x)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), exponent - bits)


def erf_ratio(z):
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1


def erfcx(x):
    return mp.exp(x * x) * mp.erfc(x)


def from_zero(f, high, degree):
    """Coefficients in powers of the variable itself, for an interval that starts at 0."""
    high = mp.mpf(high)
    return [float(c) for c in shifted_to_zero(interpolate(f, mp.mpf(0), high, degree), high / 2)]


def erfcinv(log_p):
    """The y with log erfc(y) = log_p, by Newton's method on the logarithm, which is nearly quadratic."""
    y = mp.sqrt(-log_p)
    for _ in range(40):
        slope = -2 / (mp.sqrt(mp.pi) * erfcx(y))
        step = (mp.log(mp.erfc(y)) - log_p) / slope
        y -= step
        if abs(step) < mp.mpf(10) ** -50 * y:
            return y
    raise ArithmeticError(f"erfcinv does not converge at log p = {log_p}")


def cosecant(z):
    return mp.pi**2 / mp.sin(mp.pi * mp.sqrt(z)) ** 2 - 1 / z


def powers_of_two():
    exact = [mp.mpf(2) ** (mp.mpf(j) / 32) for j in range(32)]
    return [[float(head(t)) for t in exact], [float(t - head(t)) for t in exact]]


def cells(f, binades):
    """One row of coefficients for each eighth of each binade."""
    edges = [(mp.ldexp(1 + mp.mpf(j) / 8, b), mp.ldexp(1 + mp.mpf(j + 1) / 8, b)) for b in binades for j in range(PER_BINADE)]
    return [interpolate(f, low, high, DEGREE) for low, high in edges]


def columns(rows):
    return [[float(v) for v in column] for column in zip(*rows, strict=True)]


def erfcx_columns():
    return columns([head(c[0]), c[0] - head(c[0]), *c[1:]] for c in cells(erfcx, ERFCX_BINADES))


def literal(numbers, indent):
    lines, line = [], indent
    for v in numbers:
        if len(line) + len(repr(v)) > 118:
            lines.append(line.rstrip())
            line = indent
        line += f"{v!r}, "
    return "\n".join([*lines, line.rstrip()])


def table(name, numbers):
    body = "\n".join(f"    (\n{literal(c, ' ' * 8)}\n    )," for c in numbers)
    return f"{name} = (\n{body}\n)"


HEADER = '"""Numbers for `npimpl.%s`, made by `tools/fit_coefficients.py`, which says what they are.  Not edited by hand."""'


def erf_module():
    return [
        HEADER % "_erf",
        '# fmt: off\n__all__ = ["ERFCX", "POWERS_OF_TWO", "SMALL"]',
        f"SMALL = (\n{literal(from_zero(erf_ratio, 1, DEGREE_SMALL), ' ' * 4)}\n)",
        table("POWERS_OF_TWO", powers_of_two()),
        table("ERFCX", erfcx_columns()),
    ]


def erfinv_module():
    central = from_zero(lambda z: mp.erfinv(mp.sqrt(z)) / mp.sqrt(z), 0.25, DEGREE_CENTRAL)
    return [
        HEADER % "_erfinv",
        '# fmt: off\n__all__ = ["CENTRAL", "FAR", "MIDDLE"]',
        f"CENTRAL = (\n{literal(central, ' ' * 4)}\n)",
        table("MIDDLE", columns(cells(lambda p: erfcinv(mp.log(p)), MIDDLE_BINADES))),
        table("FAR", columns(cells(lambda r: erfcinv(-r * r) / r, FAR_BINADES))),
    ]


def gamma_module():
    root = mp.findroot(mp.digamma, mp.mpf("1.4616321449683623"))
    gamma_ratio = cells(lambda x: mp.loggamma(x) / ((x - 1) * (x - 2)), GAMMA_BINADES)
    return [
        HEADER % "_gamma",
        '# fmt: off\n__all__ = ["COSECANT", "DIGAMMA", "LGAMMA", "ROOT", "TRIGAMMA"]',
        f"ROOT = ({float(root)!r}, {float(root - float(root))!r})",
        f"COSECANT = (\n{literal(from_zero(cosecant, 0.25, DEGREE_COSECANT), ' ' * 4)}\n)",
        table("LGAMMA", columns(gamma_ratio)),
        table("DIGAMMA", columns(cells(lambda x: mp.digamma(x) / (x - root), GAMMA_BINADES))),
        table("TRIGAMMA", columns(cells(lambda x: mp.psi(1, x), GAMMA_BINADES))),
    ]


if __name__ == "__main__":
    makers = {"erf": erf_module, "erfinv": erfinv_module, "gamma": gamma_module}
    if len(sys.argv) != 2 or sys.argv[1] not in makers:
        sys.exit(f"Say which numbers to make: python tools/fit_coefficients.py {{{' | '.join(makers)}}}")
    print("\n\n".join(makers[sys.argv[1]]()))
