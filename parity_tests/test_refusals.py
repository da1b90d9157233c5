"""An error counts as "does not take this dtype" only if that is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from parity.candidate.questions import refuses
from parity.evaluate import Party
from parity.replies import same_bits

REFUSED = [
    ("float64", "TypeError", "takes no float64"),
    ("float64", "NotImplementedError", "no double precision here"),
    ("float32", "TypeError", "expected a float64, got float32"),
    ("float16", "NotImplementedError", "\"pdist\" not implemented for 'Half'"),
    ("float16", "RuntimeError", "linalg.slogdet: Low precision dtypes not supported. Got Half"),
    ("float16", "RuntimeError", "quantile() input tensor must be either float or double dtype"),
    ("float16", "TypeError", "ufunc 'gammaln' not supported for the input types, and the inputs could not be safely coerced"),
    ("bfloat16", "TypingError", "non-precise type pyobject"),
    ("bfloat16", "NotImplementedError", "\"lu_cpu\" not implemented for 'BFloat16'"),
]
BROKEN = [
    # about other things than the dtype, though a dtype is named on the way
    ("float32", "TypeError", "'<' not supported between instances of 'numpy.random._generator.Generator' and 'float'"),
    ("float64", "TypeError", "unsupported operand type(s) for +: 'NoneType' and 'float'"),
    ("float16", "ValueError", "tensor([1.08], dtype=torch.float16, requires_grad=True) is not a valid value for reduction"),
    ("float16", "TypeError", "unsupported operand type(s) for /: 'Tensor' and 'numpy.random._generator.Generator'"),
    ("bfloat16", "ValueError", "operands could not be broadcast together with shapes (3,) (4,)"),
    ("float64", "RuntimeError", "expected scalar type Double but found Float"),
    ("float32", "ValueError", "float32 is not for me"),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "kind", "text"), REFUSED)
def test_a_refusal_is_understood(dtype, kind, text):
    assert refuses(Party(error=f"raised {kind}: {text}", error_type=kind), dtype)


@pytest.mark.parametrize(("dtype", "kind", "text"), BROKEN)
def test_another_error_is_no_refusal(dtype, kind, text):
    assert not refuses(Party(error=f"raised {kind}: {text}", error_type=kind), dtype)


def test_one_nan_is_as_good_as_another_in_a_number_too():
    payload = np.array([0x7FF8000000000001, 0xFFF8000000000000], np.uint64).view(np.float64)
    assert same_bits(payload[:1], payload[1:])
    assert same_bits(float(payload[0]), float(payload[1]))
    assert not same_bits(0.0, -0.0)
    assert not same_bits(1.0, 2.0)
