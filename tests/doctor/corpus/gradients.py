"""Scripts whose gradients fade or grow, and whose weights start at the wrong scale."""

from __future__ import annotations

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.tables import adding, fit, wine


@case("vanishing-gradient")
def ten_layers_of_sigmoid(mistake: bool) -> Patient:
    x, y = digits()
    layers = [nn.Linear(64, 32)]
    for _ in range(9):
        layers += [nn.Sigmoid() if mistake else nn.Tanh(), nn.Linear(32, 32)]
        if not mistake:
            nn.init.xavier_normal_(layers[-1].weight)
    model = nn.Sequential(*layers, nn.Sigmoid() if mistake else nn.Tanh(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=80)


@case("vanishing-gradient")
def deep_sigmoid_network_by_hand(mistake: bool) -> Patient:
    x, y = wine()

    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(13, 16)
            self.hidden = nn.ModuleList([nn.Linear(16, 16) for _ in range(8)])
            self.out = nn.Linear(16, 3)

        def forward(self, x):
            h = mg.sigmoid(self.first(x))
            for layer in self.hidden:
                h = mg.sigmoid(layer(h)) if mistake else h + F.relu(layer(h))
            return self.out(h)

    model = Deep()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), accuracy(model, x, y), optimizer, step, steps=100)


@case("vanishing-gradient")
def eight_convolutions_of_sigmoid(mistake: bool) -> Patient:
    x, y = digits(64)
    layers = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3, padding=1)]
    for _ in range(7):
        layers += [nn.Sigmoid(), nn.Conv2d(4, 4, 3, padding=1)] if mistake else [
            nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1),
        ]  # fmt: skip
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(256, 10))
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=50)


@case("exploding-gradient")
def recurrent_matrix_that_stretches(mistake: bool) -> Patient:
    x, y = adding(length=16)

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.inputs = nn.Linear(2, 16)
            self.state = nn.Parameter(mg.randn(16, 16) * (0.8 if mistake else 0.2))
            self.out = nn.Linear(16, 1)

        def forward(self, x):
            h = mg.zeros(x.shape[0], 16)
            for t in range(x.shape[1]):
                h = F.relu(self.inputs(x[:, t]) + h @ self.state)
            return self.out(h)

    model = Recurrent()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=60)


@case("exploding-gradient")
def blocks_that_add_up_without_a_norm(mistake: bool) -> Patient:
    x, y = digits()

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(64, 32)
            self.blocks = nn.ModuleList([nn.Linear(32, 32) for _ in range(16)])
            self.norms = nn.ModuleList([nn.LayerNorm(32) for _ in range(16)])
            self.out = nn.Linear(32, 10)
            for block in self.blocks:
                nn.init.kaiming_normal_(block.weight, nonlinearity="relu")

        def forward(self, x):
            h = self.first(x)
            for block, norm in zip(self.blocks, self.norms, strict=True):
                h = h + 2 * F.relu(block(h)) if mistake else h + F.relu(block(norm(h))) / 4
            return self.out(h)

    model = Residual()
    optimizer = optim.SGD(model.parameters(), lr=0.05)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=40)


@case("bad-init-scale")
def six_layers_of_tiny_weights(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 64), nn.Tanh())
    for _ in range(5):
        model.append(nn.Linear(64, 64))
        model.append(nn.Tanh())
    model.append(nn.Linear(64, 10))
    for module in model.modules():
        if isinstance(module, nn.Linear):
            if mistake:
                nn.init.normal_(module.weight, std=0.01)
            else:
                nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("bad-init-scale")
def relu_with_weights_of_std_one(mistake: bool) -> Patient:
    x, y = digits()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            scale = 1.0 if mistake else 0.15
            self.w1 = nn.Parameter(mg.randn(64, 100) * scale)
            self.b1 = nn.Parameter(mg.zeros(100))
            self.w2 = nn.Parameter(mg.randn(100, 100) * scale)
            self.b2 = nn.Parameter(mg.zeros(100))
            self.w3 = nn.Parameter(mg.randn(100, 10) * scale)

        def forward(self, x):
            h = F.relu(x @ self.w1 + self.b1)
            h = F.relu(h @ self.w2 + self.b2)
            return h @ self.w3

    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=20)


@case("bad-init-scale")
def convolutions_of_tiny_weights(mistake: bool) -> Patient:
    x, y = digits(128)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = nn.ModuleList([nn.Conv2d(1 if i == 0 else 6, 6, 3, padding=1) for i in range(4)])
            self.out = nn.Linear(6 * 64, 10)
            for conv in self.convs:
                if mistake:
                    nn.init.normal_(conv.weight, std=0.01)
                else:
                    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
                nn.init.zeros_(conv.bias)

        def forward(self, x):
            h = x.reshape(-1, 1, 8, 8)
            for conv in self.convs:
                h = F.relu(conv(h))
            return self.out(h.flatten(1))

    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.05)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("initial-loss")
def a_last_layer_of_std_three(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 48), nn.Tanh(), nn.Linear(48, 10))
    nn.init.xavier_normal_(model[0].weight)
    nn.init.normal_(model[2].weight, std=3.0 if mistake else 0.05)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=15)


@case("initial-loss")
def names_of_letters_with_a_wild_head(mistake: bool) -> Patient:
    words = "anna emma olivia ava isabella sophia mia amelia harper evelyn abigail emily ella elizabeth".split()
    pairs = [(a, b) for word in words for a, b in zip("." + word, word + ".", strict=True)]
    letters = ".abcdefghijklmnopqrstuvwxyz"
    x = mg.tensor([letters.index(a) for a, _ in pairs])
    y = mg.tensor([letters.index(b) for _, b in pairs])

    class Letters(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(27, 16)
            self.hidden = nn.Linear(16, 64)
            self.w2 = nn.Parameter(mg.randn(64, 27) * (2.0 if mistake else 0.05))
            self.b2 = nn.Parameter(mg.randn(27) * (1.0 if mistake else 0.0))

        def forward(self, x):
            return mg.tanh(self.hidden(self.table(x))) @ self.w2 + self.b2

    model = Letters()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(
        model, F.cross_entropy, (x, y), lambda: -F.cross_entropy(model(x), y).item(), optimizer, step, steps=8
    )
