"""Scripts that learn at the wrong speed, or something else than their data."""

from __future__ import annotations

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.tables import adding, cancer, diabetes, fit, right, wine


@case("rate-too-high")
def sgd_at_a_hundred(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=100.0 if mistake else 0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("rate-too-high")
def linear_regression_beyond_two_over_the_curvature(mistake: bool) -> Patient:
    x, y = diabetes()
    model = nn.Linear(10, 1)
    loss_fn = nn.MSELoss()
    optimizer = optim.SGD(model.parameters(), lr=0.6 if mistake else 0.1)

    def step():
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), fit(model, x, y), optimizer, step, steps=60)


@case("rate-too-high")
def adam_at_three_on_a_recurrent_network(mistake: bool) -> Patient:
    x, y = adding()

    class Adder(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(2, 16, batch_first=True)
            self.head = nn.Linear(16, 1)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    model = Adder()
    optimizer = optim.Adam(model.parameters(), lr=3.0 if mistake else 0.02)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=80)


@case("rate-too-high")
def gradient_descent_by_hand(mistake: bool) -> Patient:
    x, y = diabetes()
    model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1))

    def step():
        model.zero_grad()
        F.mse_loss(model(x), y).backward()
        with mg.no_grad():
            for parameter in model.parameters():
                parameter -= (20.0 if mistake else 0.1) * parameter.grad

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), None, step, steps=60)


@case("rate-too-low")
def sgd_at_a_millionth(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=1e-6 if mistake else 0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("rate-too-low")
def adam_at_a_millionth(mistake: bool) -> Patient:
    x, y = cancer()
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1))
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = optim.Adam(model.parameters(), lr=1e-6 if mistake else 1e-2)

    def step():
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), right(model, x, y), optimizer, step, steps=60)


@case("rate-too-low")
def a_mean_over_everything_with_a_small_rate(mistake: bool) -> Patient:
    x, _ = digits()
    model = nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 64))
    optimizer = optim.SGD(model.parameters(), lr=1e-4 if mistake else 1.0, momentum=0.9)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), x).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, x), fit(model, x, x), optimizer, step, steps=100)


@case("schedule-too-fast")
def step_lr_after_every_batch(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
    batches = 100
    count = [0]

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        count[0] += 1
        if mistake or count[0] % batches == 0:
            scheduler.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=80)


@case("schedule-too-fast")
def exponential_decay_meant_for_epochs(mistake: bool) -> Patient:
    x, y = adding()

    class Adder(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(2, 16, batch_first=True)
            self.head = nn.Linear(16, 1)

        def forward(self, x):
            return self.head(self.gru(x)[0][:, -1])

    model = Adder()
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=0.7 if mistake else 0.999)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
        scheduler.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=100)


@case("schedule-too-fast")
def a_schedule_that_divides_integers(mistake: bool) -> Patient:
    x, y = wine()
    epochs = 200
    model = nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.3)
    factor = (lambda epoch: (epochs - epoch - 1) // epochs) if mistake else (lambda epoch: (epochs - epoch) / epochs)
    scheduler = lr_scheduler.LambdaLR(optimizer, factor)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        scheduler.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("penalty-dominates")
def weight_decay_of_three(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=0.1, weight_decay=3.0 if mistake else 1e-4)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("penalty-dominates")
def a_penalty_in_the_loss(mistake: bool) -> Patient:
    x, y = diabetes()
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))

    def loss_fn(output, target):
        penalty = sum((parameter**2).sum() for parameter in model.parameters())
        return F.mse_loss(output, target) + (5.0 if mistake else 1e-4) * penalty

    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), fit(model, x, y), optimizer, step, steps=100)


@case("penalty-dominates")
def a_penalty_in_the_step_alone(mistake: bool) -> Patient:
    x, y = digits(128)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 6, 3)
            self.head = nn.Linear(216, 10)

        def forward(self, x):
            return self.head(F.relu(self.conv(x.reshape(-1, 1, 8, 8))).flatten(1))

    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss = loss + (1.0 if mistake else 1e-5) * sum(parameter.abs().sum() for parameter in model.parameters())
        loss.backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=80)


@case("penalty-dominates")
def adamw_with_the_decay_of_another_library(mistake: bool) -> Patient:
    x, y = wine()
    model = nn.Sequential(nn.Linear(13, 24), nn.ReLU(), nn.Linear(24, 3))
    optimizer = optim.AdamW(model.parameters(), lr=0.01, weight_decay=50.0 if mistake else 0.01)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(
        model, F.cross_entropy, (x, y), lambda: -F.cross_entropy(model(x), y).item(), optimizer, step, steps=60
    )
