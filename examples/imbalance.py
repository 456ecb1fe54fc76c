"""A rare class: what focal loss and class weights change on real digits, and what a threshold does instead.

Checks this claim of lecture notes on losses, and says what it leaves out:

- "Focal loss: gradients of dominating examples get scaled down; often used with imbalanced classes." The factor has a
  closed form, and it is above 1 for examples that are badly wrong. Does the rare class profit? Recall at the threshold
  0.5, the quality of the ranking (average precision) and the calibration of the probabilities are measured apart.

The data come with scikit-learn: handwritten digits, of which an 8 is to be found. Of 1,020 training images 20 are 8s,
about 2 %. Of those held out, 154 eights count as much as 13 among 623 others, so that their share is 2 % as well.

    python examples/imbalance.py            pictures and a receipt go to runs/imbalance
    python examples/imbalance.py --help

Expected (base seeds 0 to 9, five networks each): the closed form to 1e-9; focal loss with γ = 2 gains 2 to 6 points of
average precision; class weights and a lower threshold gain recall; probabilities too high with focal loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from minigrad import Tensor, autograd, nn, no_grad, optim, random
from minigrad.data.readers import load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

COLOURS = {"cross-entropy": "#0072B2", "focal, γ = 2": "#D55E00", "focal, γ = 5": "#E69F00", "class weights": "#009E73"}
RARE, RARE_TRAIN, OTHERS_TRAIN, SHARE, WEIGHT = 8, 20, 1000, 0.02, 49.0
Loss = Callable[[Tensor, np.ndarray], Tensor]
LOSSES: dict[str, Loss] = {
    "cross-entropy": F.binary_cross_entropy_with_logits,
    "focal, γ = 2": lambda z, t: F.sigmoid_focal_loss(z, t, alpha=-1, gamma=2, reduction="mean"),
    "focal, γ = 5": lambda z, t: F.sigmoid_focal_loss(z, t, alpha=-1, gamma=5, reduction="mean"),
    "class weights": lambda z, t: F.binary_cross_entropy_with_logits(z, t, pos_weight=np.full(1, WEIGHT, z.dtype)),
}


# --- theory -----------------------------------------------------------------------------------------------------------
def focal_factor(p: np.ndarray, gamma: float) -> np.ndarray:
    """Focal loss's gradient as a multiple of cross-entropy's, for the probability p of the right answer."""
    return (1 - p) ** gamma - gamma * p * (1 - p) ** (gamma - 1) * np.log(p)


def best_probability(loss: Loss, truth: float) -> float:
    """What the loss wants to hear where the share of yes is ``truth``: found by Newton's steps on the score."""
    z = Tensor(np.array([0.0]), requires_grad=True)
    for _ in range(60):
        cost = truth * loss(z, np.ones(1)) + (1 - truth) * loss(z, np.zeros(1))
        (slope,) = autograd.grad(cost, z, create_graph=True)
        (curve,) = autograd.grad(slope.sum(), z)
        with no_grad():
            z -= np.clip(slope.detach().numpy() / max(abs(curve.item()), 1e-9), -0.5, 0.5)
    return float(F.sigmoid(z).item())


