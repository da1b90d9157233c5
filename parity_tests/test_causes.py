"""The likely cause of a failure: what is said of deliberately wrong implementations, and that nothing false is said."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from parity.causes import likely_cause
from parity.causes.comparing import agrees, close
from parity.causes.diagnosis import PROBES
from parity.grading import Grading, InProcess
from parity_tests.candidates import all_candidates
from parity_tests.truths import evaluation

KNOWN = [tuple(part.strip() for part in line.split("|")) for line in """
    activations.relu | x times (x > 0): nan at -inf | infinite
    activations.relu | writes into its input | writes into its input
    activations.relu | returns its input when nothing is negative | view
    activations.relu6 | no upper bound | activations.relu,
    activations.leaky_relu | default slope 0.1 | 10 times the truth where x < 0
    activations.leaky_relu | returns float64 | promotes the dtype
    activations.leaky_relu | ignores the cotangent | ignores the cotangent
    activations.hardtanh | ignores max_val | ignores `max_val`
    activations.hardswish | takes the gate for a constant | gate for a constant
    activations.hardshrink | keeps the ends | corner
    activations.hardshrink | moves what it keeps | activations.softshrink
    activations.softshrink | ignores lambd | ignores `lambd`
    activations.softshrink | slope -1 on the left | One branch
    activations.elu | forgets alpha | ignores `alpha`
    activations.sigmoid | e^x/(1 + e^x) on both sides: nan | exponential overflows
    activations.sigmoid | slope y instead of y(1 - y) | value of the op
    activations.tanh | 2 sigma(2x) - 1 cancels at 0 | cancellation
    activations.tanh | slope 1 - x^2 | square of x
    activations.softplus | forgets beta | ignores `beta`
    activations.silu | gate e^x/(1 + e^x): nan on the right | exponential overflows
    activations.gelu | x sigma(1.702 x) | approximate formula
    activations.glu | halves exchanged | halves
    activations.softmax | not shifted | does not subtract the maximum
    activations.softmax | shifted by the maximum of all rows | Rows of `x` spoil each other
    activations.softmax | wrong default axis | wrong axis
    activations.softmax | diagonal of the Jacobian only | diagonal
    activations.log_softmax | log of softmax | leaves the range
    activations.log_softmax | log to base two | log2(e)
    activations.softmin | gradient without the minus | wrong sign
    attention.scaled_dot_product_attention | boolean mask inverted | other way round
    recurrent.lstm_cell | one bias only | ignores `b_hh`
    recurrent.lstm_cell | cotangent of c ignored | cotangent of output 1
    losses.mse_loss | half the square | 0.5 times
    losses.mse_loss | takes the cotangent for one | ignores the cotangent
    losses.l1_loss | weighted mean divided by n | sum of `weight`
    losses.huber_loss | mean divided by the weights | Divide by the count
    losses.smooth_l1_loss | is the Huber loss | `beta`
    losses.nll_loss | ignores ignore_index | ignores `ignore_index`
    losses.nll_loss | gradient of the wrong sign | wrong sign
    losses.cross_entropy | exponentials not shifted | does not subtract the maximum
    losses.cross_entropy | forgets label smoothing | ignores `label_smoothing`
    losses.cross_entropy_probabilities | no gradient for the target | zero everywhere
    losses.kl_div | 0 log 0 is nan | exactly 0
    losses.poisson_nll_loss | gradients exchanged | wrong order
    losses.gaussian_nll_loss | constant not halved | plus 0.918939
    losses.margin_ranking_loss | nan counts as zero | swallows nan
    losses.triplet_margin_loss | forgets eps | ignores `eps`
    normalization.layer_norm | one-pass variance | one pass
    normalization.layer_norm | one-pass variance in float64 | one pass
    normalization.layer_norm | eps outside the root | eps outside the square root
    normalization.layer_norm | unbiased variance | unbiased
    normalization.layer_norm | weight gradient averaged | a count too many
    normalization.batch_norm | always training | `training` were True
    normalization.batch_norm | updates in place | writes into its input
    normalization.rms_norm | eps of layer_norm | `eps` were 1e-05
    reductions.var | one pass | one pass
    reductions.var | wrong default | biased (n)
    reductions.mean | divides by n - 1 | (n - 1)
    reductions.mean | gradient of the sum | reductions.sum
    reductions.amax | nan ignored | swallows nan
    reductions.amax | every tie gets all | whole gradient
    reductions.argmax | last tie | later one
    reductions.norm | forgets ord | ignores `ord`
    reductions.sort | descending by flipping | stable sort
    reductions.cumsum | forgets axis | wrong axis
    reductions.prod | gradient by division | exactly 0
    similarity.cdist | squared | square of the result
    similarity.cdist | transposed | transposed
    special.logsumexp | unshifted | does not subtract the maximum
    special.logsumexp | logarithm of the mean | logarithm of n
    special.expm1 | exp minus one | as it is written
    special.erfc | 1 - erf | cancellation
    special.erf | gradient without 2/sqrt(pi) | sqrt(pi)/2
    special.sinc | evaluated in float16 | float16
    special.ndtri | gradient times the density | upside down
    special.logaddexp | gradients swapped | wrong order
    linear.matmul | half of the digits | computes in float16
    convolution.conv2d | kernel flipped | flips `weight`
    pooling.avg_pool2d | whole window counts | ignores `count_include_pad`
    pooling.max_pool2d | nan loses | swallows nan
    distributions.normal_log_prob | scale taken for a variance | standard deviation
    distributions.normal_log_prob | gradient not summed over broadcast axes | not summed over the axes
    tensor.one_hot | floats instead of integers | integers
    tensor.scatter_add | accumulates in float16 | computes in float16
    optimizers.sgd | forgets nesterov | ignores `nesterov`
    optimizers.adam | weight decay decoupled | optimizers.adamw
