"""How sure a network is: what temperature and label smoothing do to its confidence.

Checks these claims of lecture notes on losses:

- A low temperature makes a model more confident, a high one less. It changes no answer, only how sure they are.
- Label smoothing: the best confidence in closed form, and, beyond the notes, what becomes of real confidence.

The data are handwritten digits that come with scikit-learn; 597 of 1,797 are held out.

    python examples/confidence.py            pictures and a receipt go to runs/confidence
    python examples/confidence.py --help

Expected (base seeds 0 to 9): a median probability of the right digit of 0.91 with smoothing 0.1; entropy that never
falls with temperature, at the rate Var(scores)/T³, from 0 to log 10; a smoothed network that is 12 to 16 % less sure
than it is right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad import Tensor, autograd, nn, no_grad, optim, random
from minigrad.data.readers import load_digits
from minigrad.experiment import Experiment, options
from minigrad.metrics import accuracy
from minigrad.nn import functional as F

BLUE, VERMILION = "#0072B2", "#D55E00"
SMOOTHING, CLASSES = 0.1, 10


# --- digits -----------------------------------------------------------------------------------------------------------
def split(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels from 0 to 1 and labels of 1,200 digits, and of those held out."""
    table = load_digits()
    order = np.random.default_rng(seed).permutation(len(table.targets))
    x, y = table.inputs.reshape(-1, 64)[order] / 16, table.targets[order]
    return x[:1200], y[:1200], x[1200:], y[1200:]


def classifier(x: np.ndarray, y: np.ndarray, smoothing: float, seed: int, epochs: int) -> nn.Module:
    """A small network trained with cross-entropy."""
    generator = random.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        for batch in np.array_split(generator.permutation(len(x)), len(x) // 50):
            cost = F.cross_entropy(model(x[batch]), y[batch], label_smoothing=smoothing)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
    return model


def calibration_error(probabilities: np.ndarray, y: np.ndarray, bins: int = 10) -> float:
    """Mean distance of confidence and share of right answers, over groups of equal confidence."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == y
    group = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs(np.sum(confidence[group == b]) - np.sum(right[group == b])) for b in range(bins)) / len(y))


def smoothing(run: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """Train with and without; the held-out scores of the last network without, and the labels."""
    run.section("Label smoothing", "A network reads digits; how sure is it, and how sure should it be?")
    rows, kept = [], {}
    for seed in run.progress(run.seeds(run.pick(quick=2, full=6)), "networks"):
        x, y, held_x, held_y = split(seed)
        for name, share in (("labels", 0.0), ("smoothed", SMOOTHING)):
            model = classifier(x, y, share, seed, run.pick(quick=40, full=80))
            with no_grad():
                trained, kept[name] = model(x), model(held_x)
            q = F.softmax(kept[name], dim=1).numpy()
            own = F.softmax(trained, dim=1).numpy()[np.arange(len(y)), y]
            rows.append(
                {
                    "seed": seed,
                    "target": name,
                    "p of the label": np.median(own),
                    "held out right": accuracy(q, held_y),
                    "mean confidence": q.max(1).mean(),
                    "calibration error": calibration_error(q, held_y),
                    "held-out loss": F.cross_entropy(kept[name], held_y).item(),
                }
            )
    run.table("networks", rows, **{"held out right": ".2%", "mean confidence": ".2%", "calibration error": ".2%"})
    mean = {(n, c): float(np.mean([r[c] for r in rows if r["target"] == n])) for n in kept for c in [*rows[0]][2:]}
    best = 1 - SMOOTHING + SMOOTHING / CLASSES
    mistaken = {name: mean[name, "calibration error"] for name in kept}
    right = {name: mean[name, "held out right"] for name in kept}
    run.say(
        f"""With smoothing {SMOOTHING} the best probability of the label is 1 - 0.1 + 0.1/10 = {best:.2f}, and the
        network finds {mean["smoothed", "p of the label"]:.3f}. Without, nothing but the end of training stops it. Held
        out, it is right in {right["smoothed"]:.1%} (without: {right["labels"]:.1%}) and
        {mean["smoothed", "mean confidence"]:.1%} sure: on digits this easy, smoothing makes it too modest, with a
        calibration error of {mistaken["smoothed"]:.1%} against {mistaken["labels"]:.1%}."""
    )
    run.expect("smoothed: right more often than sure, by", right["smoothed"] - mean["smoothed", "mean confidence"],
               at_least=0.09, at_most=0.2, form=".1%", source="10 base seeds")  # fmt: skip
    run.expect("label's probability with smoothing", mean["smoothed", "p of the label"], at_least=best - 0.025,
               at_most=best + 0.015, form=".3f", source="closed form", headline=True)  # fmt: skip
    run.expect("the same without", mean["labels", "p of the label"], at_least=0.995, form=".4f", source="no optimum")
    return np.asarray(kept["labels"].numpy(), np.float64), held_y


def temperature(run: Experiment, scores: np.ndarray, held_y: np.ndarray) -> None:
    run.section("Temperature", "The held-out scores of the last network without smoothing, divided by a temperature.")
    temperatures = np.geomspace(1e-3, 1e3, 61)
    spread = np.array([F.entropy(F.softmax(scores / t, dim=1)).numpy() for t in temperatures])  # (T, N)
    costs = [F.cross_entropy(scores, held_y, temperature=t).item() for t in temperatures]
    t = Tensor(2.0, requires_grad=True, dtype=np.float64)
    q = F.softmax(scores / t, dim=1)
    (slope,) = autograd.grad(F.entropy(q).mean(), t)
    shares = q.detach().numpy()
    variance = np.mean((shares * scores**2).sum(1) - (shares * scores).sum(1) ** 2)
    run.say(
        f"""Entropy grows with temperature, at the rate Var(scores)/T³, from 0 to log 10 = {np.log(10):.3f} nats. The
        order of the classes stays, and so does the share that is right. The held-out loss is lowest at a temperature
        of {temperatures[np.argmin(costs)]:.2g}; above 1 it means that the network was too sure of itself."""
    )
    with run.picture("temperature.png", (6, 3.8), "From a single class to all alike. The loss on held-out digits is"
                     " high where the network is too sure, and where it is not sure at all.") as figure:  # fmt: skip
        ax = figure.subplots()
        ax.semilogx(temperatures, spread.mean(1), color=BLUE, label="mean entropy")
        ax.semilogx(temperatures, costs, color=VERMILION, label="cross-entropy, held out")
        ax.axhline(np.log(10), color="grey", ls=":", lw=1)
        ax.text(1.2e-3, np.log(10) - 0.15, "log 10", color="grey")
        ax.set(xlabel="temperature", ylabel="nats", ylim=(-0.05, 2.6))
        ax.legend(loc="lower right")
    least = np.diff(spread, axis=0).min()
    run.expect("smallest growth of entropy with T (nats)", least, at_least=-1e-12, form=".1e", source="Var(z)/T³ ≥ 0")
    run.expect("dH/dT: autograd less formula, relative", abs(slope.item() / variance * 8 - 1), at_most=1e-9, form=".1e")
    run.expect("entropy at T = 1000, below log 10 by", np.log(10) - spread[-1].min(), at_most=1e-3, form=".1e")
    run.expect("median entropy at T = 0.001", np.median(spread[0]), at_most=1e-6, form=".1e", source="one class left")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "confidence"), arguments) as run:
        scores, held_y = smoothing(run)
        temperature(run, scores, held_y)


if __name__ == "__main__":
    main()
