"""A reader of strings as it is written for PyTorch; its test runs it on minigrad, with the import lines changed."""

import torch
from torch import nn


class Reader(nn.Module):
    """A convolution, an LSTM in both directions, and log-probabilities of letters at every step, time first."""

    def __init__(self, letters):
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 3, padding=1)
        self.lstm = nn.LSTM(8, 6, bidirectional=True, batch_first=True)
        self.head = nn.Linear(12, letters)

    def forward(self, x):
        x = torch.relu(self.conv(x)).transpose(1, 2)
        x, _ = self.lstm(x)
        return self.head(x).log_softmax(dim=-1).transpose(0, 1)


def train(model, pictures, words, input_lengths, steps):
    """The losses of some steps; words are strings of a, b, c, and 0 is the blank."""
    criterion = nn.CTCLoss(blank=0, zero_infinity=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    targets = torch.tensor(["_abc".index(letter) for word in words for letter in word])
    target_lengths = torch.tensor([len(word) for word in words])
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(pictures), targets, input_lengths, target_lengths)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def read(model, pictures):
    """What the likeliest path of each sample reads as."""
    paths = model(pictures).argmax(dim=2).transpose(0, 1).tolist()
    merged = [[label for i, label in enumerate(path) if i == 0 or path[i - 1] != label] for path in paths]
    return ["".join("_abc"[label] for label in path if label != 0) for path in merged]
