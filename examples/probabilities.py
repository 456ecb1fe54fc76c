"""Distances between distributions: cross-entropy and KL train alike, and KL has two directions.

Checks these claims of lecture notes on losses, and says where they need a correction:

- "Cross-entropy: not applicable when the target is a distribution; use KL." They differ by the target's entropy, which
  does not depend on the network: the same gradient, the same training. Shown with real targets that are distributions,
  the letters that follow each letter in English text.
- KL is asymmetric: fitted to a distribution with two peaks, forward KL covers both and reverse KL seeks one.

The data: the text of Python's own help, and petals of iris flowers from scikit-learn.

    python examples/probabilities.py            pictures and a receipt go to runs/probabilities
    python examples/probabilities.py --help

Expected (base seeds 0 to 9): gradients equal to 1e-12; forward KL's mean and width those of the data; reverse KL of
about log 3 and log 1.5 nats at the two peaks, which hold a third and two thirds of the flowers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad import Tensor, autograd, optim, random
from minigrad import distributions as dist
from minigrad.data.readers import load_iris, load_topics
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"
LETTERS = " abcdefghijklmnopqrstuvwxyz"


# --- letters ----------------------------------------------------------------------------------------------------------
def letter_pairs(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Each letter of a text and the one after it, as numbers; what is no letter counts as a space."""
    text = "\n".join(load_topics().values()).lower()[: number + 1]
    codes = np.array([max(LETTERS.find(character), 0) for character in text])
    return codes[:-1], codes[1:]


def same_loss(run: Experiment) -> None:
    run.section("Cross-entropy and KL", "Which letter follows which: 27 distributions, counted in a text.")
    now, then = letter_pairs(run.pick(quick=50_000, full=200_000))
    counts = np.zeros((27, 27))
    np.add.at(counts, (now, then), 1.0)
    share = counts.sum(1) / len(now)  # (27,), how often each letter comes
    p = counts / counts.sum(1, keepdims=True)  # (27, 27), what comes after it
    entropy = float(share @ F.entropy(p).numpy())

    random.manual_seed(run.seed)
    start = random.default_generator().standard_normal((27, 27))
    losses = {
        "cross-entropy, each letter a label": lambda s: F.cross_entropy(s[now], then),
        "cross-entropy, the distributions": lambda s: (F.cross_entropy(s, p, reduction="none") * share).sum(),
        "KL, the distributions": lambda s: (F.kl_divergence(p, F.softmax(s, dim=1), reduction="none") * share).sum(),
    }
    rows, ends, gradients = [], [], []
    for name, loss in losses.items():
        scores = Tensor(start, requires_grad=True)
        first = loss(scores)
        gradients.append(autograd.grad(first, scores)[0].numpy())
        optimizer = optim.Adam([scores], lr=0.1)
        for _ in range(run.pick(quick=60, full=300)):
            cost = loss(scores)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
        ends.append(scores.detach().numpy())
        rows.append({"loss": name, "before (nats)": first.item(), "after (nats)": cost.item(),
                     "above its floor": cost.item() - (0 if "KL" in name else entropy)})  # fmt: skip
    run.table("the same training three times", rows, **dict.fromkeys([*rows[0]][1:], ".6f"))
    run.say(
        f"""The floor of cross-entropy is H(p) = {entropy:.4f} nats, that of KL is 0, and what is left above it is the
        same. Which of them is used is a matter of taste; so is whether the labels come one by one."""
    )
    apart = max(np.abs(each - gradients[0]).max() for each in gradients)
    run.expect("difference of the gradients", apart, at_most=1e-12, form=".1e", source="closed form", headline=True)
    gap = abs(rows[1]["before (nats)"] - rows[2]["before (nats)"] - entropy)
    run.expect("|CE - KL - H|", gap, at_most=1e-12, form=".1e", source="closed form")
    apart = max(np.abs(each - ends[0]).max() for each in ends)
    run.expect("largest difference of trained scores", apart, at_most=1e-6, form=".1e", source="equal gradients")