def theory(run: Experiment) -> None:
    run.section("Theory", "How focal loss scales gradients, and which probability each loss is content with.")
    p = np.linspace(0.001, 0.999, 999)
    z = Tensor(np.log(p / (1 - p)), requires_grad=True)
    ones, slopes = np.ones_like(p), {}
    for gamma in (0.0, 2.0, 5.0):
        cost = F.sigmoid_focal_loss(z, ones, alpha=-1, gamma=gamma, reduction="sum")
        slopes[gamma] = autograd.grad(cost, z)[0].numpy()
    (plain,) = autograd.grad(F.binary_cross_entropy_with_logits(z, ones, reduction="sum"), z)
    factor = {gamma: slope / plain.numpy() for gamma, slope in slopes.items()}
    truths = (0.02, 0.1, 0.3, 0.5, 0.9)
    rows = [{"share of yes": t} | {name: best_probability(loss, t) for name, loss in LOSSES.items()} for t in truths]
    run.table("the probability that each loss wants", rows, **dict.fromkeys(LOSSES, ".3f"))
    high = float(p[factor[2.0].argmax()])
    run.say(
        f"""Cross-entropy wants the truth. Class weights of {WEIGHT:.0f} multiply the odds by {WEIGHT:.0f}, focal loss
        pulls towards ½. Its gradient is {factor[2.0].max():.2f} times cross-entropy's at p = {high:.2f}: it scales easy
        examples down, and those that are wrong up a little."""
    )
    with run.picture("factor.png", (6, 3.8), "The gradient of focal loss in units of cross-entropy's: above 1 on the"
                     " left, where an example is wrong, and near 0 on the right.") as figure:  # fmt: skip
        ax = figure.subplots()
        for gamma, name in ((0.0, "cross-entropy"), (2.0, "focal, γ = 2"), (5.0, "focal, γ = 5")):
            ax.plot(p, factor[gamma], color=COLOURS[name], label=f"γ = {gamma:.0f}, measured")
            ax.plot(p[::60], focal_factor(p[::60], gamma), "o", color=COLOURS[name], ms=4)
        ax.plot([], [], "o", color="grey", ms=4, label="closed form")
        ax.set(xlabel="probability p given to the right answer", ylabel="gradient / cross-entropy's gradient")
        ax.legend()
    off = max(np.abs(factor[gamma] - focal_factor(p, gamma)).max() for gamma in factor)
    run.expect("focal gradient ratio, off by", off, at_most=1e-9, form=".1e", source="closed form")
    run.expect(
        "γ = 0: gradient less cross-entropy's", np.abs(slopes[0.0] - plain.numpy()).max(), at_most=1e-12, form=".1e"
    )
    odds = [r["class weights"] / (1 - r["class weights"]) / (r["share of yes"] / (1 - r["share of yes"])) for r in rows]
    run.expect(
        "class weights: odds times", np.mean(odds), at_least=48.99, at_most=49.01, form=".3f", source="closed form"
    )


