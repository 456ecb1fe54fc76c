"""examples/vae.py: a variational autoencoder of digits."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from minigrad import Tensor, autograd, random
from tests.examples.quick import run_quick

vae = importlib.import_module("examples.vae")


def test_pixel_loss_is_a_binomial_distribution():
    counts = np.arange(17, dtype=np.uint8)[:, None] * np.ones((1, 64), np.uint8)  # (17, 64), every count once
    logits = Tensor(np.full((17, 64), 0.3, np.float32))
    assert np.exp(-vae.pixel_loss(logits, counts).numpy() / 64).sum() == pytest.approx(1, abs=1e-4)


def test_pca_density_is_the_full_gaussian_where_nothing_is_left_out():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 17, (400, 64)).astype(np.uint8)
    nats = vae.principal_components(counts, counts[:50], 63, seed=1)
    noise = np.random.default_rng(1)
    x, y = counts + noise.random(counts.shape), counts[:50] + noise.random((50, 64))
    covariance, error = np.cov(x.T, bias=True), y - x.mean(0)
    exact = 0.5 * (np.einsum("ni,ij,nj->n", error, np.linalg.inv(covariance), error).mean()
                   + np.linalg.slogdet(2 * np.pi * covariance)[1])  # fmt: skip
    assert nats == pytest.approx(exact, rel=1e-9)


def test_gradients_reach_the_encoder_through_the_sample():
    random.manual_seed(0)
    model = vae.VAE(latent=3, hidden=8)
    counts = np.random.default_rng(0).integers(0, 17, (4, 64)).astype(np.uint8)
    reconstruction, divergence = model(counts, np.random.default_rng(1))
    assert reconstruction.shape == divergence.shape == (4,)
    for gradient in autograd.grad(reconstruction.sum(), [*model.encoder.parameters()]):
        assert np.abs(gradient.numpy()).max() > 0


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("vae", tmp_path)
