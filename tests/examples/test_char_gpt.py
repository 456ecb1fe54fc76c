"""examples/char_gpt.py: no paragraph in both parts, counts that add up, and a model that cannot see the future."""

import importlib

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from tests.examples.quick import run_quick

for extra in ("matplotlib", "threadpoolctl", "tqdm"):
    pytest.importorskip(extra, reason="the example needs pip install matplotlib threadpoolctl tqdm")
gpt = importlib.import_module("examples.char_gpt")


@pytest.fixture(scope="module")
def texts():
    return gpt.load()


def test_no_paragraph_is_in_both_parts(texts) -> None:
    parts = [{" ".join(p.split()) for p in text.decode(text.codes).split("\n\n")} - {""} for text in texts]
    assert not parts[0] & parts[1]
    assert 0.08 < len(texts[1].codes) / len(texts[0].codes) < 0.3


def test_the_bigram_is_as_good_as_its_conditional_entropy_says(texts) -> None:
    training, _ = texts
    codes = training.codes
    pairs = np.unique(codes[:-1] * 1000 + codes[1:], return_counts=True)[1] / (len(codes) - 1)
    single = np.bincount(codes[:-1]) / (len(codes) - 1)
    entropy = -(pairs * np.log2(pairs)).sum() + (single[single > 0] * np.log2(single[single > 0])).sum()
    assert entropy < gpt.bigram_bits(training, training) < entropy + 0.02  # smoothing costs a little


def test_bits_of_a_model_that_guesses_are_the_logarithm_of_the_alphabet(texts) -> None:
    size = len(texts[1].vocabulary)
    assert gpt.bits(lambda codes: Tensor(np.zeros((*codes.shape, size), np.float32)), texts[1]) == pytest.approx(
        np.log2(size), rel=1e-5
    )


def test_the_transformer_cannot_see_the_future(texts) -> None:
    minigrad.manual_seed(0)
    model = gpt.GPT(len(texts[0].vocabulary))
    codes = texts[1].codes[: gpt.CONTEXT]
    for parameter in model.parameters():  # a new head is 0, and would hide everything
        minigrad.nn.init.normal_(parameter, std=0.1)
    assert gpt.leak(model, codes) < 1e-4
    seeing = lambda codes: model(codes) + model(codes[:, ::-1].copy())  # noqa: E731
    assert gpt.leak(seeing, codes) > 0.1
    with minigrad.no_grad():
        weights = model.blocks[0].attention(gpt.rms_norm(model.embed(codes[None])))
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    assert not np.triu(weights, 1).any()


def test_both_models_are_of_one_size(texts) -> None:
    counts = [sum(p.numel() for p in kind(len(texts[0].vocabulary)).parameters()) for kind in (gpt.GPT, gpt.LSTM)]
    assert max(counts) < 1.05 * min(counts)


def test_the_shift_brings_half_of_the_numbers_from_the_place_before() -> None:
    x = Tensor(np.arange(1.0, 13.0).reshape(1, 3, 4))
    np.testing.assert_array_equal(gpt.shift(x), [[[0, 0, 3, 4], [1, 2, 7, 8], [5, 6, 11, 12]]])


@pytest.mark.slow
def test_quick_is_as_expected(tmp_path) -> None:
    run_quick("char_gpt", tmp_path)