# --- two peaks --------------------------------------------------------------------------------------------------------
def petals(width: float = 0.15) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid of petal lengths, the logarithm of their density there (a Gaussian at each flower), and the lengths."""
    lengths = np.asarray(load_iris().inputs[:, 2], np.float64)
    grid = np.linspace(-6, 14, 2001)
    flowers = dist.MixtureSameFamily(
        dist.Categorical(probs=np.ones(len(lengths))), dist.Normal(lengths, np.full(len(lengths), width))
    )
    return grid, flowers.log_prob(grid).numpy(), lengths


def fit(direction: str, grid: np.ndarray, log_p: np.ndarray, mean: float, steps: int) -> tuple[float, float, float]:
    """The Gaussian that gradient descent finds from this mean and width 0.5: mean, width, and its KL."""
    settings = Tensor(np.array([mean, np.log(0.5)]), requires_grad=True)
    optimizer = optim.Adam([settings], lr=0.2)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        log_q = dist.Normal(settings[0], settings[1].exp(), validate_args=False).log_prob(grid)
        weight, ratio = (np.exp(log_p), log_p - log_q) if direction == "forward" else (log_q.exp(), log_q - log_p)
        cost = (weight * ratio).sum() * (grid[1] - grid[0])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        schedule.step()
    found = settings.detach().numpy()
    return float(found[0]), float(np.exp(found[1])), cost.item()


def two_directions(run: Experiment) -> None:
    run.section("Two directions of KL", "One Gaussian q for petal lengths p, whose peaks are two kinds of flowers.")
    grid, log_p, lengths = petals()
    p, cell = np.exp(log_p), grid[1] - grid[0]
    mean = float((grid * p).sum() * cell)
    width = float(np.sqrt(((grid - mean) ** 2 * p).sum() * cell))
    starts = np.random.default_rng(run.seed).uniform([0.5, 3.5], [2.5, 6.0], (run.pick(quick=1, full=4), 2)).ravel()
    rows = []
    for direction in ("forward", "reverse"):
        for start in run.progress(starts, direction):
            m, s, cost = fit(direction, grid, log_p, start, run.pick(quick=300, full=600))
            rows.append({"KL": direction, "start (cm)": start, "mean (cm)": m, "width (cm)": s, "KL (nats)": cost})
    run.table("fitted Gaussians", rows)
    small = float(np.mean(lengths < 2.5))
    run.say(
        f"""Forward KL(p‖q) pays wherever p is and q is not: q covers both peaks, with the mean and width of p, and is
        highest where hardly a flower is. Reverse KL(q‖p) pays wherever q is and p is not: q sits on the peak where it
        started. It then costs about -log of that peak's share: {-np.log(small):.3f}, {-np.log(1 - small):.3f} nats."""
    )
    with run.picture("directions.png", (7, 4), "Forward KL covers both peaks and what lies between; reverse KL, from"
                     " two starts, sits on one peak or the other.") as figure:  # fmt: skip
        ax = figure.subplots()
        ax.fill_between(grid, p, color="#BBBBBB", label="petal lengths p")
        seen = set()
        for row in rows:
            high = row["mean (cm)"] > 2.5
            style = {"forward": (BLUE, "-"), "reverse": (VERMILION if high else ORANGE, "--")}[row["KL"]]
            label = "forward" if row["KL"] == "forward" else f"reverse, at the {'large' if high else 'small'} peak"
            q = dist.Normal(row["mean (cm)"], row["width (cm)"]).log_prob(grid).exp().numpy()
            ax.plot(grid, q, color=style[0], ls=style[1], label=None if label in seen else label)
            seen.add(label)
        ax.set(xlim=(-1, 9), xlabel="petal length (cm)", ylabel="density (1/cm)")
        ax.legend()
    forward = [row for row in rows if row["KL"] == "forward"]
    off = max(max(abs(row["mean (cm)"] - mean), abs(row["width (cm)"] - width)) for row in forward)
    run.expect("forward KL: mean and width of p, off by (cm)", off, at_most=0.01, source="closed form: moments")
    for which, share in (("small", small), ("large", 1 - small)):
        costs = [r["KL (nats)"] for r in rows if r["KL"] == "reverse" and (r["mean (cm)"] < 2.5) == (which == "small")]
        bound = -np.log(share)
        run.expect(f"reverse KL at the {which} peak (nats)", np.mean(costs), at_least=bound - 0.01, at_most=bound + 0.1,
                   form=".3f", source="-log of its share")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "probabilities"), arguments) as run:
        same_loss(run)
        two_directions(run)


if __name__ == "__main__":
    main()
