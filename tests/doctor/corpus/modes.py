"""Scripts that mix up training and evaluation, and layers that behave differently in the two."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.tables import adding, cancer, diabetes, fit, wine


@case("eval-mode-in-training")
def batch_norm_left_in_eval_mode(mistake: bool) -> Patient:
    x, y = digits()
    x = x * 20 + 100  # raw pixels: batch normalisation is what makes them fit
    model = nn.Sequential(
        nn.BatchNorm1d(64), nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10)
    )  # fmt: skip
    if mistake:
        model.eval()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("eval-mode-in-training")
def dropout_off_while_training_on_little(mistake: bool) -> Patient:
    x, y = diabetes()
    x_train, y_train, x_test, y_test = x[:50], y[:50], x[50:], y[50:]
    model = nn.Sequential(
        nn.Linear(10, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        if mistake:
            model.eval()
        optimizer.zero_grad()
        F.mse_loss(model(x_train), y_train).backward()
        optimizer.step()

    return Patient(
        model, F.mse_loss, (x_train, y_train), fit(model, x_test, y_test), optimizer, step, steps=150
    )  # fmt: skip


@case("eval-mode-in-training")
def never_back_to_train_after_the_evaluation(mistake: bool) -> Patient:
    x, y = digits(128)
    x = x * 5 + 10

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2d(1)
            self.conv = nn.Conv2d(1, 6, 3)
            self.norm2 = nn.BatchNorm2d(6)
            self.head = nn.Linear(216, 10)

        def forward(self, x):
            h = self.norm(x.reshape(-1, 1, 8, 8))
            return self.head(F.relu(self.norm2(self.conv(h))).flatten(1))

    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def evaluate():
        model.eval()
        with mg.no_grad():
            share = (model(x).argmax(dim=1) == y).numpy().mean()
        if not mistake:
            model.train()
        return share

    def step():
        evaluate()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, evaluate, steps=40)


@case("train-mode-in-evaluation")
def tested_with_dropout_on(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10))
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    def evaluate():
        if not mistake:
            model.eval()
        with mg.no_grad():
            return float((model(x).argmax(dim=1) == y).numpy().mean())

    return Patient(model, F.cross_entropy, (x, y), evaluate, optimizer, step, evaluate, steps=40)


@case("train-mode-in-evaluation")
def tested_with_the_statistics_of_the_test_batch(mistake: bool) -> Patient:
    x, y = wine()
    model = nn.Sequential(nn.Linear(13, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    ordered = np.argsort(y.numpy())  # the test goes through one sort of wine after the other

    def step():
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    def evaluate():
        if mistake:
            model.train()
        else:
            model.eval()
        right = 0
        with mg.no_grad():
            for rows in np.split(ordered, range(16, len(ordered), 16)):
                if len(rows) > 1:
                    right += int((model(Tensor(x.numpy()[rows])).argmax(dim=1).numpy() == y.numpy()[rows]).sum())
        return right / len(ordered)

    return Patient(model, F.cross_entropy, (x, y), evaluate, optimizer, step, evaluate, steps=80)


@case("train-mode-in-evaluation")
def functional_dropout_that_never_ends(mistake: bool) -> Patient:
    x, y = digits()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(64, 32)
            self.second = nn.Linear(32, 10)

        def forward(self, x):
            h = F.relu(self.first(x))
            h = F.dropout(h, 0.6) if mistake else F.dropout(h, 0.6, training=self.training)
            return self.second(h)

    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=40)


@case("tiny-batch-norm")
def batches_of_two(mistake: bool) -> Patient:
    x, y = digits(128)
    model = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    size = 2 if mistake else 32
    place = [0]

    def step():
        rows = slice(place[0], place[0] + size)
        place[0] = (place[0] + size) % 128
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=120)


@case("tiny-batch-norm")
def regression_with_batches_of_three(mistake: bool) -> Patient:
    x, y = diabetes()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(10, 24)
            self.norm = nn.BatchNorm1d(24)
            self.out = nn.Linear(24, 1)

        def forward(self, x):
            return self.out(mg.tanh(self.norm(self.inner(x))))

    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    rng = np.random.default_rng(0)

    def step():
        rows = rng.choice(442, 3 if mistake else 64, replace=False)
        optimizer.zero_grad()
        F.mse_loss(model(x[rows]), y[rows]).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=100)


@case("dropout-too-strong")
def a_keep_rate_given_as_a_drop_rate(mistake: bool) -> Patient:
    x, y = digits()
    p = 0.95 if mistake else 0.05
    model = nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), nn.Dropout(p), nn.Linear(32, 32), nn.ReLU(), nn.Dropout(p), nn.Linear(32, 10)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("dropout-too-strong")
def dropout_on_the_states_of_a_recurrent_network(mistake: bool) -> Patient:
    x, y = adding()

    class Adder(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(2, 24, batch_first=True)
            self.drop = nn.Dropout(0.9 if mistake else 0.1)
            self.head = nn.Linear(24, 1)

        def forward(self, x):
            return self.head(self.drop(self.gru(x)[0][:, -1]))

    model = Adder()
    optimizer = optim.Adam(model.parameters(), lr=0.02)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=100)


@case("dropout-too-strong")
def dropout_on_the_inputs(mistake: bool) -> Patient:
    x, y = cancer()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.drop = nn.Dropout(0.9 if mistake else 0.1)
            self.first = nn.Linear(30, 16)
            self.last = nn.Linear(16, 1)

        def forward(self, x):
            return self.last(F.relu(self.first(self.drop(x))))

    model = Net()
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def score():
        model.eval()
        loss = loss_fn(model(x), y).item()
        model.train()
        return -loss

    def step():
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), score, optimizer, step, steps=60)
