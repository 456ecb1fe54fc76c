"""Choosing one's own other half among many is a classification: InfoNCE, its chance level, CLIP's loss, temperature.

    python examples/two_views.py             tables and pictures, in runs/two_views
    python examples/two_views.py --quick
    python examples/two_views.py --help

Checked here: InfoNCE is the cross-entropy of a softmax over one positive and N - 1 negatives, with chance level log N;
its generalisation to a matrix of similarities takes every row, and the symmetric loss the mean of rows and columns, as
CLIP does for images and texts. (The notes call it "a binary classifier"; it is one of N classes.) The two views are the
left and the right half of real digits. And the temperature: it says how many negatives the gradient is made of.

Expected (base seeds 0 to 9 in quick mode, 0 in full mode): among 360 right halves, held out, a left half finds its own
first in 21 to 25 % of the cases, where chance is 0.28 %, and one of the same digit in 85 to 89 %, where it is 10 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, no_grad, optim
from minigrad.data.readers import load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#777777"
HELD_OUT, BATCH, WIDTH = 360, 256, 32
TEMPERATURES = (0.01, 0.05, 0.2, 1.0, 5.0)
CANDIDATES = (2, 8, 32, 128, 360)


class Halves(nn.Module):
    """A network for left halves and one for right halves; both give vectors (B, 32) of length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = (
            nn.Sequential(nn.Flatten(), nn.Linear(32, 256), nn.ReLU(), nn.Linear(256, WIDTH)) for _ in range(2)
        )

    def forward(self, images: Any) -> tuple[Tensor, Tensor]:
        """The vectors of both halves of images (B, 8, 8)."""
        images = Tensor(images)
        return F.normalize(self.left(images[:, :, :4]), dim=1), F.normalize(self.right(images[:, :, 4:]), dim=1)


def train(
    images: Any, steps: int, generator: np.random.Generator, temperature: float | None = None
) -> tuple[Any, float]:
    """Networks for halves, and the temperature: learned, as in CLIP, where none is given."""
    model, criterion = Halves(), nn.CLIPLoss()
    learned = criterion.parameters() if temperature is None else []
    optimizer = optim.Adam([*model.parameters(), *learned], lr=2e-3)
    schedule = lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        batch = images[generator.choice(len(images), BATCH, replace=False)]
        left, right = model(batch + 0.1 * generator.standard_normal(batch.shape, np.float32))
        loss = criterion(left, right) if temperature is None else F.clip_loss(left, right, 1 / temperature)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    if temperature is None:
        temperature = math.exp(-criterion.logit_scale.item())
    return model, temperature


def vectors_of(model: Halves, images: Any) -> tuple[Any, Any]:
    """Those of both halves, as arrays."""
    with no_grad():
        left, right = model(images)
    return left.numpy(), right.numpy()


def differences(left: Any, right: Any, temperature: float) -> dict[str, float]:
    """How far the losses are from the cross-entropies that they should be, in float64."""
    left, right = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in np.float64([left, right]))
    scores, count = Tensor(left @ right.T / temperature), len(left)
    rows, columns = (F.cross_entropy(matrix, np.arange(count)).item() for matrix in (scores, scores.T))
    others = np.stack([np.delete(right, i, axis=0) for i in range(count)])  # (N, N - 1, D)
    first = np.concatenate([(left * right).sum(1)[:, None], np.einsum("nd,nmd->nm", left, others)], axis=1)
    label_0 = F.cross_entropy(Tensor(first / temperature), np.zeros(count, int)).item()
    same = np.ones_like(left)
    return {
        "InfoNCE - cross-entropy with label 0": F.info_nce_loss(left, right, others, temperature).item() - label_0,
        "InfoNCE of a batch - rows": F.info_nce_loss(left, right, temperature=temperature).item() - rows,
        "CLIP - mean of rows and columns": F.clip_loss(left, right, 1 / temperature).item() - (rows + columns) / 2,
        "InfoNCE of equal vectors - log N": F.info_nce_loss(same, same, temperature=temperature).item()
        - math.log(count),
    }


