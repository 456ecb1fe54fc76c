"""Outputs that must be positive: how many ReLUs start dead and stay so, and why softplus does not.

Checks this claim of lecture notes on heads, and says what it leaves out:

- "ReLU and softplus: positive regression." An output of a ReLU that is 0 for all samples has no gradient and stays 0.
  How often that happens can be computed from how the weights are drawn, and depends on whether inputs are standardised.

The data come with scikit-learn: four lengths of 150 iris flowers.

    python examples/positive.py            pictures and a receipt go to runs/positive
    python examples/positive.py --help

Expected (base seeds 0 to 9): on raw inputs 34 to 41 % of the ReLU outputs are dead at the start, none of which
revives, and 43 to 51 % at the end; on standardised ones 2 to 5 %; no softplus is ever dead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad import autograd, nn, no_grad, optim, random
from minigrad.data.readers import load_iris
from minigrad.experiment import Experiment, options

BLUE, ORANGE = "#0072B2", "#E69F00"


def dead_by_chance(x: np.ndarray, seed: int, draws: int = 20_000) -> float:
    """How often weights and biases drawn as nn.Linear draws them give at most 0 for every sample."""
    inputs = x.shape[1]
    drawn = np.random.default_rng(seed).uniform(-1, 1, (draws, inputs + 1)) / np.sqrt(inputs)
    return float(np.mean((drawn[:, :inputs] @ x.T + drawn[:, inputs:]).max(1) <= 0))


def train(
    transform: str, x: np.ndarray, y: np.ndarray, number: int, steps: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Train many single outputs at once: which had no gradient at the start, and all predictions (N, number)."""
    random.manual_seed(seed)
    head = nn.PositiveHead(x.shape[1], number, transform)
    optimizer = optim.Adam(head.parameters(), lr=0.05)
    first = head(x)
    slopes = autograd.grad((first - y).square().sum(), [*head.parameters()])  # (number, inputs), (number,)
    dead = ~np.any(np.column_stack([slope.numpy() for slope in slopes]), 1)  # (number,)
    for _ in range(steps):
        cost = (head(x) - y).square().mean(0).sum()  # the outputs share no weight: each learns by itself
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    with no_grad():
        return dead, head(x).numpy()


def positive_outputs(run: Experiment) -> None:
    run.section("Positive outputs", "Width of an iris petal from three other lengths, by many single outputs at once.")
    outputs = {}
    data = np.asarray(load_iris().inputs, np.float32)
    raw, y = data[:, :3], data[:, 3:]
    number, rows = run.pick(quick=500, full=2000), []
    for inputs, x in (("raw", raw), ("standardised", (raw - raw.mean(0)) / raw.std(0))):
        chance = dead_by_chance(x, run.seed)
        for transform in ("relu", "softplus"):
            dead, out = train(transform, x, y, number, run.pick(quick=300, full=600), run.seed)
            if inputs == "raw":
                outputs[transform] = out
            errors = np.sqrt(np.mean((out - y) ** 2, 0))
            rows.append(
                {
                    "inputs": inputs,
                    "output": transform,
                    "dead at the start": float(dead.mean()),
                    "by chance": chance if transform == "relu" else 0.0,
                    "of those, revived": float(np.mean(out.any(0)[dead])) if dead.any() else 0.0,
                    "dead at the end": float(np.mean(~out.any(0))),
                    "error of the others (cm)": float(np.median(errors[out.any(0)])),
                }
            )
    shares = ["dead at the start", "by chance", "of those, revived", "dead at the end"]
    run.table("positive outputs", rows, **dict.fromkeys(shares, ".1%"))
    found = {(row["inputs"], row["output"]): row for row in rows}
    raw_relu, raw_soft, relu = found["raw", "relu"], found["raw", "softplus"], found["standardised", "relu"]
    run.say(
        f"""Raw lengths are all positive, so that weights of the wrong sign give 0 for every flower: no gradient, no
        recovery, for {raw_relu["dead at the start"]:.0%} of the outputs. Others die on the way, of a step that went too
        far. Softplus always has a gradient. So has nearly every ReLU whose inputs were standardised."""
    )
    with run.picture("positive.png", (6.5, 3.8), "Predicted petal width by some outputs, softplus and ReLU, sorted by"
                     " true width: every orange line at 0 is a dead output.") as figure:  # fmt: skip
        ax, order = figure.subplots(), y[:, 0].argsort()
        for transform, colour in (("softplus", BLUE), ("relu", ORANGE)):
            for k in range(12):
                ax.plot(outputs[transform][order, k], color=colour, lw=0.8, label=transform if k == 0 else None)
        ax.plot(y[order, 0], color="black", lw=2, label="true")
        ax.set(xlabel="flower, by its petal width", ylabel="petal width (cm)")
        ax.legend()
    chance = raw_relu["by chance"]
    run.expect("dead ReLU outputs at the start, raw inputs", raw_relu["dead at the start"], at_least=chance - 0.08,
               at_most=chance + 0.08, form=".1%", source="20,000 draws by NumPy", headline=True)  # fmt: skip
    run.expect(
        "of those, revived by training", raw_relu["of those, revived"], at_most=0.0, form=".1%", source="no gradient"
    )
    run.expect(
        "dead softplus outputs at the end", raw_soft["dead at the end"], at_most=0.0, form=".1%", source="σ(z) > 0"
    )
    run.expect("dead ReLU outputs, standardised inputs", relu["dead at the end"], at_most=0.1, form=".1%")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "positive"), arguments) as run:
        positive_outputs(run)


if __name__ == "__main__":
    main()
