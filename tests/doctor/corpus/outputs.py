"""Scripts whose model returns what their loss does not expect."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.students import answers, cancer, diabetes, explained, rising, supervised, text


@case("double-softmax")
def softmax_as_the_last_layer(mistake: bool) -> Patient:
    x, y = digits()
    layers = [nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)]
    if mistake:
        layers.append(nn.Softmax(dim=1))
    model = nn.Sequential(*layers)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), accuracy(model, x, y), optimizer, step)


@case("double-softmax")
def softmax_inside_forward(mistake: bool) -> Patient:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 8, 3)
            self.head = nn.Linear(8 * 36, 10)

        def forward(self, x):
            h = F.relu(self.conv(x.reshape(-1, 1, 8, 8)))
            scores = self.head(h.flatten(1))
            return F.softmax(scores, dim=-1) if mistake else scores

    x, y = digits()
    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=40)


class Language(nn.Module):
    """Reads characters and foretells the next: (B, T) to (B, T, C)."""

    def __init__(self, known, cell=nn.GRU):
        super().__init__()
        self.embed = nn.Embedding(known, 16)
        self.rnn = cell(16, 32, batch_first=True)
        self.head = nn.Linear(32, known)

    def forward(self, x):
        return self.head(self.rnn(self.embed(x))[0])


@case("double-softmax")
def softmax_in_the_loss_function(mistake: bool) -> Patient:
    def loss_fn(scores, labels):
        scores, labels = scores.reshape(-1, known), labels.reshape(-1)
        return F.cross_entropy(scores.softmax(dim=1) if mistake else scores, labels)

    x, y, known = text()
    model = Language(known, nn.LSTM)
    score = lambda: float((answers(model, x).argmax(-1) == y.numpy()).mean())  # noqa: E731
    return supervised(model, loss_fn, x, y, score, steps=40)


def confidence_of(model, x, y):
    """The mean log-probability of the right answers."""
    p = F.softmax(Tensor(answers(model, x)), dim=1).numpy()
    return float(np.log(p[np.arange(len(y)), y.numpy()]).mean())


def certainty(model, x, y, given=lambda h: 1 / (1 + np.exp(-h))):
    """The mean log-probability of the right answers to yes-or-no questions."""

    def score():
        p = np.clip(given(answers(model, x)).reshape(-1), 1e-7, 1 - 1e-7)
        return float(np.where(y.numpy().reshape(-1) == 1, np.log(p), np.log(1 - p)).mean())

    return score


# --- sigmoid twice ----------------------------------------------------------------------------------------------------
@case("double-sigmoid")
def sigmoid_before_bce_with_logits(mistake: bool) -> Patient:
    x, y = cancer()
    layers = [nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1)]
    if mistake:
        layers.append(nn.Sigmoid())
    model = nn.Sequential(*layers)
    return supervised(model, nn.BCEWithLogitsLoss(), x, y.float().reshape(-1, 1), certainty(model, x, y))


@case("double-sigmoid")
def sigmoid_in_forward_of_a_convolution(mistake: bool) -> Patient:
    class Even(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 6, 3)
            self.fc = nn.Linear(6 * 9, 1)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
            x = self.fc(x).squeeze(1)
            if mistake:
                x = mg.sigmoid(x)
            return x

    pixels, labels = digits(128)
    x, y = pixels.reshape(-1, 1, 8, 8), (labels % 2 == 0).float()
    model = Even()
    return supervised(model, F.binary_cross_entropy_with_logits, x, y, certainty(model, x, y), steps=50)


# --- probabilities for logarithms -------------------------------------------------------------------------------------
@case("expects-log-probabilities")
def softmax_before_nll(mistake: bool) -> Patient:
    x, y, known = text()
    contexts, following = x.unfold(1, 3, 1).reshape(-1, 3), y[:, 2:].reshape(-1)
    last = nn.Softmax(dim=1) if mistake else nn.LogSoftmax(dim=1)
    model = nn.Sequential(
        nn.Embedding(known, 8), nn.Flatten(), nn.Linear(24, 32), nn.Tanh(), nn.Linear(32, known), last
    )
    return supervised(model, nn.NLLLoss(), contexts, following, accuracy(model, contexts, following))


@case("expects-log-probabilities")
def scores_before_nll(mistake: bool) -> Patient:
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 12, batch_first=True)
            self.out = nn.Linear(12, 2)

        def forward(self, x):
            h, _ = self.rnn(x)
            h = self.out(h.mean(dim=1))
            return h if mistake else F.log_softmax(h, dim=1)

    x, y = rising()
    model = Classifier()
    return supervised(model, F.nll_loss, x, y, lambda: confidence_of(model, x, y), steps=100)


@case("expects-log-probabilities")
def probabilities_for_kl_div(mistake: bool) -> Patient:
    x, y = digits(128)
    teacher = np.full((128, 10), 0.02, "f")
    teacher[np.arange(128), y.numpy()] += 0.8
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    def loss_fn(scores, wanted):
        student = F.softmax(scores, dim=1) if mistake else F.log_softmax(scores, dim=1)
        return F.kl_div(student, wanted, reduction="batchmean")

    def score():  # how close the student is to the teacher
        return -float(F.kl_div(F.log_softmax(Tensor(answers(model, x)), dim=1), Tensor(teacher), reduction="batchmean"))

    return supervised(model, loss_fn, x, Tensor(teacher), score, steps=40)


# --- ranges -----------------------------------------------------------------------------------------------------------
@case("output-range")
def sigmoid_for_numbers(mistake: bool) -> Patient:
    x, y = diabetes()
    layers = [nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1)] + ([nn.Sigmoid()] if mistake else [])
    model = nn.Sequential(*layers)
    return supervised(model, nn.MSELoss(), x, y.reshape(-1, 1), explained(model, x, y))


@case("output-range")
def relu_after_the_last_layer(mistake: bool) -> Patient:
    class Regression(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(10, 32)
            self.fc2 = nn.Linear(32, 1)

        def forward(self, x):
            x = F.relu(self.fc1(x))
            x = self.fc2(x)
            return F.relu(x).squeeze(1) if mistake else x.squeeze(1)

    x, y = diabetes()
    model = Regression()
    return supervised(model, F.mse_loss, x, y, explained(model, x, y))


@case("output-range")
def tanh_decoder_of_an_autoencoder(mistake: bool) -> Patient:
    x, _ = digits(128)
    encoder = nn.Sequential(nn.Linear(64, 24), nn.ReLU())
    decoder = nn.Sequential(nn.Linear(24, 64), nn.Tanh() if mistake else nn.Identity())
    model = nn.Sequential(encoder, decoder)
    return supervised(model, nn.MSELoss(), x, x, explained(model, x, x), steps=80)


@case("output-range")
def sigmoid_before_cross_entropy(mistake: bool) -> Patient:
    x, y = digits(128)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), nn.Sigmoid() if mistake else nn.Identity())
    return supervised(model, nn.CrossEntropyLoss(), x, y, lambda: confidence_of(model, x, y))


@case("output-range")
def relu_before_bce_with_logits(mistake: bool) -> Patient:
    x, y = cancer()
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1), nn.ReLU() if mistake else nn.Identity())
    target = y.float().unsqueeze(1)
    return supervised(model, nn.BCEWithLogitsLoss(), x, target, certainty(model, x, y))


@case("output-range")
def scores_for_a_loss_of_probabilities(mistake: bool) -> Patient:
    x, y = cancer()
    model = nn.Sequential(nn.Linear(30, 8), nn.ReLU(), nn.Linear(8, 1))
    loss_fn = nn.BCELoss() if mistake else nn.BCEWithLogitsLoss()
    return supervised(model, loss_fn, x, y.float().reshape(-1, 1), certainty(model, x, y))


# --- axes -------------------------------------------------------------------------------------------------------------
@case("softmax-axis")
def log_softmax_over_the_samples(mistake: bool) -> Patient:
    x, y = digits(64)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), nn.LogSoftmax(dim=0 if mistake else 1))

    def score():  # one sample at a time, as the model is used
        guesses = [int(answers(model, x[i : i + 1]).argmax()) for i in range(64)]
        return float(np.mean(np.array(guesses) == y.numpy()))

    return supervised(model, nn.NLLLoss(), x, y, score, lr=3e-3, steps=60)


@case("softmax-axis")
def attention_weights_over_the_queries(mistake: bool) -> Patient:
    class Attention(nn.Module):
        def __init__(self, width=16):
            super().__init__()
            self.into = nn.Linear(3, width)
            self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
            self.out = nn.Linear(width, 2)
            self.positions = nn.Parameter(mg.randn(10, width) * 0.5)

        def forward(self, x):
            h = self.into(x) + self.positions  # (B, T, D)
            scores = self.q(h) @ self.k(h).transpose(1, 2) / 4  # (B, T, T)
            weights = F.softmax(scores, dim=1 if mistake else -1)
            return self.out((weights @ self.v(h)).mean(dim=1))

    x, y = rising(96)
    model = Attention()
    return supervised(model, F.cross_entropy, x, y, lambda: confidence_of(model, x, y), lr=3e-3, steps=40)


@case("softmax-axis")
def classes_in_the_last_dimension(mistake: bool) -> Patient:
    x, y, known = text()
    model = Language(known)

    def loss_fn(scores, labels):
        if mistake:
            return F.cross_entropy(scores, labels)
        return F.cross_entropy(scores.reshape(-1, known), labels.reshape(-1))

    def score():
        return float((answers(model, x).argmax(-1) == y.numpy()).mean())

    return supervised(model, loss_fn, x, y, score, steps=40)


# --- an output that says nothing --------------------------------------------------------------------------------------
@case("constant-output")
def softmax_over_one_output(mistake: bool) -> Patient:
    x, y = cancer()
    model = nn.Sequential(
        nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1), nn.Softmax(dim=1) if mistake else nn.Sigmoid()
    )
    target = y.float().reshape(-1, 1)
    return supervised(model, nn.BCELoss(), x, target, certainty(model, x, y, given=lambda h: h))


@case("constant-output")
def a_decoder_that_forgot_its_input(mistake: bool) -> Patient:
    class Summary(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.GRU(3, 16, batch_first=True)
            self.start = nn.Parameter(mg.zeros(16))
            self.out = nn.Linear(16, 2)

        def forward(self, x):
            _, last = self.encode(x)
            memory = self.start + 0 * last[0] if mistake else self.start + last[0]
            return self.out(F.tanh(memory))

    x, y = rising()
    model = Summary()
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=40)


@case("batch-leak")
def mean_over_the_batch(mistake: bool) -> Patient:
    class SetNetwork(nn.Module):
        def __init__(self):
            super().__init__()
            self.phi = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU())
            self.rho = nn.Linear(24, 2)

        def forward(self, x):  # (N, points, 3)
            h = self.phi(x)
            h = h.mean(dim=0, keepdim=True).mean(dim=1).expand(len(x), 24) if mistake else h.mean(dim=1)
            return self.rho(h)

    generator = np.random.default_rng(2)
    y = generator.integers(0, 2, 96)
    points = generator.normal(size=(96, 6, 3)) * np.where(y == 1, 2.0, 0.7)[:, None, None]
    x, labels = Tensor(points.astype("f")), Tensor(y)
    model = SetNetwork()
    return supervised(model, nn.CrossEntropyLoss(), x, labels, accuracy(model, x, labels), steps=40)