def choice(left: Any, right: Any, candidates: int, temperature: float, generator: np.random.Generator) -> Any:
    """InfoNCE among so many candidates, and the share of right choices; over several drawn sets of them."""
    losses, right_choices = [], []
    for _ in range(max(1, 720 // candidates)):
        chosen = generator.choice(len(left), candidates, replace=False)
        scores = left[chosen] @ right[chosen].T / temperature
        losses.append(F.cross_entropy(Tensor(scores), np.arange(candidates)).item())
        right_choices.append((scores.argmax(1) == np.arange(candidates)).mean())
    return float(np.mean(losses)), float(np.mean(right_choices))


def effective_negatives(left: Any, right: Any, temperature: float) -> float:
    """Of how many negatives the gradient of InfoNCE consists: the exponential of the entropy of their weights."""
    scores = (left @ right.T).astype(np.float64) / temperature
    np.fill_diagonal(scores, -np.inf)
    weights = F.softmax(Tensor(scores), dim=1).numpy()
    return float(np.exp(F.entropy(weights).numpy()).mean())


def retrieval(left: Any, right: Any, labels: Any) -> dict[str, float]:
    """How often a left half finds its own right half first or among ten, and one of its own digit first."""
    scores = left @ right.T
    rank = (scores > np.diag(scores)[:, None]).sum(1)
    same_digit = labels[scores.argmax(1)] == labels
    found = {"own half first": rank < 1, "own half among 10": rank < 10, "same digit first": same_digit}
    return {name: float(hits.mean()) for name, hits in found.items()}


def averages(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of every column."""
    return {column: float(np.mean([row[column] for row in rows])) for column in rows[0]}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    with Experiment(options(__doc__, "two_views"), arguments) as run:
        digits = load_digits()
        images, labels = (digits.inputs.reshape(-1, 8, 8) / 16).astype(np.float32), digits.targets
        steps = run.pick(quick=200, full=500)
        found, errors, choices, heat, learned = [], [], [], [], []
        for seed in run.progress(run.seeds(run.pick(quick=2, full=5)), "seeds"):
            generator = mg.manual_seed(seed)
            held, rest = np.split(generator.permutation(len(images)), [HELD_OUT])
            model, temperature = train(images[rest], steps, generator)
            left, right = vectors_of(model, images[held])
            learned.append(temperature)
            found.append(retrieval(left, right, labels[held]))
            errors.append(differences(left, right, temperature))
            choices.append([choice(left, right, count, temperature, generator) for count in CANDIDATES])
            for value in TEMPERATURES:
                other = vectors_of(train(images[rest], steps, generator, value)[0], images[held])
                counted = {"negatives that count": effective_negatives(left, right, value)}
                heat.append({"temperature": value, **counted, **retrieval(*other, labels[held])})
        run.section(
            "A classifier among N",
            f"""Two networks, one per half of an image, {steps} batches of {BATCH} pairs; CLIP's loss, whose temperature
            is learned, too (it ends at {np.mean(learned):.3f}). Then each left half of {HELD_OUT} held-out images
            chooses among N right halves. By chance InfoNCE is log N, and 1 / N of the choices are right.""",
        )
        rows = []
        for i, count in enumerate(CANDIDATES):
            loss, share = np.mean([each[i] for each in choices], axis=0)
            rows.append({"N": count, "log N": math.log(count), "InfoNCE": loss, "1 / N": 1 / count, "right": share})
        run.table("choosing among N", rows, **{"log N": ".3f", "InfoNCE": ".3f", "1 / N": ".2%", "right": ".1%"})
        worst = {name: max(abs(row[name]) for row in errors) for name in errors[0]}
        run.table("identities, in float64", [{"difference": name, "largest": value} for name, value in worst.items()])
        run.expect("largest difference of the identities", max(worst.values()), at_most=1e-12, source="theory: 0")
        gained = rows[-1]["log N"] - rows[-1]["InfoNCE"]
        run.expect(
            "log N - InfoNCE", gained, at_least=2, at_most=math.log(HELD_OUT), form=".2f", source="theory: over 0"
        )

        chance = {"own half first": 1 / HELD_OUT, "own half among 10": 10 / HELD_OUT, "same digit first": 0.1}
        mean = averages(found)
        percent = {name: ".1%" for name in chance}
        run.table("retrieval", [{"": "two networks", **mean}, {"": "chance", **chance}], **percent)
        own, ten, digit = chance
        run.expect(own, mean[own], at_least=0.16, at_most=0.3, form=".1%", headline=True, source="10 seeds")
        run.expect(ten, mean[ten], at_least=0.66, at_most=0.85, form=".1%", source="10 seeds")
        run.expect(digit, mean[digit], at_least=0.8, at_most=0.95, form=".1%", source="10 seeds")

        run.section(
            "Temperature",
            f"""The gradient weighs every negative by its softmax. Of {HELD_OUT - 1}, as many count as the exponential
            of the entropy of the weights says: the nearest alone at temperature 0, all at a high one. These are counted
            with the network from above; the other columns are of networks that were trained at each temperature.""",
        )
        by_heat = [averages([row for row in heat if row["temperature"] == value]) for value in TEMPERATURES]
        run.table("fixed temperatures", by_heat, **percent, **{"negatives that count": ".1f"})
        counts = [row["negatives that count"] for row in by_heat]
        run.expect("negatives that count, coldest", counts[0], at_least=1, at_most=8, source="theory: 1 at 0")
        run.expect("negatives that count, hottest", counts[-1], at_least=350, at_most=359, source="theory: 359 at ∞")
        best = max(by_heat, key=lambda row: row[ten])["temperature"]
        run.expect("temperature with most own halves among 10", best, at_least=0.05, at_most=0.2, source="10 seeds")
        draw(run, rows, by_heat, (left, right, images[held]))


def draw(run: Experiment, rows: Any, by_heat: Any, last: Any) -> None:
    """Some halves and what they find; the loss over N; the temperature."""
    left, right, images = last
    caption = """Above: left halves, and below each the five right halves that the networks find nearest; a frame marks
    the true one. Below: InfoNCE and its chance level; and what a fixed temperature does."""
    with run.picture("two_views.png", (10, 7.6), caption) as figure:
        above, below = figure.subfigures(2, 1, height_ratios=(1, 1.1))
        grid = above.subplots(6, 12)
        for column in range(12):
            nearest = np.argsort(-left[column] @ right.T)[:5]
            for row, axes in enumerate(grid[:, column]):
                half = images[column, :, :4] if row == 0 else images[nearest[row - 1], :, 4:]
                axes.imshow(half, cmap="gray_r", vmin=0, vmax=1)
                axes.set(xticks=[], yticks=[])
                if row and nearest[row - 1] == column:
                    axes.spines[:].set(color="#D55E00", linewidth=4)
        for row, name in enumerate(["left half", *(f"found {place}" for place in range(1, 6))]):
            grid[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
        one, two = below.subplots(1, 2)
        one.semilogx(CANDIDATES, [row["log N"] for row in rows], "--", color=GREY, label="chance: log N")
        one.semilogx(CANDIDATES, [row["InfoNCE"] for row in rows], "o-", color=BLUE, label="InfoNCE, held out")
        one.set(xlabel="candidates N", ylabel="nats", xticks=CANDIDATES, xticklabels=CANDIDATES)
        one.minorticks_off()
        one.legend()
        temperatures = [row["temperature"] for row in by_heat]
        two.semilogx(
            temperatures, [row["own half among 10"] for row in by_heat], "o-", color=BLUE, label="own half among 10"
        )
        counted = [row["negatives that count"] / (HELD_OUT - 1) for row in by_heat]
        two.semilogx(temperatures, counted, "s-", color=ORANGE, label="share of negatives that count")
        two.set(xlabel="temperature", ylabel="share", ylim=(0, 1.05))
        two.legend()


if __name__ == "__main__":
    main()
