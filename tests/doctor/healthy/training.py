"""Ways of training in which nothing is wrong."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler
from tests.doctor.healthy.declared import healthy, trained_with
from tests.doctor.patient import Patient, digits
from tests.doctor.tables import cancer, diabetes, wine


def classifier() -> nn.Sequential:
    """A small network for digits."""
    return nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))


@healthy
def one_cycle() -> Patient:
    x, y = digits()
    model = classifier()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.3, total_steps=400)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        scheduler.step()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optimizer, step)


@healthy
def warm_up_over_a_thousand_steps() -> Patient:
    x, y = digits()
    model = classifier()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda i: min(1.0, (i + 1) / 1000))

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        scheduler.step()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optimizer, step)


@healthy
def cosine_to_zero() -> Patient:
    x, y = wine()
    model = nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.3)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=150)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        scheduler.step()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optimizer, step)


@healthy
def gradients_of_four_micro_batches_in_one_step() -> Patient:
    x, y = digits()
    model = classifier()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)

    def step():
        optimizer.zero_grad()
        for i in range(4):
            rows = slice(64 * i, 64 * i + 64)
            (F.cross_entropy(model(x[rows]), y[rows]) / 4).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optimizer, step)


@healthy
def gradients_gathered_over_four_calls() -> Patient:
    x, y = digits()
    model = classifier()
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    count = [0]

    def step():
        rows = slice(64 * (count[0] % 4), 64 * (count[0] % 4) + 64)
        (F.cross_entropy(model(x[rows]), y[rows]) / 4).backward()
        count[0] += 1
        if count[0] % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optimizer, step)


@healthy
def two_optimizers() -> Patient:
    x, y = digits()
    model = classifier()
    first = optim.SGD(model[0].parameters(), lr=0.1, momentum=0.9)
    second = optim.Adam(model[2].parameters(), lr=1e-3)

    def step():
        model.zero_grad()
        F.cross_entropy(model(x), y).backward()
        first.step()
        second.step()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, first, step)


@healthy
def mini_batches_with_dropout_and_an_evaluation() -> Patient:
    x, y = digits()
    model = nn.Sequential(
        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10)
    )  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    rng = np.random.default_rng(0)

    def step():
        model.train()
        rows = rng.choice(256, 32, replace=False)
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def evaluate():
        model.eval()
        with mg.no_grad():
            return float((model(x).argmax(dim=1) == y).numpy().mean())

    return Patient(model, F.cross_entropy, (x, y), evaluate, optimizer, step, evaluate)


@healthy
def batches_of_three_without_a_norm() -> Patient:
    x, y = cancer()
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1))
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.02)
    rng = np.random.default_rng(0)

    def step():
        rows = rng.choice(len(x), 3, replace=False)
        optimizer.zero_grad()
        loss_fn(model(x[rows]), y[rows]).backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), lambda: 0.0, optimizer, step)


@healthy
def an_optimizer_and_no_step() -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 48), nn.LayerNorm(48), nn.GELU(), nn.Linear(48, 10))
    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optim.Adam(model.parameters(), lr=1e-3))


@healthy
def nothing_but_a_model_and_a_batch() -> Patient:
    return Patient(classifier(), F.cross_entropy, digits(), lambda: 0.0)


@healthy
def a_penalty_as_it_should_be() -> Patient:
    x, y = diabetes()
    model = nn.Sequential(nn.Linear(10, 24), nn.Tanh(), nn.Linear(24, 1))

    def loss_fn(output, target):
        return F.mse_loss(output, target) + 1e-3 * sum((p**2).sum() for p in model.parameters())

    return trained_with(model, loss_fn, (x, y), optim.Adam(model.parameters(), lr=0.01))


@healthy
def generator_of_a_gan() -> Patient:
    real, _ = digits(128)
    generator = nn.Sequential(nn.Linear(8, 32), nn.LeakyReLU(0.2), nn.Linear(32, 64))
    critic = nn.Sequential(nn.Linear(64, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    loss_fn = nn.BCEWithLogitsLoss()
    of_generator = optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
    of_critic = optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.999))
    noise, ones, zeros = mg.randn(128, 8), mg.ones(128, 1), mg.zeros(128, 1)

    def fooled(fake: Tensor, target: Tensor) -> Tensor:
        return loss_fn(critic(fake), target)

    def step():
        fake = generator(mg.randn(128, 8))
        of_critic.zero_grad()
        (loss_fn(critic(real), ones) + loss_fn(critic(fake.detach()), zeros)).backward()
        of_critic.step()
        of_generator.zero_grad()
        fooled(fake, ones).backward()
        of_generator.step()

    return Patient(generator, fooled, (noise, ones), lambda: 0.0, of_generator, step)
