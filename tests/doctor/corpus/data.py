"""Scripts whose inputs are not what a network can learn from."""

from __future__ import annotations

import numpy as np

from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.students import answers, cancer, diabetes, explained, rising, scaled, supervised


# --- not finite -------------------------------------------------------------------------------------------------------
@case("nonfinite-input")
def a_missing_value_in_the_table(mistake: bool) -> Patient:
    clean, y = cancer()
    table = clean.numpy().copy()
    if mistake:
        table[17, 3] = np.nan
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 2))
    return supervised(model, nn.CrossEntropyLoss(), Tensor(table), y, accuracy(model, clean, y), steps=30)


@case("nonfinite-input")
def scaled_by_a_spread_of_zero(mistake: bool) -> Patient:
    from minigrad.data.readers import load_digits

    images, labels = load_digits().tensors
    pixels = images.reshape(-1, 64)[:128]
    spread = pixels.std(axis=0)  # the pixels in the corners are always 0
    with np.errstate(all="ignore"):
        x = (pixels - pixels.mean(axis=0)) / (spread if mistake else np.maximum(spread, 1e-3))
    x, y = Tensor(x.astype("f").reshape(-1, 1, 8, 8)), Tensor(labels[:128])
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), lr=3e-3, steps=25)


# --- always the same --------------------------------------------------------------------------------------------------
@case("constant-input")
def pixels_divided_by_an_integer(mistake: bool) -> Patient:
    from minigrad.data.readers import load_digits

    images, labels = load_digits().tensors
    pixels = images.reshape(-1, 64)[:128].astype(np.int64)
    wrong, right = (pixels // 255).astype("f"), (pixels / 16).astype("f")
    y = Tensor(labels[:128])
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    x = Tensor(wrong if mistake else right)
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, Tensor(right), y), steps=50)


@case("constant-input")
def one_sample_read_again_and_again(mistake: bool) -> Patient:
    x, y = diabetes(128)
    rows = x.numpy()
    read = np.stack([rows[0 if mistake else i] for i in range(len(rows))])
    model = nn.Sequential(nn.Linear(10, 24), nn.Tanh(), nn.Linear(24, 1), nn.Flatten(0))
    return supervised(model, nn.MSELoss(), Tensor(read), y, explained(model, x, y), steps=60)


# --- scale of the inputs ----------------------------------------------------------------------------------------------
@case("unnormalized-input")
def raw_measurements_of_tumours(mistake: bool) -> Patient:
    from sklearn.datasets import load_breast_cancer

    raw, labels = load_breast_cancer(return_X_y=True)
    raw, y = raw[:256].astype("f"), Tensor(labels[:256].astype(np.int64))
    x = Tensor(raw if mistake else scaled(raw))
    model = nn.Sequential(nn.Linear(30, 16), nn.Tanh(), nn.Linear(16, 2))
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), lr=3e-3, steps=60)


@case("unnormalized-input")
def raw_measurements_of_wines(mistake: bool) -> Patient:
    from sklearn.datasets import load_wine

    raw, labels = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(raw))
    raw, y = raw[order].astype("f"), Tensor(labels[order].astype(np.int64))
    x = Tensor(raw if mistake else scaled(raw))
    model = nn.Sequential(nn.Linear(13, 24), nn.ReLU(), nn.Linear(24, 3))
    return supervised(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), lr=3e-3, steps=60)


@case("unnormalized-input")
def pressures_around_a_thousand(mistake: bool) -> Patient:
    x, y = rising(96)
    values = x.numpy() if not mistake else x.numpy() * 8 + 1013
    series = Tensor(values.astype("f"))

    class Forecast(nn.Module):
        def __init__(self):
            self.rnn = nn.RNN(3, 16, batch_first=True)
            self.head = nn.Linear(16, 2)

        def forward(self, x):
            return self.head(self.rnn(x)[0][:, -1])

    model = Forecast()
    return supervised(model, F.cross_entropy, series, y, accuracy(model, series, y), lr=5e-3, steps=40)


