"""Training programs as they are written for PyTorch, one for each kind of loss; their test runs them on minigrad."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical


class Binary(nn.Module):
    """Yes or no, with rare yes."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
        self.criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0], dtype=torch.float64))

    def loss(self, x, y):
        return self.criterion(self.net(x).squeeze(1), (y[:, 0] > 0.5).double())


class Probability(nn.Module):
    """The same with a sigmoid in the network, and a weight for each sample."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1), nn.Sigmoid())

    def loss(self, x, y):
        target = (y[:, :1] > 0.5).to(x.dtype)
        return F.binary_cross_entropy(self.net(x), target, weight=0.5 + y[:, 1:2].abs())


class MultiLabel(nn.Module):
    """Labels that may occur together, counted by two losses."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))
        self.soft, self.margin = nn.MultiLabelSoftMarginLoss(), nn.MultiLabelMarginLoss()

    def loss(self, x, y):
        scores = self.net(x)
        lists = torch.tensor([[0, 2, -1, -1], [3, -1, -1, -1]] * (len(x) // 2))
        return self.soft(scores, (y > 0).to(x.dtype)) + 0.1 * self.margin(scores, lists)


class Segmentation(nn.Module):
    """A class for every pixel, some of which do not count."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 5, 3, padding=1)
        self.out = nn.LogSoftmax(dim=1)
        self.criterion = nn.NLLLoss(
            weight=torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0], dtype=torch.float64), ignore_index=255
        )

    def loss(self, x, y):
        target = (y.abs() * 10).long() % 5
        target = target.masked_fill(y > 1.5, 255).unsqueeze(1).repeat(1, 6, 1)
        pictures = x[:, None, :, None] * y[:, None, None, :]
        return self.criterion(self.out(self.conv(pictures)), target)


class Uncertain(nn.Module):
    """Mean and variance of numbers."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 16), nn.Tanh())
        self.mean, self.var = nn.Linear(16, 4), nn.Linear(16, 4)
        self.criterion = nn.GaussianNLLLoss(full=True)

    def loss(self, x, y):
        h = self.body(x)
        return self.criterion(self.mean(h), y, F.softplus(self.var(h)))


class Counts(nn.Module):
    """Rates of events."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(6, 4)
        self.criterion = nn.PoissonNLLLoss(log_input=True, full=True)

    def loss(self, x, y):
        return self.criterion(self.net(x), (y.abs() * 3).round())


class Robust(nn.Module):
    """Numbers with outliers, counted by three losses."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))

    def loss(self, x, y):
        out = self.net(x)
        losses = [nn.HuberLoss(delta=0.5), nn.SmoothL1Loss(beta=0.3), nn.L1Loss(reduction="sum")]
        return sum(criterion(out, y * 5) for criterion in losses)


class Margins(nn.Module):
    """A support vector machine on what a layer finds, and its two-class sister."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))
        self.criterion = nn.MultiMarginLoss(p=2, margin=0.5)

    def loss(self, x, y):
        scores = self.net(x)
        return self.criterion(scores, y.argmax(dim=1)) + F.soft_margin_loss(
            scores[:, 0], (y[:, 0] > 0).to(x.dtype) * 2 - 1
        )


class Smoothed(nn.Module):
    """Classes with smoothed labels, beside a distribution to follow."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(6, 4)

    def loss(self, x, y):
        scores = self.net(x)
        soft = F.cross_entropy(scores / 2.0, F.softmax(y / 2.0, dim=1))
        return F.cross_entropy(scores, y.argmax(1), label_smoothing=0.1, reduction="sum") / len(x) + 4.0 * soft


class Reinforce(nn.Module):
    """The score-function gradient: actions, their rewards, and a bonus for entropy."""

    def __init__(self):
        super().__init__()
        self.policy = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))

    def loss(self, x, y):
        choice = Categorical(logits=self.policy(x))
        action = y.argmax(dim=1)
        reward = y.gather(1, action.unsqueeze(1)).squeeze(1)
        advantage = (reward - reward.mean()) / (reward.std() + 1e-8)
        return -(choice.log_prob(action) * advantage).mean() - 0.01 * choice.entropy().mean()


class Regularised(nn.Module):
    """Data loss and penalties in one graph."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))

    def loss(self, x, y):
        l1 = sum(p.abs().sum() for p in self.parameters())
        l2 = sum((p**2).sum() for p in self.parameters())
        return nn.MSELoss()(self.net(x), y) + 1e-3 * l1 + 1e-2 * l2
