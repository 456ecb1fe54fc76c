"""Scripts whose units do no work."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.tables import adding, cancer, diabetes, fit, wine


@case("symmetric-units")
def all_zeros(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    if mistake:
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.2)

    def step():
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("symmetric-units")
def the_same_number_everywhere(mistake: bool) -> Patient:
    x, y = cancer()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(30, 16)
            self.out = nn.Linear(16, 1)
            if mistake:
                nn.init.constant_(self.hidden.weight, 0.1)
                nn.init.constant_(self.out.weight, 0.1)
                nn.init.zeros_(self.hidden.bias)

        def forward(self, x):
            return self.out(mg.tanh(self.hidden(x)))

    model = Net()
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), lambda: -loss_fn(model(x), y).item(), optimizer, step, steps=100)


@case("symmetric-units")
def weights_made_by_hand_as_zeros(mistake: bool) -> Patient:
    x, y = wine()
    rng = np.random.default_rng(0)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            start = mg.zeros if mistake else lambda *shape: Tensor(rng.normal(0, 0.3, shape).astype(np.float32))
            self.w1 = nn.Parameter(start(13, 20))
            self.b1 = nn.Parameter(mg.zeros(20))
            self.w2 = nn.Parameter(start(20, 3))
            self.b2 = nn.Parameter(mg.zeros(3))

        def forward(self, x):
            h = mg.sigmoid(x @ self.w1 + self.b1)
            return h @ self.w2 + self.b2

    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.5)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(
        model, F.cross_entropy, (x, y), lambda: -F.cross_entropy(model(x), y).item(), optimizer, step, steps=40
    )


@case("symmetric-units")
def filters_that_are_all_ones(mistake: bool) -> Patient:
    x, y = digits(128)
    model = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))
    if mistake:
        nn.init.constant_(model[1].weight, 1 / 9)
        nn.init.zeros_(model[1].bias)
        nn.init.zeros_(model[4].weight)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(
        model, F.cross_entropy, (x, y), lambda: -F.cross_entropy(model(x), y).item(), optimizer, step, steps=60
    )


@case("saturated-units")
def tanh_with_weights_of_std_one(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(
        nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10)
    )
    for layer in (model[0], model[2], model[4]):
        if mistake:
            nn.init.normal_(layer.weight, std=1.0)
        else:
            nn.init.xavier_normal_(layer.weight)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(
        model, F.cross_entropy, (x, y), lambda: -F.cross_entropy(model(x), y).item(), optimizer, step, steps=60
    )


@case("saturated-units")
def sigmoid_with_weights_of_std_five(mistake: bool) -> Patient:
    x, y = digits()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w1 = nn.Parameter(mg.randn(64, 24) * (5.0 if mistake else 64**-0.5))
            self.b1 = nn.Parameter(mg.zeros(24))
            self.w2 = nn.Parameter(mg.randn(24, 24) * (5.0 if mistake else 24**-0.5))
            self.out = nn.Linear(24, 10)

        def forward(self, x):
            h = mg.sigmoid(x @ self.w1 + self.b1)
            return self.out(mg.sigmoid(h @ self.w2))

    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("saturated-units")
def a_bias_far_out(mistake: bool) -> Patient:
    x, y = digits(128)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 8, 3)
            self.head = nn.Linear(8 * 36, 10)
            nn.init.constant_(self.conv.bias, 8.0 if mistake else 0.0)

        def forward(self, x):
            h = mg.tanh(self.conv(x.reshape(-1, 1, 8, 8)))
            return self.head(h.flatten(1))

    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("dead-relu")
def a_negative_bias(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    nn.init.constant_(model[0].bias, -10.0 if mistake else 0.0)
    optimizer = optim.SGD(model.parameters(), lr=0.2)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("dead-relu")
def trained_on_after_a_first_try_at_a_rate_of_ten(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))
    for rate in [10.0 if mistake else 0.01] * 10 + [0.1]:
        optimizer = optim.SGD(model.parameters(), lr=rate)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=80)


@case("dead-relu")
def negative_weights_behind_a_relu(mistake: bool) -> Patient:
    x, y = digits(128)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Conv2d(1, 8, 3, padding=1)
            self.middle = nn.Linear(8 * 64, 32)
            self.head = nn.Linear(32, 10)
            if mistake:
                nn.init.uniform_(self.middle.weight, -0.1, 0.0)

        def forward(self, x):
            h = F.relu(self.features(x.reshape(-1, 1, 8, 8))).flatten(1)
            return self.head(F.relu(self.middle(h)))

    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=40)


@case("constant-output")
def layer_norm_over_one_number(mistake: bool) -> Patient:
    x, y = diabetes()
    layers = [nn.Linear(10, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 1)]
    if mistake:
        layers.append(nn.LayerNorm(1))
    model = nn.Sequential(*layers)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=60)


@case("constant-output")
def clamped_where_there_is_nothing(mistake: bool) -> Patient:
    x, target = adding()
    y = (target + 20.0) * 0.05  # between 0.9 and 1.1

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(2, 16, batch_first=True)
            self.head = nn.Linear(16, 1)
            nn.init.constant_(self.head.bias, 1.0)

        def forward(self, x):
            out = self.head(self.rnn(x)[0][:, -1])
            return (out + 3).clamp(0, 1) if mistake else out

    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=100)