# --- digits -----------------------------------------------------------------------------------------------------------
def split(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images and answers (N, 1) to train with; the same to judge by, and how much each of these counts."""
    table = load_digits()
    rng = np.random.default_rng(seed)
    rare, others = (
        rng.permutation(np.flatnonzero(table.targets == RARE)),
        rng.permutation(np.flatnonzero(table.targets != RARE)),
    )
    x = table.inputs.reshape(-1, 64) / 16
    train, held = np.r_[rare[:RARE_TRAIN], others[:OTHERS_TRAIN]], np.r_[rare[RARE_TRAIN:], others[OTHERS_TRAIN:]]
    y = (table.targets == RARE).astype(np.float32)[:, None]
    n = len(rare) - RARE_TRAIN
    counts = np.where(y[held, 0] == 1, SHARE / (1 - SHARE) * (len(held) - n) / n, 1.0)
    return x[train], y[train], x[held], y[held], counts


def average_precision(scores: np.ndarray, y: np.ndarray, counts: np.ndarray) -> float:
    """The mean precision over the samples of the class, each taken as the last one that is accepted."""
    order = np.argsort(-scores, kind="stable")
    hits, all_ = np.cumsum((counts * y)[order]), np.cumsum(counts[order])
    return float(np.sum((hits / all_) * (counts * y)[order]) / hits[-1])


def train(loss: Loss, x: np.ndarray, y: np.ndarray, seed: int, epochs: int) -> nn.Module:
    """A small network, from the same start and in the same order for every loss."""
    generator = random.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(epochs):
        for batch in np.array_split(generator.permutation(len(x)), 16):
            cost = loss(model(x[batch]), y[batch])
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
    return model


def measure(
    name: str, p: np.ndarray, y: np.ndarray, counts: np.ndarray, threshold: float = 0.5
) -> dict[str, float | str]:
    """How a list of probabilities fares."""
    taken = p > threshold
    right = np.clip(np.where(y == 1, p, 1 - p), 1e-7, 1)
    return {
        "loss": name,
        "recall": float(taken[y == 1].mean()),
        "precision": float((counts * y * taken).sum() / max((counts * taken).sum(), 1e-9)),
        "average precision": average_precision(p, y, counts),
        "mean probability": float(np.average(p, weights=counts)),
        "surprise (nats)": float(np.average(-np.log(right), weights=counts)),
    }


def digits(run: Experiment) -> None:
    run.section("Digits", f"Which images show an {RARE}? Two in a hundred do. Mean over seeds, on held-out images.")
    rows = []
    for seed in run.progress(run.seeds(run.pick(quick=5, full=15)), "networks"):
        x, y, held_x, held_y, counts = split(seed)
        for name, loss in LOSSES.items():
            model = train(loss, x, y, seed, 60)
            with no_grad():
                p = np.asarray(F.sigmoid(model(held_x)).numpy()[:, 0], np.float64)
            rows.append(measure(name, p, held_y[:, 0], counts))
            if name == "cross-entropy":
                rows.append(measure(f"{name}, above {SHARE}", p, held_y[:, 0], counts, SHARE))
    names, columns = [*dict.fromkeys(row["loss"] for row in rows)], [*rows[0]][1:]
    mean = {n: {c: float(np.mean([r[c] for r in rows if r["loss"] == n])) for c in columns} for n in names}
    forms = dict.fromkeys(columns[:4], ".1%") | {"surprise (nats)": ".4f"}
    run.table("held out", [{"loss": name} | mean[name] for name in names], **forms)
    ranks = {name: mean[name]["average precision"] for name in LOSSES}
    gain = ranks["focal, γ = 2"] - ranks["cross-entropy"]
    each = {name: np.array([r["average precision"] for r in rows if r["loss"] == name]) for name in LOSSES}
    difference = each["focal, γ = 2"] - each["cross-entropy"]
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    calm = min(names, key=lambda name: mean[name]["surprise (nats)"])
    run.say(
        f"""Focal loss with γ = 2 changes average precision by {100 * gain:+.1f} ± {100 * error:.1f} points: it helps to
        rank these 8s. Class weights gain recall at 0.5, and cross-entropy gains as much by asking for {SHARE} instead;
        that moves along the same ranking and costs precision. The mean probability should be {SHARE:.0%}:
        cross-entropy stays below it, and a large γ is drawn towards ½. The least surprised is {calm}."""
    )
    with run.picture("rare.png", (9, 3.8), "Each dot is a seed. Recall follows from how high the probabilities"
                     " are; average precision, which no threshold enters, differs less.") as figure:  # fmt: skip
        for ax, column in zip(figure.subplots(1, 3), ("recall", "average precision", "mean probability"), strict=True):
            for k, name in enumerate(names):
                values = [r[column] for r in rows if r["loss"] == name]
                ax.plot(k + np.linspace(-0.2, 0.2, len(values)), values, "o", color=COLOURS.get(name, "#56B4E9"), ms=4)
            ax.set_xticks(range(len(names)), [n.replace("cross-entropy", "CE") for n in names], rotation=35, ha="right")
            ax.set(ylabel=column)
        figure.axes[2].axhline(SHARE, color="grey", ls=":", lw=1)
    ce, lower, weights = mean["cross-entropy"], mean[f"cross-entropy, above {SHARE}"], mean["class weights"]
    run.expect("focal's gain in average precision", gain, at_least=0.0, at_most=0.1, form="+.1%",
               source="10 base seeds", headline=True)  # fmt: skip
    run.expect("class weights' gain in recall at 0.5", weights["recall"] - ce["recall"], at_least=0.05, form="+.1%")
    run.expect("a lower threshold's gain in recall", lower["recall"] - ce["recall"], at_least=0.05, form="+.1%")
    run.expect("mean probability of cross-entropy", ce["mean probability"], at_least=0.005, at_most=SHARE, form=".1%",
               source="few examples: below the share")  # fmt: skip
    run.expect("that of focal, γ = 5", mean["focal, γ = 5"]["mean probability"], at_least=1.5 * SHARE, form=".1%",
               source="drawn towards ½")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "imbalance"), arguments) as run:
        theory(run)
        digits(run)


if __name__ == "__main__":
    main()
