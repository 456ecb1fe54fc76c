"""Scripts whose model returns what their loss does not expect."""

from __future__ import annotations

from minigrad import nn, optim
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits


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
