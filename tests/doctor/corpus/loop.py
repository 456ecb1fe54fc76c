"""Scripts whose training step does something else than it should."""

from __future__ import annotations

import copy

from minigrad import nn, optim
from minigrad.nn import functional as F
from tests.doctor.patient import Patient, accuracy, case, digits
from tests.doctor.tables import adding, cancer, diabetes, fit, right, wine


@case("no-zero-grad")
def gradients_of_all_steps_add_up(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step():
        if not mistake:
            optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("no-zero-grad")
def zero_grad_of_another_model(mistake: bool) -> Patient:
    x, y = diabetes()
    old = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1))
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.5)

    def step():
        (old if mistake else model).zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=60)


@case("no-zero-grad")
def zero_grad_once_before_the_loop(mistake: bool) -> Patient:
    x, _ = digits(128)
    model = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 64))
    loss_fn = nn.MSELoss()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    optimizer.zero_grad()

    def step():
        loss = loss_fn(model(x), x)
        loss.backward()
        optimizer.step()
        if not mistake:
            optimizer.zero_grad()

    return Patient(model, loss_fn, (x, x), fit(model, x, x), optimizer, step, steps=60)


@case("no-step")
def step_was_forgotten(mistake: bool) -> Patient:
    x, y = wine()
    model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        if not mistake:
            optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=50)


@case("no-step")
def zero_grad_between_backward_and_step(mistake: bool) -> Patient:
    x, y = adding()

    class Adder(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(2, 16, batch_first=True)
            self.head = nn.Linear(16, 1)

        def forward(self, x):
            states, _ = self.gru(x)
            return self.head(states[:, -1])

    model = Adder()
    optimizer = optim.Adam(model.parameters(), lr=0.02)

    def step():
        if not mistake:
            optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        if mistake:
            optimizer.zero_grad()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=80)


@case("no-step")
def backward_was_forgotten(mistake: bool) -> Patient:
    x, y = cancer()
    model = nn.Linear(30, 1)
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []

    def step():
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        losses.append(loss.item())
        if not mistake:
            loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), right(model, x, y), optimizer, step, steps=50)


@case("parameter-not-optimized")
def the_optimizer_has_the_head_only(mistake: bool) -> Patient:
    x, y = digits()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(64, 6)
            self.second = nn.Linear(6, 6)
            self.head = nn.Linear(6, 10)

        def forward(self, x):
            return self.head(F.relu(self.second(F.relu(self.first(x)))))

    model = Net()
    optimizer = optim.Adam((model.head if mistake else model).parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=120)


@case("parameter-not-optimized")
def the_head_was_replaced_after_the_optimizer_was_made(mistake: bool) -> Patient:
    x, y = wine()
    model = nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 7))
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    model[4] = nn.Linear(16, 3)
    if not mistake:
        optimizer = optim.SGD(model.parameters(), lr=0.05)
    loss_fn = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), lambda: -loss_fn(model(x), y).item(), optimizer, step, steps=60)


@case("parameter-not-optimized")
def the_optimizer_has_the_model_before_it_was_copied(mistake: bool) -> Patient:
    x, y = diabetes()
    prototype = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 1))
    model = copy.deepcopy(prototype)
    optimizer = optim.Adam((prototype if mistake else model).parameters(), lr=0.01)
    loss_fn = nn.MSELoss()

    def step():
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()

    return Patient(model, loss_fn, (x, y), fit(model, x, y), optimizer, step, steps=60)


@case("parameter-not-optimized")
def an_optimizer_without_the_decoder(mistake: bool) -> Patient:
    x, _ = digits()

    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(64, 24), nn.Tanh(), nn.Linear(24, 8))
            self.decoder = nn.Sequential(nn.Linear(8, 24), nn.Tanh(), nn.Linear(24, 64))

        def forward(self, x):
            return self.decoder(self.encoder(x))

    model = Autoencoder()
    parameters = list(model.encoder.parameters())
    if not mistake:
        parameters += list(model.decoder.parameters())
    optimizer = optim.Adam(parameters, lr=0.01)

    def step():
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), x)
        loss.backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, x), fit(model, x, x), optimizer, step, steps=80)


@case("parameter-frozen")
def everything_is_frozen_but_the_bias(mistake: bool) -> Patient:
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    if mistake:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = "bias" in name
    optimizer = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)


@case("parameter-frozen")
def the_new_base_was_frozen_as_if_it_were_trained(mistake: bool) -> Patient:
    x, y = adding()

    class Adder(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(2, 12, batch_first=True)
            self.head = nn.Linear(12, 1)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    model = Adder()
    if mistake:
        model.lstm.requires_grad_(False)
    optimizer = optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.02)

    def step():
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.mse_loss, (x, y), fit(model, x, y), optimizer, step, steps=100)


@case("parameter-frozen")
def frozen_head(mistake: bool) -> Patient:
    x, y = wine()
    model = nn.Sequential(nn.Linear(13, 24), nn.ReLU(), nn.Linear(24, 3))
    for parameter in (model[2] if mistake else model[0]).parameters():
        parameter.requires_grad = False
    if mistake:
        model[0].requires_grad_(False)
    optimizer = optim.SGD(model.parameters(), lr=0.2)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        if loss.requires_grad:
            loss.backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), accuracy(model, x, y), optimizer, step, steps=60)
