"""One real number in ball arithmetic that remembers how it was made, so that a definition also yields its gradient.

A definition is written in plain NumPy over object arrays of `Real`.  NumPy finds `exp`, `log`, `sqrt`, … as methods
(`np.exp(x)` calls `x.exp()` on each element), and every structural function (`reshape`, `sum`, `einsum`, indexing)
works because a `Real` is an ordinary Python object with arithmetic.

Three things are added to python-flint's `arb`:

- the extended reals: exp(-inf) = 0, log(0) = -inf, 1/0 = inf, inf - inf = nan, exactly where IEEE 754 has them;
- decisions: comparing two balls that overlap raises `Undecided`, and the oracle tries again with more bits;
- the tape: every result keeps (operand, partial derivative) pairs, which is reverse-mode differentiation
  (Griewank & Walther, Evaluating Derivatives, 2nd ed., section 3.2).
"""

from __future__ import annotations

import numpy as np
from flint import arb, fmpz

INF, NEG_INF, NAN, ZERO, ONE, MINUS_ONE = arb.pos_inf(), arb.neg_inf(), arb.nan(), arb(0), arb(1), arb(-1)
LARGEST_EXPONENT = arb(2) ** 128
"""exp is evaluated at arguments clamped to this: beyond it every result rounds as if it were infinite (or zero)."""


class Undecided(ArithmeticError):
    """The balls are too wide to decide a comparison or to stay inside a function's domain: use more bits."""


class Tape:
    """Where results are recorded while gradients are wanted; `records` is None while they are not."""

    records: list[Real] | None = None


class Rules:
    """How numbers behave in an experiment on the truth (see `parity.truth`); as they are here, numbers are exact."""

    decisions: Decisions | None = None
    """Where decisions are written down, or taken from."""
    tiny: arb | None = None
    """Results smaller than this are taken as 0: a processor that flushes subnormal numbers."""
    zero_absorbs = False
    """Whether a constant 0 (padding) times nan or infinity is 0: a loop that leaves padding out."""


class Decisions:
    """The outcomes of comparisons in their order: written down in one run, and taken as they were in those that follow.

    So ties and kinks stay decided while the numbers of a definition are perturbed.
    """

    def __init__(self):
        self.made: list = []
        self.replayed = -1

    def replay(self) -> None:
        """From now on give the outcomes again, from the first on."""
        self.replayed = 0

    def settle(self, decide):
        """The outcome of the next decision, which `decide()` finds if this is the first run."""
        if self.replayed < 0:
            self.made.append(decide())
            return self.made[-1]
        self.replayed += 1
        return self.made[self.replayed - 1] if self.replayed <= len(self.made) else decide()


def _settled(decide):
    return decide() if Rules.decisions is None else Rules.decisions.settle(decide)


def _arb(x):
    kind = type(x)
    if kind is Real:
        return x.value
    return x if kind is arb else arb(x) if kind is int or kind is fmpz else arb(float(x))