""".strip().splitlines()]  # fmt: skip
"""Op, name of the wrong implementation, and a word that the sentence must contain."""

NEVER = [tuple(part.strip() for part in line.split("|")) for line in """
    activations.softmax | not shifted | one pass
    special.logsumexp | unshifted | one pass
    special.logsumexp | unshifted | square
    losses.cross_entropy | exponentials not shifted | axis
    reductions.var | one pass | maximum before
    reductions.var | one pass | times the truth
    normalization.layer_norm | one-pass variance | eps
    normalization.layer_norm | eps outside the root | one pass
    normalization.layer_norm | unbiased variance | eps
    special.logaddexp | unshifted | exactly 0
    special.logit | forgets eps | exponential
    special.erfc | tail cut at 9 | cancellation
    reductions.sort | nan last in descending order | swallows
    reductions.quantile | nan ignored | float32
    losses.cosine_embedding_loss | no eps for zero vectors | float32
    losses.triplet_margin_loss | squared distances | computes in
    losses.triplet_margin_loss | squared distances | zero everywhere
    losses.triplet_margin_loss | squared distances | rounds
    losses.cross_entropy | log of the rounded softmax | exactly 0
    activations.selu | scale on the right only | approximate
    tensor.concatenate | gradient cut into equal parts | rounded to
    special.rsqrt | one Newton step | branch
