"""Scripts whose model is not built as it was meant."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.corpus.outputs import confidence_of
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.students import answers, cancer, diabetes, explained, rising, supervised, text, wine


def spiral(samples: int = 160) -> tuple[Tensor, Tensor]:
    """Two spirals around each other: no straight line tells them apart."""
    generator = np.random.default_rng(7)
    y = np.arange(samples) % 2
    radius = generator.uniform(0.3, 2, samples)
    angle = 2.5 * radius + np.pi * y
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return Tensor((x + 0.05 * generator.normal(size=x.shape)).astype("f")), Tensor(y)


# --- nothing bends ----------------------------------------------------------------------------------------------------
@case("no-nonlinearity")
def three_linear_layers(mistake: bool) -> Patient:
    x, y = spiral()
    between = nn.Identity() if mistake else nn.ReLU()
    model = nn.Sequential(nn.Linear(2, 32), between, nn.Linear(32, 32), between, nn.Linear(32, 2))
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=100)


@case("no-nonlinearity")
def convolutions_without_activation(mistake: bool) -> Patient:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 3)
            self.conv2 = nn.Conv2d(6, 8, 3)
            self.fc = nn.Linear(8 * 16, 2)

        def forward(self, x):
            x = self.conv1(x)
            if not mistake:
                x = F.relu(x)
            x = self.conv2(x)
            if not mistake:
                x = F.relu(x)
            return self.fc(x.flatten(1))

    pixels, _ = digits(128)
    signs = np.random.default_rng(8).choice([-1.0, 1.0], (128, 1, 1, 1)).astype("f")  # black on white or the reverse
    _, labels = digits(128)
    x = pixels.reshape(-1, 1, 8, 8) * Tensor(signs)
    y = (labels >= 5).long()
    model = Net()
    return supervised(model, nn.CrossEntropyLoss(), x, y, lambda: confidence_of(model, x, y), lr=3e-3, steps=50)


# --- very deep --------------------------------------------------------------------------------------------------------
class Deep(nn.Module):
    """Many layers, with a way around each of them or without; initial weights keep the size of signals."""

    def __init__(self, inputs, width, depth, outputs, activation, skip):
        super().__init__()
        self.into = nn.Linear(inputs, width)
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.out = nn.Linear(width, outputs)
        self.activation, self.skip = activation, skip
        for layer in self.layers:
            if activation is F.relu:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            else:
                nn.init.orthogonal_(layer.weight, gain=1.1)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        h = self.activation(self.into(x))
        for layer in self.layers:
            h = h + self.activation(layer(h)) / len(self.layers) if self.skip else self.activation(layer(h))
        return self.out(h)


@case("no-skip-path")
def sixty_layers_of_relu(mistake: bool) -> Patient:
    x, y = digits(96)
    model = Deep(64, 16, 60, 10, F.relu, skip=not mistake)
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), lr=3e-3, steps=30)


@case("no-skip-path")
def eighty_layers_for_numbers(mistake: bool) -> Patient:
    x, y = diabetes(96)
    model = Deep(10, 12, 80, 1, F.relu, skip=not mistake)
    return supervised(model, nn.MSELoss(), x, y.unsqueeze(1), explained(model, x, y), lr=1e-2, steps=40)


# --- the same layer twice ---------------------------------------------------------------------------------------------
@case("duplicate-parameters")
def a_list_times_four(mistake: bool) -> Patient:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.into = nn.Linear(2, 8)
            hidden = [nn.Linear(8, 8)] * 4 if mistake else [nn.Linear(8, 8) for _ in range(4)]
            self.hidden = nn.ModuleList(hidden)
            self.out = nn.Linear(8, 2)

        def forward(self, x):
            x = F.tanh(self.into(x))
            for layer in self.hidden:
                x = F.tanh(layer(x))
            return self.out(x)

    x, y = spiral()
    model = Net()
    return supervised(model, nn.CrossEntropyLoss(), x, y, lambda: confidence_of(model, x, y), lr=5e-3, steps=150)


@case("duplicate-parameters")
def one_head_for_three_tasks(mistake: bool) -> Patient:
    class Tasks(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 24), nn.ReLU())
            head = nn.Linear(24, 1)
            self.heads = [head, head, head] if mistake else [nn.Linear(24, 1) for _ in range(3)]

        def forward(self, x):
            h = self.body(x)
            return mg.cat([head(h) for head in self.heads], dim=1)

    x, labels = digits(128)
    digit = labels.numpy()
    y = Tensor(np.stack([digit % 2 == 0, digit > 4, np.isin(digit, (0, 6, 8, 9))], axis=1).astype("f"))
    model = Tasks()

    def score():  # even? large? has it a closed loop?
        return float(((answers(model, x) > 0) == (y.numpy() == 1)).mean())

    return supervised(model, nn.BCEWithLogitsLoss(), x, y, score, steps=40)


# --- called for nothing -----------------------------------------------------------------------------------------------
@case("unused-output")
def the_activation_was_not_assigned(mistake: bool) -> Patient:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 32)
            self.b = nn.Linear(32, 2)

        def forward(self, x):
            h = self.a(x)
            if mistake:
                F.relu(h)
            else:
                h = F.relu(h)
            return self.b(h)

    x, y = spiral()
    model = Net()
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=100)


@case("unused-output")
def the_second_layer_starts_from_the_input(mistake: bool) -> Patient:
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(known, 8)
            self.rnn = nn.GRU(8, 8, batch_first=True)
            self.head = nn.Linear(8, known)

        def forward(self, x):
            e = self.embed(x)
            h, _ = self.rnn(e)
            return self.head(F.tanh(e if mistake else h)).transpose(1, 2)

    x, y, known = text()
    model = Reader()
    score = lambda: float((answers(model, x).argmax(1) == y.numpy()).mean())  # noqa: E731
    return supervised(model, nn.CrossEntropyLoss(), x, y, score, lr=2e-2, steps=100)


# --- not known to the model -------------------------------------------------------------------------------------------
@case("module-not-registered")
def a_plain_tensor_for_a_weight(mistake: bool) -> Patient:
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            start = mg.randn(30, 12) * 0.02
            self.w = start.detach().requires_grad_() if mistake else nn.Parameter(start)
            self.out = nn.Linear(12, 2)
            self.narrow = nn.LayerNorm(12)

        def forward(self, x):
            return self.out(F.relu(self.narrow(x @ self.w)))

    x, y = cancer(128)
    model = Scores()
    return supervised(model, nn.CrossEntropyLoss(), x, y, lambda: confidence_of(model, x, y), lr=3e-3, steps=40)


@case("module-not-registered")
def a_layer_made_anew_in_forward(mistake: bool) -> Patient:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 6, 3)
            if not mistake:
                self.fc = nn.Linear(6 * 36, 10)

        def forward(self, x):
            x = F.relu(self.conv(x)).flatten(1)
            layer = nn.Linear(6 * 36, 10) if mistake else self.fc
            return layer(x)

    pixels, y = digits(96)
    x = pixels.reshape(-1, 1, 8, 8)
    model = Net()
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=30)


@case("module-not-registered")
def a_head_outside_of_the_class(mistake: bool) -> Patient:
    head = nn.Linear(16, 2)

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 16, batch_first=True)
            if not mistake:
                self.head = head

        def forward(self, x):
            return head(self.rnn(x)[0][:, -1])

    x, y = rising(96)
    model = Reader()
    return supervised(model, F.cross_entropy, x, y, lambda: confidence_of(model, x, y), lr=5e-3, steps=20)


# --- out of reach -----------------------------------------------------------------------------------------------------
@case("parameter-unreachable")
def features_cut_off_by_detach(mistake: bool) -> Patient:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh())
            self.head = nn.Linear(4, 2)

        def forward(self, x):
            h = self.features(x)
            return self.head(h.detach() if mistake else h)

    x, y = spiral()
    model = Net()
    return supervised(model, nn.CrossEntropyLoss(), x, y, lambda: confidence_of(model, x, y), lr=2e-2, steps=100)


@case("parameter-unreachable")
def prediction_under_no_grad(mistake: bool) -> Patient:
    class Regression(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))

        def forward(self, x):
            if mistake:
                with mg.no_grad():
                    return self.layers(x).squeeze(1)
            return self.layers(x).squeeze(1)

    x, y = diabetes(128)
    model = Regression()
    return supervised(model, nn.MSELoss(), x, y, explained(model, x, y), steps=40)


@case("parameter-unreachable")
def a_layer_that_forward_forgot(mistake: bool) -> Patient:
    class Mixture(nn.Module):
        def __init__(self):
            super().__init__()
            self.pixels = nn.Linear(64, 16)
            self.rows = nn.Linear(64, 16)
            self.head = nn.Linear(16, 10)
            self.skip = nn.Linear(64, 10)

        def forward(self, x):
            scores = self.head(F.relu(self.pixels(x)))
            return scores if mistake else scores + self.skip(x) + 0 * self.rows(x).sum()

    x, y = digits(128)
    model = Mixture()
    return supervised(model, nn.CrossEntropyLoss(), x, y, lambda: confidence_of(model, x, y), lr=3e-3, steps=40)


# --- steps ------------------------------------------------------------------------------------------------------------
@case("nondifferentiable-op")
def accuracy_as_a_loss(mistake: bool) -> Patient:
    x, y = digits(128)
    model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))

    def loss_fn(scores, labels):
        if mistake:
            return 1 - (scores.argmax(dim=1) == labels).float().mean()
        return F.cross_entropy(scores, labels)

    return supervised(model, loss_fn, x, y, accuracy(model, x, y), steps=30)


@case("nondifferentiable-op")
def rounded_predictions(mistake: bool) -> Patient:
    class Stars(nn.Module):
        def __init__(self):
            super().__init__()
            self.users, self.items = nn.Embedding(20, 4), nn.Embedding(15, 4)

        def forward(self, users, items):
            stars = 3 + (self.users(users) * self.items(items)).sum(dim=1)
            return stars.round() if mistake else stars

    generator = np.random.default_rng(9)
    users, items = generator.integers(0, 20, 200), generator.integers(0, 15, 200)
    taste, kind = generator.normal(size=(20, 2)), generator.normal(size=(15, 2))
    y = Tensor(np.clip(3 + (taste[users] * kind[items]).sum(1), 1, 5).astype("f"))
    x = (Tensor(users), Tensor(items))
    model = Stars()
    score = lambda: -float(np.mean((answers(model, x) - y.numpy()) ** 2))  # noqa: E731
    return supervised(model, nn.MSELoss(), x, y, score, lr=3e-2, steps=60)


@case("nondifferentiable-op")
def binary_codes_by_sign(mistake: bool) -> Patient:
    class Codes(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Linear(64, 24)
            self.decode = nn.Linear(24, 64)

        def forward(self, x):
            h = self.encode(x)
            return self.decode(h.sign() if mistake else F.tanh(h))

    x, _ = digits(128)
    model = Codes()
    return supervised(model, nn.MSELoss(), x, x, explained(model, x, x), steps=80)


# --- a bias for nothing -----------------------------------------------------------------------------------------------
def thrifty(model, x, y):
    """How sure the right answers are, less a little for each Parameter: of two equal models the smaller is better."""
    return lambda: round(accuracy(model, x, y)(), 1) - 1e-3 * sum(p.numel() for p in model.parameters()) / 1000


@case("bias-before-norm")
def a_convolution_with_bias_before_norm(mistake: bool) -> Patient:
    pixels, y = digits(128)
    x = pixels.reshape(-1, 1, 8, 8)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=mistake), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10)
    )
    return supervised(model, nn.CrossEntropyLoss(), x, y, thrifty(model, x, y), lr=3e-3, steps=40)


@case("bias-before-norm")
def a_linear_layer_with_bias_before_norm(mistake: bool) -> Patient:
    x, y = wine()
    model = nn.Sequential(nn.Linear(13, 16, bias=mistake), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), thrifty(model, x, y), optimizer, step, steps=40)
