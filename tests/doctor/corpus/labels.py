"""Scripts whose targets do not fit the model, the loss or the inputs."""

from __future__ import annotations

import numpy as np

from minigrad import Tensor, nn
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.students import answers, cancer, diabetes, explained, rising, supervised, text, wine


# --- labels that are no class -----------------------------------------------------------------------------------------
@case("label-range")
def nine_outputs_for_ten_digits(mistake: bool) -> Patient:
    x, y = digits(128)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 9 if mistake else 10))
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), steps=30)


@case("label-range")
def codes_of_growers_as_labels(mistake: bool) -> Patient:
    x, y = wine()
    codes = np.array([1010, 2040, 3070])[y.numpy()]
    labels = Tensor(codes if mistake else np.unique(codes, return_inverse=True)[1])
    model = nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 3))
    return supervised(model, F.cross_entropy, x, labels, accuracy(model, x, y), steps=40)


@case("label-range")
def a_vocabulary_that_is_too_small(mistake: bool) -> Patient:
    x, y, known = text()

    class Language(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(26 if mistake else known, 16)
            self.rnn = nn.LSTM(16, 24, batch_first=True)
            self.head = nn.Linear(24, known)

        def forward(self, x):
            return self.head(self.rnn(self.embed(x))[0]).transpose(1, 2)

    model = Language()
    score = lambda: float((answers(model, x).argmax(1) == y.numpy()).mean())  # noqa: E731
    return supervised(model, nn.CrossEntropyLoss(), x, y, score, steps=30)


@case("label-range")
def answers_of_minus_one_and_one(mistake: bool) -> Patient:
    x, y = cancer()
    signs = y.float() * 2 - 1
    model = nn.Sequential(nn.Linear(30, 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))

    def score():  # the share of right answers, less a little for every unit of size: scores that run away are no use
        h = answers(model, x)
        return float(((h > 0) == (y.numpy() == 1)).mean()) - float(np.logaddexp(0, np.abs(h).max())) / 100

    return supervised(model, nn.BCEWithLogitsLoss(), x, signs if mistake else y.float(), score)


@case("label-offset")
def classes_from_one_to_ten(mistake: bool) -> Patient:
    pixels, y = digits(128)
    x = pixels.reshape(-1, 1, 8, 8)
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 10))
    return supervised(model, nn.CrossEntropyLoss(), x, y + 1 if mistake else y, accuracy(model, x, y), steps=25)


@case("label-offset")
def a_loss_by_hand_with_labels_from_minus_one(mistake: bool) -> Patient:
    x, y = wine()
    labels = y - 1 if mistake else y

    def loss_fn(scores, labels):
        logp = F.log_softmax(scores, dim=1)
        return -logp[np.arange(len(labels)), labels].mean()  # -1 takes the last class, without a word

    model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
    return supervised(model, loss_fn, x, labels, accuracy(model, x, y), steps=40)


@case("label-offset")
def answers_of_one_and_two(mistake: bool) -> Patient:
    x, y = rising(96)

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(3, 8, 3)
            self.out = nn.Linear(8, 1)

        def forward(self, x):
            h = F.relu(self.conv(x.transpose(1, 2)))
            return self.out(h.max(dim=2).values).squeeze(1)

    model = Detector()
    target = y.float() + 1 if mistake else y.float()
    score = lambda: float(((answers(model, x) > 0) == (y.numpy() == 1)).mean())  # noqa: E731
    return supervised(model, F.binary_cross_entropy_with_logits, x, target, score, steps=40)


# --- shapes -----------------------------------------------------------------------------------------------------------
@case("target-broadcast")
def squared_error_by_hand(mistake: bool) -> Patient:
    x, y = diabetes()
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))

    def loss_fn(prediction, target):
        return ((prediction - target) ** 2).mean()

    return supervised(model, loss_fn, x, y if mistake else y.unsqueeze(1), explained(model, x, y))


@case("target-broadcast")
def absolute_error_with_a_column_of_targets(mistake: bool) -> Patient:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(10, 24)
            self.b = nn.Linear(24, 1)

        def forward(self, x):
            return self.b(F.relu(self.a(x))).squeeze()

    def mean_absolute_error(output, target):
        return abs(output - target).mean()

    x, y = diabetes()
    model = Net()
    return supervised(model, mean_absolute_error, x, y.reshape(-1, 1) if mistake else y, explained(model, x, y))


@case("target-broadcast")
def cross_entropy_by_hand(mistake: bool) -> Patient:
    x, y = cancer(128)
    model = nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())

    def loss_fn(p, target):
        p = p.clamp(1e-6, 1 - 1e-6)
        return -(target * p.log() + (1 - target) * (1 - p).log()).mean()

    target = y.float() if mistake else y.float().reshape(-1, 1)
    score = lambda: float(((answers(model, x)[:, 0] > 0.5) == (y.numpy() == 1)).mean())  # noqa: E731
    return supervised(model, loss_fn, x, target, score)


@case("target-broadcast")
def a_column_for_mse_loss(mistake: bool) -> Patient:
    x, y = diabetes(128)
    model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))
    return supervised(model, nn.MSELoss(), x, y if mistake else y[:, None], explained(model, x, y), steps=30)


@case("target-broadcast")
def a_column_of_labels(mistake: bool) -> Patient:
    x, y = digits(128)
    model = nn.Sequential(nn.Linear(64, 10))
    target = y.reshape(-1, 1) if mistake else y
    return supervised(model, nn.CrossEntropyLoss(), x, target, accuracy(model, x, y), steps=30)


# --- labels of other samples ------------------------------------------------------------------------------------------
@case("shuffled-labels")
def only_the_pictures_were_shuffled(mistake: bool) -> Patient:
    x, y = digits(400)
    order = np.random.default_rng(0).permutation(300)
    inputs = x.numpy()[order]
    targets = y.numpy()[:300] if mistake else y.numpy()[order]
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
    score = accuracy(model, x[300:], y[300:])
    return supervised(model, nn.CrossEntropyLoss(), Tensor(inputs), Tensor(targets), score, steps=40)


@case("shuffled-labels")
def targets_sorted_apart_from_inputs(mistake: bool) -> Patient:
    x, y = diabetes(300)
    generator = np.random.default_rng(1)
    targets = y.numpy()[:200][generator.permutation(200)] if mistake else y.numpy()[:200]
    model = nn.Sequential(nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1), nn.Flatten(0))
    score = explained(model, x[200:], y[200:])
    return supervised(model, nn.MSELoss(), x[:200], Tensor(targets), score, lr=3e-3, steps=40)


@case("shuffled-labels")
def one_row_was_dropped_from_the_labels(mistake: bool) -> Patient:
    pixels, labels = digits(301)
    order = np.random.default_rng(0).permutation(301)
    pixels, labels = pixels[order], labels[order]
    x = pixels.reshape(-1, 1, 8, 8)[:200]
    y = labels[1:201] if mistake else labels[:200]
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10))
    test = pixels.reshape(-1, 1, 8, 8)[200:300]
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, test, labels[200:300]), steps=50)
