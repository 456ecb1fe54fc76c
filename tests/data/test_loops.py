"""Loops as PyTorch users write them, with their import lines changed; and the notes' forms of gradient descent."""

from __future__ import annotations

import random

import numpy as np
import pytest

import minigrad as torch
import minigrad.nn as nn
import minigrad.nn.functional as F
import minigrad.optim as optim
from minigrad.data import readers, transforms
from minigrad.optim.lr_scheduler import StepLR
from minigrad.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split
from minigrad.utils.data.dataloader import default_collate
from minigrad.utils.data.sampler import SubsetRandomSampler


# --- MNIST's main.py in shape, on scikit-learn's digits ---------------------------------------------------------------
class Digits(Dataset):
    def __init__(self, train, transform=None):
        table = readers.load_digits()
        part = slice(0, 1500) if train else slice(1500, None)
        self.data, self.targets = table.inputs[part, 0].astype(np.uint8) * 15, table.targets[part]
        self.transform = transform

    def __getitem__(self, index):
        image, target = self.data[index], int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        return image, target

    def __len__(self):
        return len(self.data)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1)
        self.dropout1 = nn.Dropout(0.1)
        self.fc1 = nn.Linear(72, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = self.dropout1(torch.flatten(x, 1))
        return F.log_softmax(self.fc1(x), dim=1)


def train(model, device, train_loader, optimizer):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = F.nll_loss(output, target)
        loss.backward()
        optimizer.step()
        assert batch_idx * len(data) < len(train_loader.dataset)
    return loss.item()


def test(model, device, test_loader):
    model.eval()
    test_loss = 0
    correct = 0
    with torch.no_grad():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    return test_loss / len(test_loader.dataset), correct / len(test_loader.dataset)


test.__test__ = False  # PyTorch's name for it


@pytest.mark.plain  # in processes of workers there are no kernels, whose last digits differ
def test_mnists_main_py(tmp_path):
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")

    def run(**options):
        torch.manual_seed(1)
        device = "cpu"
        train_kwargs = {"batch_size": 64, "pin_memory": True, "shuffle": True, **options}
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
        train_loader = torch.utils.data.DataLoader(Digits(train=True, transform=transform), **train_kwargs)
        test_loader = torch.utils.data.DataLoader(Digits(train=False, transform=transform), batch_size=200, **options)
        model = Net().to(device)
        optimizer = optim.Adadelta(model.parameters(), lr=1.0)
        scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
        losses = []
        for _ in range(5):
            losses.append(train(model, device, train_loader, optimizer))
            found = test(model, device, test_loader)
            scheduler.step()
        assert scheduler.get_last_lr() == pytest.approx([0.7**5])
        torch.save(model.state_dict(), tmp_path / "mnist_cnn.pt")
        return losses, found

    losses, (loss, accuracy) = run(num_workers=1)
    assert accuracy > 0.8 and loss < 0.9
    assert run(num_workers=2, multiprocessing_context="thread", persistent_workers=True) == (losses, (loss, accuracy))
    assert run() == (losses, (loss, accuracy)), "bit for bit, whatever the number of workers"
    pytest.importorskip("safetensors", reason="files are read with safetensors")
    model = Net()
    model.load_state_dict(torch.load(tmp_path / "mnist_cnn.pt", weights_only=True, map_location="cpu"))
    images = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    assert test(model, "cpu", DataLoader(Digits(train=False, transform=images), 200)) == (loss, accuracy)


def seed_worker(worker_id):
    worker_seed = torch.initial_seed() % 2**32
    np.random.seed(worker_seed)  # noqa: NPY002 - the recipe of PyTorch's page on reproducibility
    random.seed(worker_seed)


def test_other_idioms():
    data = TensorDataset(torch.randn(30, 4), torch.randint(0, 3, (30,)))
    g = torch.Generator()
    g.manual_seed(0)
    loader = DataLoader(data, batch_size=8, num_workers=2, worker_init_fn=seed_worker, generator=g, shuffle=True)
    total = sum(len(y) for _, y in loader)
    assert total == 30 == len(loader.dataset) and len(loader) == 4
    inputs, classes = next(iter(loader))
    assert inputs.shape == (8, 4) and classes.dtype == torch.int64
    training, validation = random_split(data, [24, 6], generator=torch.Generator().manual_seed(42))
    assert isinstance(training, Subset) and len(validation) == 6
    folds = np.array_split(torch.randperm(30).numpy(), 3)
    assert sum(len(x) for x, _ in DataLoader(data, 7, sampler=SubsetRandomSampler(folds[0]))) == 10
    padded = DataLoader(
        [[1, 2], [3]], 2, collate_fn=lambda rows: torch.tensor([row + [0] * (2 - len(row)) for row in rows])
    )
    assert next(iter(padded)).tolist() == [[1, 2], [3, 0]]
    doubled = DataLoader(data, 5, collate_fn=lambda batch: [2 * part for part in default_collate(batch)])
    assert next(iter(doubled))[1].tolist() == (2 * data[:5][1]).tolist()
    batch = [t.to("cpu", non_blocking=True) for t in next(iter(DataLoader(data, 4)))]
    assert batch[0].size(0) == 4 and (data + data)[31][1].item() == data[1][1].item()


# --- gradient descent in all forms ------------------------------------------------------------------------------------
COUNT = 24
FORMS = {
    "full batch": ({"batch_size": COUNT}, 1),
    "stochastic": ({"batch_size": 1, "shuffle": True}, COUNT),
    "mini-batch": ({"batch_size": 6}, COUNT // 6),
    "mini-batch stochastic": ({"batch_size": 6, "shuffle": True}, COUNT // 6),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_gradient_descent_is_the_same_loop(form):
    """Each against the form written out in NumPy, by the same order of samples."""
    options, steps = FORMS[form]
    draw = np.random.default_rng(0)
    x = draw.standard_normal((COUNT, 3))
    y = x @ np.array([[1.0], [-2.0], [0.5]]) + 0.01 * draw.standard_normal((COUNT, 1))
    loader = DataLoader(TensorDataset(x, y), generator=np.random.default_rng(7), **options)
    weights = torch.zeros(3, 1, dtype=torch.float64).requires_grad_()
    optimizer = optim.SGD([weights], lr=0.05)
    by_hand, order = np.zeros((3, 1)), np.random.default_rng(7)
    count = 0
    for _ in range(30):
        for inputs, targets in loader:
            optimizer.zero_grad()
            F.mse_loss(inputs @ weights, targets).backward()
            optimizer.step()
            count += 1
        indices = order.permutation(COUNT) if options.get("shuffle") else np.arange(COUNT)
        for some in np.split(indices, steps):
            error = x[some] @ by_hand - y[some]
            by_hand -= 0.05 * 2 * x[some].T @ error / len(some)
    assert count == 30 * steps == 30 * len(loader)
    np.testing.assert_allclose(weights.detach().numpy(), by_hand, rtol=1e-9)
    if form != "full batch":
        np.testing.assert_allclose(by_hand[:, 0], [1, -2, 0.5], atol=0.05)
