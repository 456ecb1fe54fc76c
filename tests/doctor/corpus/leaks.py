"""Scripts in which numbers get to samples, steps or places where they do not belong."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.students import answers, rising, supervised, text


def alone(model, x, y):
    """How many samples are recognised when they come one at a time."""

    def score():
        guesses = [int(answers(model, x[i : i + 1]).reshape(-1).argmax()) for i in range(len(y.numpy()))]
        return float(np.mean(np.array(guesses) == y.numpy()))

    return score


# --- between samples --------------------------------------------------------------------------------------------------
@case("batch-leak")
def lstm_without_batch_first(mistake: bool) -> Patient:
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 16, batch_first=not mistake)
            self.head = nn.Linear(16, 2)

        def forward(self, x):  # (N, T, 3)
            h, _ = self.lstm(x)
            return self.head(h[:, -1])

    x, y = rising(96)
    model = Reader()
    return supervised(model, nn.CrossEntropyLoss(), x, y, alone(model, x, y), lr=5e-3, steps=25)


@case("batch-leak")
def attention_without_batch_first(mistake: bool) -> Patient:
    class Sets(nn.Module):
        def __init__(self):
            super().__init__()
            self.into = nn.Linear(2, 16)
            self.attention = nn.MultiheadAttention(16, 2, batch_first=not mistake)
            self.head = nn.Linear(16, 2)

        def forward(self, x):  # (N, points, 2)
            h = F.relu(self.into(x))
            h = h + self.attention(h, h, h)[0]
            return self.head(h.max(dim=1).values)

    generator = np.random.default_rng(4)
    y = generator.integers(0, 2, 64)
    centres = generator.normal(size=(64, 1, 2)) * 2
    spread = np.where(y == 1, 1.5, 0.4)[:, None, None]  # points of one set lie close together, or not
    x = Tensor((centres + spread * generator.normal(size=(64, 6, 2))).astype("f"))
    labels = Tensor(y)
    model = Sets()
    return supervised(model, F.cross_entropy, x, labels, alone(model, x, labels), steps=60)


@case("batch-leak")
def normalised_over_the_batch_by_hand(mistake: bool) -> Patient:
    class Normalised(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(64, 32)
            self.second = nn.Linear(32, 10)

        def forward(self, x):
            h = self.first(x)
            dim = 0 if mistake else 1
            h = (h - h.mean(dim=dim, keepdim=True)) / (h.std(dim=dim, keepdim=True, correction=0) + 1e-5)
            return self.second(F.relu(h))

    x, y = digits(128)
    model = Normalised()
    return supervised(model, nn.CrossEntropyLoss(), x, y, alone(model, x, y), steps=40)


# --- from the future --------------------------------------------------------------------------------------------------
class Attention(nn.Module):
    """A small transformer that reads characters: (B, T) to (B, T, C)."""

    def __init__(self, known, causal, width=16):
        super().__init__()
        self.embed = nn.Embedding(known, width)
        self.positions = nn.Parameter(0.1 * mg.randn(16, width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.mix = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, known)
        self.causal = causal

    def forward(self, x):
        h = self.embed(x) + self.positions[: x.shape[1]]
        q, k, v = self.qkv(h).chunk(3, dim=-1)
        h = h + F.relu(self.mix(F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)))
        return self.head(self.norm(h))


def by_characters(scores, labels):
    """Cross-entropy over all steps of all samples."""
    return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), labels.reshape(-1))


def writing(model, x, y):
    """How many characters are foretold when only those before them are there, as in use."""

    def score():
        right = [(answers(model, x[:, :t])[:, -1].argmax(-1) == y.numpy()[:, t - 1]).mean() for t in (2, 5, 8, 11)]
        return float(np.mean(right))

    return score


@case("future-leak")
def attention_without_a_mask(mistake: bool) -> Patient:
    x, y, known = text()
    model = Attention(known, causal=not mistake)
    return supervised(model, by_characters, x, y, writing(model, x, y), steps=70)


@case("future-leak")
def a_bidirectional_language_model(mistake: bool) -> Patient:
    class Language(nn.Module):
        def __init__(self, known):
            super().__init__()
            self.embed = nn.Embedding(known, 12)
            self.rnn = nn.GRU(12, 16, batch_first=True, bidirectional=mistake)
            self.head = nn.Linear(32 if mistake else 16, known)

        def forward(self, x):
            return self.head(self.rnn(self.embed(x))[0])

    x, y, known = text()
    model = Language(known)
    return supervised(model, by_characters, x, y, writing(model, x, y), steps=60)


@case("future-leak")
def targets_that_were_not_shifted(mistake: bool) -> Patient:
    x, y, known = text()
    model = nn.Sequential(nn.Embedding(known, 24), nn.ReLU(), nn.Linear(24, known))
    score = lambda: float((answers(model, x).argmax(-1) == y.numpy()).mean())  # noqa: E731
    return supervised(model, by_characters, x, x if mistake else y, score, steps=30)


@case("future-leak")
def a_forecast_padded_on_both_sides(mistake: bool) -> Patient:
    class Forecast(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Conv1d(1, 12, 3, padding=1 if mistake else 0)
            self.b = nn.Conv1d(12, 1, 1)

        def forward(self, x):  # (N, T)
            h = x.unsqueeze(1)
            h = self.a(h if mistake else F.pad(h, (2, 0)))
            return self.b(F.tanh(h)).squeeze(1)

    generator = np.random.default_rng(5)
    phases, speeds = generator.uniform(0, 6, (48, 1)), generator.uniform(0.3, 0.9, (48, 1))
    series = np.sin(phases + speeds * np.arange(17)).astype("f")
    x, y = Tensor(series[:, :-1]), Tensor(series[:, 1:])
    model = Forecast()

    def score():  # the last step of what is known so far
        return -float(np.mean([(answers(model, x[:, :t])[:, -1] - series[:, t]) ** 2 for t in (5, 9, 13)]))

    return supervised(model, nn.MSELoss(), x, y, score, steps=80)


# --- scrambled --------------------------------------------------------------------------------------------------------
@case("scrambled-reshape")
def heads_without_a_transpose(mistake: bool) -> Patient:
    class Heads(nn.Module):
        def __init__(self, known, width=18, heads=3):
            super().__init__()
            self.heads = heads
            self.embed = nn.Embedding(known, width)
            self.positions = nn.Parameter(0.1 * mg.randn(16, width))
            self.qkv = nn.Linear(width, 3 * width, bias=False)
            self.mix = nn.Linear(width, width)
            self.out = nn.Linear(width, known)

        def split(self, h):
            b, t, d = h.shape
            if mistake:
                return h.reshape(b, self.heads, t, d // self.heads)
            return h.reshape(b, t, self.heads, d // self.heads).transpose(1, 2)

        def forward(self, x):
            h = self.embed(x) + self.positions[: x.shape[1]]
            q, k, v = (self.split(part) for part in self.qkv(h).chunk(3, dim=-1))
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, heads, T, D / heads)
            b, _, t, _ = mixed.shape
            mixed = mixed.reshape(b, t, -1) if mistake else mixed.transpose(1, 2).reshape(b, t, -1)
            return self.out(h + F.relu(self.mix(mixed)))

    x, y, known = text()
    model = Heads(known)
    return supervised(model, by_characters, x, y, writing(model, x, y), steps=60)


@case("scrambled-reshape")
def samples_and_steps_swapped_by_view(mistake: bool) -> Patient:
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(3, 16)  # wants (T, N, 3)
            self.head = nn.Linear(16, 2)

        def forward(self, x):  # (N, T, 3)
            n, t, d = x.shape
            x = x.reshape(t, n, d) if mistake else x.permute(1, 0, 2)
            return self.head(self.rnn(x)[0][-1])

    x, y = rising(96)
    model = Reader()
    return supervised(model, F.cross_entropy, x, y, accuracy(model, x, y), lr=5e-3, steps=25)


@case("scrambled-reshape")
def channels_first_by_reshape(mistake: bool) -> Patient:
    class Sensors(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(3, 12, 3)
            self.head = nn.Linear(12, 3)

        def forward(self, x):  # (N, T, 3), as tables are read
            n, t, c = x.shape
            x = x.reshape(n, c, t) if mistake else x.permute(0, 2, 1)
            return self.head(F.relu(self.conv(x)).mean(dim=2))

    generator = np.random.default_rng(6)
    y = generator.integers(0, 3, 128)  # which of three sensors swings?
    swing = np.sin(generator.uniform(0, 6, (128, 1)) + 0.8 * np.arange(16))
    table = 0.3 * generator.normal(size=(128, 16, 3))
    table[np.arange(128), :, y] += 1.5 * swing
    x, labels = Tensor(table.astype("f")), Tensor(y)
    model = Sensors()
    return supervised(model, nn.CrossEntropyLoss(), x, labels, accuracy(model, x, labels), steps=60)