class Real:
    """A ball, and while the tape is on, the operands it came from with their partial derivatives."""

    __slots__ = ("edges", "gradient", "magnitude", "value")

    def __init__(self, value, edges=()):
        self.value = value = value if type(value) is arb else _arb(value)
        if Rules.tiny is not None and abs(value) < Rules.tiny:
            self.value = ZERO
        self.edges = edges
        self.gradient = None
        self.magnitude = None
        if edges:
            records = Tape.records
            if records is not None:
                records.append(self)

    def __repr__(self):
        return f"Real({self.value.str(12)})"

    # -- arithmetic ------------------------------------------------------------------------------------------------
    def __add__(self, other):
        if type(other) is Real:
            return Real(_add(self.value, other.value), () if Tape.records is None else ((self, ONE), (other, ONE)))
        if isinstance(other, np.ndarray):
            return NotImplemented
        return Real(_add(self.value, _arb(other)), ((self, ONE),))

    __radd__ = __add__

    def __sub__(self, other):
        if type(other) is Real:
            return Real(_add(self.value, -other.value), () if Tape.records is None else ((self, ONE), (other, MINUS_ONE)))
        if isinstance(other, np.ndarray):
            return NotImplemented
        return Real(_add(self.value, -_arb(other)), ((self, ONE),))

    def __rsub__(self, other):
        return Real(_add(_arb(other), -self.value), ((self, MINUS_ONE),))

    def __mul__(self, other):
        a = self.value
        if type(other) is Real:
            b = other.value
            return Real(_multiply(a, b), () if Tape.records is None else ((self, b), (other, a)))
        if isinstance(other, np.ndarray):
            return NotImplemented
        b = _arb(other)
        if Rules.zero_absorbs and b.is_zero():
            return Real(ZERO)
        return Real(_multiply(a, b), ((self, b),))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else _quotient(self, other)

    def __rtruediv__(self, other):
        return _quotient(other, self)

    def __pow__(self, n):
        return NotImplemented if isinstance(n, np.ndarray) else _power(self, n)

    def __rpow__(self, base):
        return (self * Real(_log(_arb(base)))).exp()

    def __neg__(self):
        return Real(-self.value, ((self, MINUS_ONE),))

    def __pos__(self):
        return self

    def __abs__(self):
        if is_nan(self.value):
            return _result(NAN, lambda: ((self, NAN),))
        if Rules.decisions is None:
            return _result(abs(self.value), lambda: ((self, arb(_sign(self.value))),))
        sign = _settled(lambda: _sign(self.value))
        return _result(-self.value if sign < 0 else self.value, lambda: ((self, arb(sign)),))

    def __float__(self):
        return float(self.value)

    # -- decisions -------------------------------------------------------------------------------------------------
    def __lt__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else _compare(self, other, lambda s: s < 0)

    def __le__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else _compare(self, other, lambda s: s <= 0)

    def __gt__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else _compare(self, other, lambda s: s > 0)

    def __ge__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else _compare(self, other, lambda s: s >= 0)

    def __eq__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else _compare(self, other, lambda s: s == 0)

    def __ne__(self, other):
        return NotImplemented if isinstance(other, np.ndarray) else not self == other

    __hash__ = None

    def __bool__(self):
        return self != 0

    def isnan(self):
        return is_nan(self.value)

    def isfinite(self):
        return not (is_nan(self.value) or is_infinite(self.value))

    # -- functions: value, then derivative ---------------------------------------------------------------------------
    def exp(self):
        y = _exp(self.value)
        return _result(y, lambda: ((self, y),))

    def log(self):
        return _result(_log(self.value), lambda: ((self, _divide(ONE, self.value)),))

    def log1p(self):
        x = self.value
        y = _log(x + 1) if is_infinite(x) or (x + 1).contains(0) else x.log1p()
        return _result(y, lambda: ((self, _divide(ONE, x + 1)),))

    def expm1(self):
        x = self.value
        y = x if x == INF else -ONE if x == NEG_INF else _clamp(x).expm1()
        return _result(y, lambda: ((self, _exp(x)),))

    def sqrt(self):
        x = self.value
        y = NAN if is_nan(x) or _sign(x) < 0 else x if is_infinite(x) else _enclosed(x.sqrt())
        return _result(y, lambda: ((self, _divide(ONE, y + y)),))

    def tanh(self):
        x = self.value
        y = NAN if is_nan(x) else arb(_sign(x)) if is_infinite(x) else _clamp(x).tanh()
        slope = lambda: ZERO if is_infinite(x) else NAN if is_nan(x) else _enclosed(1 / _clamp(x).cosh() ** 2)  # noqa: E731
        return _result(y, lambda: ((self, slope()),))

    def sin(self):
        x = self.value
        return _result(_enclosed(x.sin()) if x.is_finite() else NAN, lambda: ((self, x.cos()),))

    def cos(self):
        x = self.value
        return _result(_enclosed(x.cos()) if x.is_finite() else NAN, lambda: ((self, -x.sin()),))

    def arctan(self):
        x = self.value
        return _result(x.atan(), lambda: ((self, _divide(ONE, 1 + x * x)),))

    def erf(self):
        x = self.value
        y = NAN if is_nan(x) else arb(_sign(x)) if is_infinite(x) else _clamp(x).erf()
        return _result(y, lambda: ((self, _gauss(x)),))

    def erfc(self):
        x = self.value
        y = NAN if is_nan(x) else ONE - _sign(x) if is_infinite(x) else _clamp(x).erfc()
        return _result(y, lambda: ((self, -_gauss(x)),))

    def erfinv(self):
        y = self.value.erfinv()
        return _result(_enclosed(y), lambda: ((self, arb.pi().sqrt() / 2 * _exp(y * y)),))

    def lgamma(self):
        """log |Gamma(x)|; +inf at the poles 0, -1, -2, … and at both infinities."""
        x = self.value
        y = NAN if is_nan(x) else INF if is_infinite(x) or _is_pole(x) else _lgamma(x)
        return _result(y, lambda: ((self, _digamma(x)),))

    def digamma(self):
        x = self.value
        return _result(_digamma(x), lambda: ((self, _trigamma(x)),))

    def conjugate(self):
        return self


# -- balls ---------------------------------------------------------------------------------------------------------------
def is_nan(x) -> bool:
    """Exactly nan, which only the rules of the extended reals make here."""
    return x.is_nan()


def is_infinite(x) -> bool:
    """Exactly +inf or -inf (a ball of infinite radius is not: it is undecided)."""
    return not x.is_finite() and not x.is_nan() and x.is_exact()


def _result(value, edges):
    return Real(value, edges() if Tape.records is not None else ())


def _enclosed(x):
    if x.is_nan() or (not x.is_finite() and not x.is_exact()):
        raise Undecided
    return x


def _sign(x) -> int:
    """-1, 0 or 1; `Undecided` when the ball contains zero and something else."""
    if x > 0:
        return 1
    if x < 0:
        return -1
    if x.is_zero():
        return 0
    raise Undecided


