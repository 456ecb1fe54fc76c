"""What is said of losses is true: slopes, likelihoods and optima are checked against the losses themselves."""

from __future__ import annotations

import html.parser

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F
from minigrad.nn import losses

NAMES = losses.names()


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_what_autograd_finds(name):
    explanation = losses.explain(name)
    variable, loss, slope = explanation.curve(102)  # even: no point on a kink in the middle
    assert np.all(np.isfinite(loss)) and loss.shape == slope.shape == (102,)
    np.testing.assert_allclose(slope, explanation.slope(variable), rtol=1e-9, atol=1e-9)
    middle = (loss[2:] - loss[:-2]) / (2 * (variable[1] - variable[0]))
    smooth = np.abs(np.diff(slope, 2)) < 0.05 * (1 + np.abs(slope[1:-1]))  # where no kink is near
    assert smooth.mean() > 0.8
    np.testing.assert_allclose(middle[smooth], slope[1:-1][smooth], rtol=0.05, atol=0.05)


@pytest.mark.parametrize("name", [name for name in NAMES if losses.explain(name).likelihood])
def test_the_loss_is_minus_a_log_likelihood_up_to_a_constant(name):
    explanation = losses.explain(name)
    variable, loss, _ = explanation.curve(51)
    distribution, target = explanation.likelihood(Tensor(variable))
    negative = -distribution.log_prob(target).numpy()
    np.testing.assert_allclose(loss - loss[7], negative - negative[7], rtol=1e-6, atol=1e-6)


def test_every_loss_is_explained():
    made = {n for n in nn.__all__ if n.endswith("Loss") and isinstance(getattr(nn, n), type)}
    told = {losses.explain(name).module for name in NAMES}
    assert made - told == set(), "losses without an explanation"
    functions = {n for n in F.__all__ if n.endswith(("_loss", "_penalty", "elastic_net")) or "cross_entropy" in n}
    functions |= {n for n in F.__all__ if n.startswith(("kl_", "js_", "normal_kl"))}
    assert functions - set(NAMES) == set()
    assert all(hasattr(F, name) for name in NAMES if not name[0].isupper())
    assert all(issubclass(getattr(nn, module), nn.Module) for module in told if module)


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_well(name):
    explanation = losses.explain(name)
    text = str(explanation)
    assert max(map(len, text.splitlines())) <= 100
    for heading, sentence in explanation.rows().items():
        assert sentence and not sentence.startswith(" "), heading
    assert text.splitlines()[-1].startswith("    g  ")


def test_it_takes_names_functions_and_modules():
    expected = losses.explain("huber_loss")
    for name in (
        "F.huber_loss",
        "HuberLoss",
        "nn.HuberLoss",
        "torch.nn.functional.huber_loss",
        F.huber_loss,
        nn.HuberLoss,
        nn.HuberLoss(delta=2.0),
    ):
        assert losses.explain(name) is expected


def test_unknown_names_get_a_hint():
    with pytest.raises(ValueError, match=r"'hubert_loss' is no loss that it knows; did you mean 'huber_loss'"):
        losses.explain("hubert_loss")
    with pytest.raises(ValueError, match=r"'xyz' is no loss that it knows; see nn.losses.names\(\)"):
        losses.explain("xyz")


def test_pictures():
    pytest.importorskip("matplotlib", reason="curves are drawn by matplotlib")
    axes = losses.explain("mse_loss").plot()
    assert [line.get_label() for line in axes.get_lines()][1:] == ["loss J", "gradient"]
    assert axes.get_xlabel() == "the error z - t"
    page = losses.explain("quantile_loss")._repr_html_()
    assert "<svg" in page and "the q-quantile" in page
    html.parser.HTMLParser().feed(page)