""".strip().splitlines()]  # fmt: skip
"""Op, name, and a word that must not be said, because it is another mistake."""


@cache
def _sentence(op: str, name: str, table_of) -> tuple[str, int]:
    (candidate,) = [c for c in all_candidates("wrong") if (c.op, c.name) == (op, name)]
    asker = InProcess(candidate.forward, candidate.backward)
    grading = Grading(op, asker, table_of.table, evaluation, True)
    grades = grading.grades(candidate.dtypes)
    check, seen = grading.failed[0]
    asked: list[str] = []

    def observe(case, dtype, direction):
        asked.append(case.name)
        return Grading(op, asker, table_of.table).observe(case, dtype, direction)

    return likely_cause(check, seen, grades, grading.failed, observe), len(asked)


class _Hashed:
    """The table as something that a cache can hold."""

    table = None


@pytest.fixture
def cause(table):
    """The sentence about a wrong implementation, by op and name."""
    _Hashed.table = table
    return lambda op, name: _sentence(op, name, _Hashed)


@pytest.mark.parametrize(("op", "name", "word"), KNOWN)
def test_the_mistake_is_named(op, name, word, cause):
    sentence, asked = cause(op, name)
    assert word in sentence
    assert sentence.endswith(".")
    assert asked <= PROBES


@pytest.mark.parametrize(("op", "name", "word"), NEVER)
def test_no_other_mistake_is_named(op, name, word, cause):
    assert word not in cause(op, name)[0]


def _said(op, forward, table, dtypes=("float64",)) -> str:
    grading = Grading(op, InProcess(forward, None), table)
    grades = grading.grades(dtypes)
    check, seen = grading.failed[0]
    return likely_cause(check, seen, grades, grading.failed, grading.observe)


def test_a_result_that_depends_on_earlier_calls(table):
    calls = []

    def relu(x):
        calls.append(1)
        return np.maximum(x, 0) * (1.0 if len(calls) < 2 else 1 + 1e-3 * len(calls))

    assert "deterministic" in _said("activations.relu", relu, table)


def test_a_layout(table):
    def relu(x):
        flat = np.ndarray(x.shape, x.dtype, x.base if x.base is not None and x.base.size >= x.size else x)
        return np.maximum(flat, 0) + 0 * x if not np.isnan(x).any() and np.isfinite(x).all() else np.maximum(x, 0)

    assert "contiguous" in _said("activations.relu", relu, table)


def test_indices_that_count_from_one(table):
    def argmax(x, axis=None, keepdims=False):
        return np.asarray(np.argmax(x, axis=axis, keepdims=keepdims) + 1)

    assert "counts from one" in _said("reductions.argmax", argmax, table)


@pytest.mark.parametrize("answer", [[1.0, [2.0]], "text", {"y": 1.0}])
def test_an_answer_that_is_no_array_of_numbers_is_not_close(answer):
    truth = np.ones(2)
    assert not close(answer, truth, "float64").any()
    assert not agrees([answer], [truth], "float64")


def test_what_is_not_recognised_gets_no_sentence(table):
    noise = np.random.default_rng(0).standard_normal(4096)

    def relu(x):
        return np.maximum(x, 0) + np.resize(noise, np.shape(x)).astype(x.dtype) * np.abs(x) ** 0.5

    assert _said("activations.relu", relu, table) == ""


def test_ignored_labels_that_are_counted(table):
    def nll(x, target, weight=None, ignore_index=-100, reduction="mean"):
        z, n, keep = x.astype(np.float64), len(np.atleast_2d(x)), np.atleast_1d(target) != ignore_index
        labels = np.where(keep, target, 0)
        losses = -np.atleast_2d(z)[np.arange(n), labels] * keep * (1 if weight is None else weight.astype(np.float64)[labels])
        total = losses.reshape(np.shape(target)) if reduction == "none" else losses.sum()
        all_of_them = n if weight is None else weight.astype(np.float64)[labels].sum()
        return np.asarray(total / (all_of_them if reduction == "mean" else 1)).astype(x.dtype)

    assert "counts labels that are ignored" in _said("losses.nll_loss", nll, table)


def test_sixteen_bits_on_the_way(table):
    def total(x, axis=None, keepdims=False):
        axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis))
        rows = np.moveaxis(x, axes, range(len(axes))).reshape(-1, *np.delete(x.shape, axes))
        y = np.zeros(rows.shape[1:], x.dtype)
        for row in rows:
            y = np.asarray(y + row, x.dtype)
        return np.expand_dims(y, axes) if keepdims else y

    assert "rounds intermediate results to bfloat16" in _said("reductions.sum", total, table, ("bfloat16",))
    assert "rounds intermediate" not in _said("reductions.sum", lambda x, **options: x, table, ("bfloat16",))