def _compare(a, b, decide) -> bool:
    if Rules.decisions is None:
        return _compared(a.value, _arb(b), decide)
    return _settled(lambda: _compared(a.value, _arb(b), decide))


def _compared(a, b, decide) -> bool:
    apart = a - b
    if apart.is_finite():
        return decide(_sign(apart))
    if a.is_nan() or b.is_nan():
        return False
    if is_infinite(a) and is_infinite(b):
        return decide((a > 0) - (b > 0))
    return decide(_sign(apart))


def _add(a, b):
    y = a + b
    if y.is_finite() or not (is_infinite(a) or is_infinite(b)) or a.is_nan() or b.is_nan():
        return y
    if is_infinite(a) and is_infinite(b):
        return a if a == b else NAN
    return a if is_infinite(a) else b


def _multiply(a, b):
    y = a * b
    if y.is_finite() or not (is_infinite(a) or is_infinite(b)):
        return y
    if a.is_nan() or b.is_nan() or a.is_zero() or b.is_zero():
        return NAN
    return INF if _sign(a) * _sign(b) > 0 else NEG_INF


def _divide(a, b):
    if b.is_finite() and not b.is_zero():
        y = a / b
        if y.is_finite():
            return y
    if a.is_nan() or b.is_nan():
        return NAN
    if b.is_zero():
        return NAN if a.is_zero() else INF * _sign(a)
    if is_infinite(b):
        return NAN if is_infinite(a) else ZERO
    if is_infinite(a):
        return a * _sign(b)
    y = a / b
    if y.is_nan():
        raise Undecided
    return y


def _quotient(a, b):
    x, y = _arb(a), _arb(b)
    q = _divide(x, y)
    if Tape.records is None:
        return Real(q)
    over_numerator = ((a, _divide(ONE, y)),) if type(a) is Real else ()
    return Real(q, over_numerator + (((b, -_divide(q, y)),) if type(b) is Real else ()))


def _power(x, n):
    """x**n for a constant n; integer exponents by repeated multiplication, others as exp(n log x) for x >= 0."""
    n = n.value if isinstance(n, Real) else n
    if isinstance(n, float) and n.is_integer():
        n = int(n)
    if not isinstance(n, int):
        v = x.value
        if v.is_nan():
            return _result(NAN, lambda: ((x, NAN),))
        if _sign(v) == 0:
            y = ZERO if _arb(n) > 0 else INF
        else:
            y = INF if v == INF and _arb(n) > 0 else ZERO if v == INF else v ** _arb(n)
        at_zero = INF if _arb(n) < 1 else ZERO  # 0^(n - 1); n is no whole number
        return _result(y, lambda: ((x, _multiply(_arb(n), _divide(y, v) if _sign(v) else at_zero)),))
    if n < 0:
        return 1 / _power(x, -n)
    y = x.value**n if x.value.is_finite() else ONE if n == 0 else x.value if n % 2 else abs(x.value)
    return _result(y, lambda: ((x, n * x.value ** (n - 1) if n else ZERO),))


def _clamp(x):
    if abs(x) < LARGEST_EXPONENT or x.is_nan():
        return x
    return LARGEST_EXPONENT if x > 0 else -LARGEST_EXPONENT if x < 0 else x


def _exp(x):
    if x == INF:
        return INF
    if x == NEG_INF:
        return ZERO
    return _clamp(x).exp()


def _log(x):
    if x.is_zero():
        return NEG_INF
    if x == INF or x.is_nan():
        return x
    return NAN if _sign(x) < 0 else x.log()


def _gauss(x):
    """The derivative of erf, 2/sqrt(pi) exp(-x^2) (DLMF 7.2.1)."""
    return ZERO if is_infinite(x) else 2 / arb.pi().sqrt() * _exp(-x * x)


def _is_pole(x) -> bool:
    return x.is_exact() and x.is_integer() and x <= 0


def _lgamma(x):
    """Reflection for negative x: log(pi / |sin(pi x)|) - log Gamma(1 - x)  (DLMF 5.5.3)."""
    if x > 0:
        return x.lgamma()
    return _enclosed((arb.pi() / abs(x.sin_pi())).log()) - (1 - x).lgamma()


def _digamma(x):
    if x.is_nan() or x == NEG_INF:
        return NAN
    if x == INF:
        return INF
    return NAN if _is_pole(x) else _enclosed(x.digamma())


def _trigamma(x):
    """psi'(x) = zeta(2, x) (DLMF 25.11.12); reflection pi^2 / sin(pi x)^2 - psi'(1 - x) for x < 0 (DLMF 5.15.6)."""
    if not x.is_finite() or _is_pole(x):
        return ZERO if x == INF else NAN
    if x > 0:
        return _enclosed(arb(2).zeta(x))
    return _enclosed(arb.pi() ** 2 / x.sin_pi() ** 2) - arb(2).zeta(1 - x)