# --- scale of the targets ---------------------------------------------------------------------------------------------
@case("unnormalized-target")
def progression_of_an_illness_as_it_was_measured(mistake: bool) -> Patient:
    from sklearn.datasets import load_diabetes

    raw, measured = load_diabetes(return_X_y=True)
    x, measured = Tensor(scaled(raw)[:256]), measured[:256].astype("f")
    mean, spread = measured.mean(), measured.std()
    y = Tensor(measured if mistake else (measured - mean) / spread)
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
    score = explained(model, x, Tensor(measured), back=(lambda h: h) if mistake else (lambda h: h * spread + mean))
    return supervised(model, nn.MSELoss(), x, y, score, lr=3e-3, steps=80)


@case("unnormalized-target")
def prices_in_cents(mistake: bool) -> Patient:
    x, z = diabetes(200)
    prices = (z.numpy() * 80_000 + 300_000).astype("f")

    class Prices(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(10, 16)
            self.out = nn.Linear(16, 1)

        def forward(self, x):
            return self.out(F.tanh(self.hidden(x))).squeeze(1)

    model = Prices()
    y = Tensor(prices if mistake else (prices - 300_000) / 80_000)
    score = explained(model, x, Tensor(prices), back=lambda h: h if mistake else h * 80_000 + 300_000)
    return supervised(model, nn.L1Loss(), x, y, score, steps=60)


# --- shares of the classes --------------------------------------------------------------------------------------------
def balanced(model, x, y):
    """The mean over the classes of how many of each are recognised."""

    def score():
        h = answers(model, x)
        guess = h.argmax(1) if h.ndim == 2 and h.shape[1] > 1 else (h.reshape(-1) > 0).astype(int)
        labels = y.numpy().reshape(-1)
        return float(np.mean([(guess[labels == c] == c).mean() for c in np.unique(labels)]))

    return score


@case("class-imbalance")
def rare_fraud_without_a_weight(mistake: bool) -> Patient:
    generator = np.random.default_rng(3)
    y = (np.arange(300) % 20 == 0).astype("f")
    x = generator.normal(size=(300, 4)).astype("f") + 1.1 * y[:, None].astype("f")
    x, y = Tensor(x), Tensor(y)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=None if mistake else Tensor(19.0))
    return supervised(model, loss_fn, x, y, balanced(model, x, y), lr=2e-2, steps=30)


@case("class-imbalance")
def nearly_all_samples_of_one_digit(mistake: bool) -> Patient:
    x, y = digits(512)
    labels = y.numpy()
    rare = np.flatnonzero((labels == 8) | (labels == 9))[:12]
    common = np.repeat(np.flatnonzero(labels == 3), 4)
    keep = np.concatenate([common, rare])
    codes = np.select([labels == 3, labels == 8], [0, 1], 2)
    x, y = Tensor(x.numpy()[keep]), Tensor(codes[keep])
    model = nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 3))
    counts = np.bincount(codes[keep])
    weight = None if mistake else Tensor((len(keep) / 3 / counts).astype("f"))
    return supervised(model, nn.CrossEntropyLoss(weight=weight), x, y, balanced(model, x, y), lr=1e-3, steps=30)


def in_batches(model, loss_fn, x, y, score, order, size=32, steps=64):
    """A script that goes through the data in an order, again and again, and is diagnosed with its first batch."""
    optimizer = optim.SGD(model.parameters(), lr=0.3)
    place = [0]

    def step():
        rows = order[place[0] : place[0] + size]
        place[0] = (place[0] + size) % (len(order) - size + 1)
        optimizer.zero_grad()
        loss_fn(model(x[rows]), y[rows]).backward()
        optimizer.step()

    first = order[:size]
    return Patient(model, loss_fn, (x[first], y[first]), score, optimizer, step, steps=steps)


@case("single-class-batch")
def sorted_digits_without_shuffle(mistake: bool) -> Patient:
    x, y = digits(512)
    order = np.argsort(y.numpy(), kind="stable") if mistake else np.random.default_rng(0).permutation(512)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    return in_batches(model, nn.CrossEntropyLoss(), x, y, accuracy(model, x, y), order)


@case("single-class-batch")
def pictures_in_folders_of_classes(mistake: bool) -> Patient:
    pixels, y = digits(384)
    x = pixels.reshape(-1, 1, 8, 8)
    order = np.argsort(y.numpy(), kind="stable") if mistake else np.random.default_rng(1).permutation(384)
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(54, 10))
    return in_batches(model, F.cross_entropy, x, y, accuracy(model, x, y), order, size=24)
