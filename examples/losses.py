"""A margin or a probability: the hinge loss stops at exactly 0, and cross-entropy is never done.

Checks these claims of lecture notes on losses:

- The worked examples: three images with cross-entropy 2.04, 0.079 and 6.16, and hinge loss 2.9, 0 and 12.9.
- The hinge loss saturates; cross-entropy always wants to improve. The notes leave open whether that helps on samples
  that were held out: it is measured here.

The data come with scikit-learn: 178 wines of three growers, of which a third is held out.

    python examples/losses.py            pictures and a receipt go to runs/losses
    python examples/losses.py --help

Expected (base seeds 0 to 9): the worked examples to their last printed digit; a hinge loss of exactly 0, and with it
the gradient, after 20 to 150 steps; a cross-entropy that falls almost like 1 / step to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import Tensor, autograd, nn, no_grad, optim, random
from minigrad.data.readers import load_wine
from minigrad.experiment import Experiment, options
from minigrad.metrics import accuracy
from minigrad.nn import functional as F

BLUE, VERMILION = "#0072B2", "#D55E00"
Loss = Callable[..., Tensor]


# --- classifying wines ------------------------------------------------------------------------------------------------
def classify(loss: Loss, seed: int, steps: int) -> dict[str, Any]:
    """Train a linear classifier on two thirds of the wines; how it does there, and on the others, before each step."""
    table = load_wine()
    order = np.random.default_rng(seed).permutation(len(table.inputs))
    chosen, held_out = order[:118], order[118:]
    x, y = np.asarray(table.inputs, np.float64), table.targets
    x = (x - x[chosen].mean(0)) / x[chosen].std(0)
    random.manual_seed(seed)
    model = nn.Linear(13, 3, dtype=np.float64)
    optimizer, inputs = optim.SGD(model.parameters(), lr=0.5), Tensor(x[chosen])
    curve, norms, right = [], [], []
    for _ in range(steps):
        cost = loss(model(inputs), y[chosen])
        optimizer.zero_grad()
        cost.backward()
        assert model.weight.grad is not None
        curve.append(cost.item())
        norms.append(float(np.abs(model.weight.grad.numpy()).max()))
        with no_grad():
            right.append(accuracy(model(x[held_out]), y[held_out]))
        optimizer.step()
    return {"loss": np.array(curve), "gradient": np.array(norms), "held out": np.array(right)}


# --- the sections -----------------------------------------------------------------------------------------------------
def worked_examples(run: Experiment) -> None:
    run.section("Worked examples", "Three images with their scores for cat, car and frog, and three more with label 0.")
    scores = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1], [5.0, -3.0, 2.0], [5.0, 10.0, 10.0], [5, -20, -20]]
    labels = [0, 1, 2, 0, 0, 0]
    s = Tensor(np.array(scores), requires_grad=True)
    losses = {"hinge": F.multiclass_hinge_loss, "cross-entropy": F.cross_entropy}
    cost = {name: loss(s, labels, reduction="none") for name, loss in losses.items()}
    pull = {name: np.abs(autograd.grad(each.sum(), s)[0].numpy()).sum(1) for name, each in cost.items()}
    rows = [
        {"scores": str(scores[i]), "label": labels[i]}
        | {name: each[i].item() for name, each in cost.items()}
        | {f"Σ|gradient| of {name}": each[i] for name, each in pull.items()}
        for i in range(len(scores))
    ]
    run.table("scores, losses and how hard they pull at the scores", rows)
    run.say("A right score that leads by 1 costs the hinge nothing, and pulls at nothing. Cross-entropy still pulls.")
    for name, published in (("cross-entropy", [2.0404, 0.0791, 6.1565]), ("hinge", [2.9, 0.0, 12.9])):
        off = np.abs(cost[name].detach().numpy()[:3] - published).max()
        run.expect(f"{name} of the worked example, off by", off, at_most=5e-5, form=".1e", source="CS231n 2017")
    run.expect(
        "mean cross-entropy", cost["cross-entropy"][:3].mean().item(), at_least=2.75865, at_most=2.75875, form=".5f"
    )
    run.expect("mean hinge loss", cost["hinge"][:3].mean().item(), at_least=5.26665, at_most=5.26675, form=".5f")


def margins(run: Experiment) -> None:
    run.section("Hinge and cross-entropy", "A linear classifier of wines, with both losses from the same start.")
    steps, rows, last = run.pick(quick=1500, full=5000), [], {}
    for seed in run.progress(run.seeds(run.pick(quick=3, full=6)), "wines"):
        hinge, entropy = (classify(loss, seed, steps) for loss in (F.multiclass_hinge_loss, F.cross_entropy))
        zero = int((hinge["loss"] > 0).sum())  # once it is 0, nothing moves it any more
        late = np.arange(steps // 5, steps)
        power = np.polyfit(np.log(late), np.log(entropy["loss"][late]), 1)[0]
        rows.append({"seed": seed, "hinge is 0 from step": zero, "hinge's last gradient": hinge["gradient"][-1],
                     "last cross-entropy": entropy["loss"][-1], "falls as step to the power": power,
                     "held out, hinge": hinge["held out"][-1], "held out, cross-entropy": entropy["held out"][-1],
                     "the same, at hinge's end": entropy["held out"][min(zero, steps - 1)]})  # fmt: skip
        last = {"hinge": (hinge, BLUE), "cross-entropy": (entropy, VERMILION)}
    held = ["held out, hinge", "held out, cross-entropy", "the same, at hinge's end"]
    seen = [name for name in rows[0] if name not in held]
    run.table("training loss", [{name: row[name] for name in seen} for row in rows])
    columns = ("hinge", "cross-entropy", "cross-entropy, at hinge's end")
    shown = [{"seed": row["seed"]} | {c: row[n] for c, n in zip(columns, held, strict=True)} for row in rows]
    run.table("held-out wines told right", shown, **dict.fromkeys(columns, ".1%"))
    mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    run.say(
        f"""The hinge loss reaches exactly 0, its gradient is exactly 0, and no weight moves any more. Cross-entropy is
        never done. From there to the end it goes from {mean[held[2]]:.1%} to {mean[held[1]]:.1%} of the held-out
        wines, the hinge has {mean[held[0]]:.1%}, and one wine is 1.7%: the rest of the way gains little here."""
    )
    with run.picture("margins.png", (9, 3.8), "Left: a sample's loss by the lead of its right score. Right: training on"
                     " wines, last seed; the blue line ends where the hinge loss is exactly 0.") as figure:  # fmt: skip
        left, right = figure.subplots(1, 2)
        lead = np.linspace(-4, 6, 201)
        scores = np.column_stack([lead, np.zeros_like(lead)])
        for name, loss, colour in (
            ("hinge", F.multiclass_hinge_loss, BLUE),
            ("cross-entropy", F.cross_entropy, VERMILION),
        ):
            left.plot(lead, loss(scores, [0] * len(lead), reduction="none").numpy(), color=colour, label=name)
            curve = last[name][0]["loss"]
            shown = curve[curve > 0]
            right.loglog(np.arange(1, len(shown) + 1), shown, color=colour, label=name)
        left.set(xlabel="lead of the right score over the other", ylabel="loss (cross-entropy in nats)")
        right.set(xlabel="step", ylabel="training loss")
        left.legend()
        right.legend()
    zeros = [row["hinge is 0 from step"] for row in rows]
    run.expect(
        "hinge loss 0 from step (latest seed)", max(zeros), at_least=20, at_most=300, source="10 base seeds: 47 to 102"
    )
    run.expect(
        "hinge's gradient at the end (largest)",
        max(row["hinge's last gradient"] for row in rows),
        at_most=0.0,
        headline=True,
    )
    power = mean["falls as step to the power"]
    run.expect(
        "power of the step in cross-entropy",
        power,
        at_least=-1.05,
        at_most=-0.75,
        source="-1 in the limit, Soudry 2018",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "losses"), arguments) as run:
        worked_examples(run)
        margins(run)


if __name__ == "__main__":
    main()
