"""examples/char_rnn.py: n-gram counts, gradients through time, networks of one size."""

import importlib

import numpy as np
import pytest

import minigrad
from minigrad.data.readers import Characters
from tests.examples.quick import run_quick

for extra in ("matplotlib", "threadpoolctl", "tqdm"):
    pytest.importorskip(extra, reason="the example needs pip install matplotlib threadpoolctl tqdm")
rnn = importlib.import_module("examples.char_rnn")


def test_ngrams_by_hand() -> None:
    training, held_out = Characters("aab" * 4, 3, "ab"), Characters("aaba", 3, "ab")
    found = rnn.ngram_bits(training, held_out, 2)
    share = (7 + 2 / 2) / (11 + 2), (4 + 2 / 2) / (11 + 2)  # counts of a and b after the first, mixed with a guess
    ones = [share[0], share[1], share[0]]  # a, b, a
    after_a, after_b = (4 + 2 * share[0]) / (8 + 2), (3 + share[0]) / (3 + 1)
    twos = [after_a, (4 + 2 * share[1]) / (8 + 2), after_b]
    np.testing.assert_allclose(found, [-np.log2(ones).mean(), -np.log2(twos).mean()])


def test_the_gradient_of_a_new_rnn_shrinks_as_theory_says() -> None:
    codes = np.random.default_rng(0).integers(0, 103, (50, 40))
    minigrad.manual_seed(0)
    model = rnn.Network("RNN", 103)
    h, again, states = rnn.reach(model, codes)
    factor = (h[20] / h[5]) ** (1 / 15)
    theory = np.sqrt(np.mean(np.square(1 - np.square(states))) / 3)
    assert factor == pytest.approx(theory, rel=0.03) and np.array_equal(h, again)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_networks_are_of_one_size() -> None:
    counts = [sum(p.numel() for p in rnn.Network(kind, 103).parameters()) for kind in rnn.HIDDEN]
    assert max(counts) < 1.01 * min(counts)


def test_writing_goes_on_from_the_prompt() -> None:
    text = Characters("hello world", 3)
    written = rnn.write(rnn.Network("GRU", len(text.vocabulary)), text, "hello", 6, 0.5)
    assert written.startswith("hello") and len(written) == 11


@pytest.mark.slow
def test_quick_is_as_expected(tmp_path) -> None:
    run_quick("char_rnn", tmp_path)
