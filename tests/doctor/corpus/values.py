"""Scripts whose numbers leave the range in which they mean something, or are overwritten."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from tests.doctor.corpus.outputs import confidence_of
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.students import cancer, diabetes, explained, rising, supervised, wine


@case("nonfinite-value")
def logarithm_of_counts(mistake: bool) -> Patient:
    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(64, 32)
            self.b = nn.Linear(32, 10)

        def forward(self, x):
            h = F.relu(self.a(x))
            h = h.log() if mistake else mg.log1p(h)
            return self.b(h)

    x, y = digits(128)
    model = Counts()
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=30)


@case("nonfinite-value")
def the_root_of_a_distance_of_zero(mistake: bool) -> Patient:
    class Prototypes(nn.Module):
        def __init__(self, centres):
            super().__init__()
            self.centres = nn.Parameter(centres)

        def forward(self, x):  # (N, D) to (N, 3): minus the distances
            squares = ((x[:, None] - self.centres) ** 2).sum(dim=-1)
            return -(squares if mistake else squares + 1e-6).sqrt()

    x, y = wine()
    first = [int(np.flatnonzero(y.numpy() == c)[0]) for c in range(3)]
    model = Prototypes(Tensor(x.numpy()[first]))  # a sample of each class, where its own distance is 0
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=30)


@case("nonfinite-value")
def softmax_by_hand_of_large_scores(mistake: bool) -> Patient:
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 16, batch_first=True)
            self.attend = nn.Linear(16, 1)
            self.out = nn.Linear(16, 2)

        def forward(self, x):
            h, _ = self.rnn(x)
            s = self.attend(h) * 900  # a temperature that is far too low
            e = mg.exp(s) if mistake else mg.exp(s - s.max(dim=1, keepdim=True).values)
            return self.out((h * e / e.sum(dim=1, keepdim=True)).sum(dim=1))

    x, y = rising(96)
    model = Scores()
    return supervised(model, F.cross_entropy, x, y, accuracy(model, x, y), steps=30)


@case("overflow-risk")
def logarithm_of_softmax(mistake: bool) -> Patient:
    x, y = digits(128)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    def loss_fn(scores, labels):
        logp = mg.log(F.softmax(scores, dim=1)) if mistake else F.log_softmax(scores, dim=1)
        return F.nll_loss(logp, labels)

    patient = supervised(model, loss_fn, x, y, accuracy(model, x, y), steps=30)
    return unlucky(patient, model)


def unlucky(patient, model):
    """The same script after a start that went wrong: scores of hundreds, as a few steps too large leave behind."""
    trained = patient.step
    done = [False]

    def step():
        if not done[0]:
            done[0] = True
            with mg.no_grad():
                for p in model.parameters():
                    p.mul_(12)
        trained()

    patient.step = step
    return patient


@case("overflow-risk")
def likelihood_by_hand(mistake: bool) -> Patient:
    x, y = cancer(128)
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 2))

    def loss_fn(scores, labels):
        picked = scores[np.arange(len(labels)), labels]
        total = scores.exp().sum(dim=1).log() if mistake else scores.logsumexp(dim=1)
        return (total - picked).mean()

    patient = supervised(model, loss_fn, x, y, accuracy(model, x, y), steps=30)
    return unlucky(patient, model)


@case("overflow-risk")
def variance_as_a_bare_exponential(mistake: bool) -> Patient:
    class Gaussian(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(10, 32)
            self.mean, self.precision = nn.Linear(32, 1), nn.Linear(32, 1)
            with mg.no_grad():
                self.precision.bias.fill_(52.0 if mistake else 0.0)

        def forward(self, x):
            h = F.tanh(self.hidden(x))
            return mg.cat([self.mean(h), self.precision(h)], dim=1)

    x, y = diabetes()
    model = Gaussian()

    def loss_fn(h, y):
        return ((y - h[:, 0]) ** 2 * h[:, 1].exp() - h[:, 1]).mean()

    class Mean(nn.Module):
        def forward(self, x):
            return model(x)[:, 0]

    return supervised(model, loss_fn, x, y, explained(Mean(), x, y), steps=60)


# --- overwritten ------------------------------------------------------------------------------------------------------
@case("in-place-damage")
def weights_scaled_after_their_use(mistake: bool) -> Patient:
    class Unit(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(64, 32)
            self.b = nn.Linear(32, 10)

        def limit(self):
            with mg.no_grad():
                self.b.weight.div_(self.b.weight.norm())

        def forward(self, x):
            if not mistake:
                self.limit()
            h = self.b(F.relu(self.a(x)))
            if mistake:
                self.limit()
            return h * 5

    x, y = digits(128)
    model = Unit()
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=30)


@case("in-place-damage")
def weights_clipped_in_the_loss(mistake: bool) -> Patient:
    x, y = cancer(128)
    model = nn.Sequential(nn.Linear(30, 16), nn.Tanh(), nn.Linear(16, 2))

    def loss_fn(scores, labels):
        if mistake:
            with mg.no_grad():
                for p in model.parameters():
                    p.clamp_(-1, 1)
        return F.cross_entropy(scores, labels)

    return supervised(model, loss_fn, x, y, lambda: confidence_of(model, x, y), steps=30)


@case("in-place-damage")
def a_parameter_changed_in_forward(mistake: bool) -> Patient:
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(13, 3)
            self.scale = nn.Parameter(mg.ones(3))

        def forward(self, x):
            if mistake:
                self.scale /= 2
                return self.layer(x) * self.scale
            return self.layer(x) * (self.scale / 2)

    x, y = wine()
    model = Scaled()
    return supervised(model, F.cross_entropy, x, y, accuracy(model, x, y), steps=30)
