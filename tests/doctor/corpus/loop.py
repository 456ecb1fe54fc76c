"""Scripts whose training step does something else than it should."""

from __future__ import annotations

from minigrad import nn, optim
from tests.doctor.patient import Patient, accuracy, case, digits


@case("no-zero-grad")
def gradients_of_all_steps_add_up(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.5)

    def step():
        if not mistake:
            optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), accuracy(model, x, y), optimizer, step, steps=12)
