"""Cures for gradients that vanish or explode, one by one: initialisation, normalisation, skips, clipping, warm-up.

Checks the list of the notes. Layer, group and instance normalisation keep gradients as theory says; batch
normalisation, which the notes recommend against explosion, causes one in a deep network at its start. Skip connections
lift what vanishes. Too large a rate is cured by clipping, and by warm-up where the trouble passes.

    python examples/gradient_cures.py            pictures and a receipt go to runs/gradient_cures
    python examples/gradient_cures.py --help

Expected: the factor on the squared gradient per layer within 0.03 of theory, for batch normalisation π / (π - 1) =
1.467; of four runs with the same seed, the plain one explodes and the others do not. Over the base seeds 0 to 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

import minigrad as mg
from minigrad import autograd, nn, optim
from minigrad.data.readers import load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F
from minigrad.nn.utils import clip_grad_norm_

BLUE, ORANGE, GREEN, RED, PINK, GREY = "#0072B2 #E69F00 #009E73 #D55E00 #CC79A7 #555555".split()


# --- measuring --------------------------------------------------------------------------------------------------------
def linear(width: int, variance: float) -> nn.Linear:
    """A square layer with weights of the given variance, times 1 / width."""
    layer = nn.Linear(width, width, bias=False)
    nn.init.normal_(layer.weight, std=math.sqrt(variance / width))
    return layer


def flow(
    block: Callable[[], nn.Module], depth: int, width: int, seeds: Sequence[int], samples: int = 128
) -> np.ndarray:
    """Logarithm of the root mean square of dL/dh after every block, mean over the seeds; that of the last is 0."""
    logs = []
    for seed in seeds:
        mg.manual_seed(seed)
        h, after = mg.randn(samples, width), []
        for _ in range(depth):
            after.append(h := block()(h))  # (samples, width)
        error = mg.randn(samples, width)  # a random dL/dh at the top
        gradients = [g.numpy() for g in (*autograd.grad(h, after[:-1], error), error)]
        logs.append([0.5 * math.log(np.mean(np.square(g, dtype=np.float64))) for g in gradients])
    mean = np.mean(logs, axis=0)
    return mean - mean[-1]


def plain(width: int, variance: float) -> nn.Module:
    return nn.Sequential(linear(width, variance), nn.ReLU())


def normalized(width: int, norm: Callable[[], nn.Module]) -> nn.Module:
    return nn.Sequential(linear(width, 1.0), norm(), nn.ReLU())


def body(width: int, variance: float) -> nn.Module:
    """Two layers. The second mixes signs again: a ReLU at the end would only ever add to what a skip carries."""
    return nn.Sequential(linear(width, 1.0), nn.ReLU(), linear(width, variance))


def instance_norm(channels: int, positions: int) -> nn.Module:
    """Each channel of each sample by itself; a layer of units is read as channels × positions."""
    return nn.Sequential(nn.Unflatten(1, (channels, positions)), nn.InstanceNorm1d(channels), nn.Flatten())


def growth(log: np.ndarray) -> float:
    """Of the squared gradient by layer on the way down, from a straight line through the logarithms."""
    return math.exp(-2 * np.polyfit(np.arange(len(log)), log, 1)[0])


def normalization(run: Experiment) -> None:
    run.section("Normalisation")
    run.say("""The same 30 ReLU layers with weights too small by √2, with a normalisation before each ReLU. If m units
        are normalised together, theory has χ = (m - 2) / (m - 3): close to 1 for many. A batch normalisation takes the
        mean of every unit away, which is part of what a ReLU passes: χ = π / (π - 1).""")
    width, depth = 512, 30
    rule = lambda m: (m - 2) / (m - 3)  # noqa: E731
    cases = (
        ("none", lambda: plain(width, 1.0), 0.5, GREY),
        ("He's initialisation", lambda: plain(width, 2.0), 1.0, ORANGE),
        ("layer", lambda: normalized(width, lambda: nn.LayerNorm(width)), rule(width), BLUE),
        ("group: 32 of 16 units", lambda: normalized(width, lambda: nn.GroupNorm(32, width)), rule(16), GREEN),
        ("instance: 64 of 8 units", lambda: normalized(width, lambda: instance_norm(64, 8)), rule(8), PINK),
        ("batch", lambda: normalized(width, lambda: nn.BatchNorm1d(width)), math.pi / (math.pi - 1), RED),
    )
    rows = {}
    caption = """Size of dL/dh by layer. Without normalisation it vanishes; layer normalisation keeps it as well as the
        right initialisation; the fewer numbers are normalised together, the more it grows; and batch normalisation, the
        usual cure, makes it explode in a deep network at its start."""
    with run.picture("normalization.png", (9, 4.6), caption) as figure:
        axis = figure.subplots()
        for name, block, chi, colour in run.progress(cases, "normalisations"):
            found = flow(block, depth, width, run.seeds(run.pick(quick=2, full=5)))
            ratio = math.exp(found[0])
            rows[name] = {"normalisation": name, "χ measured": growth(found), "χ in theory": chi, "layer 1 / 30": ratio}
            axis.semilogy(range(1, depth + 1), np.exp(found), ".-", color=colour, label=name)
        axis.set(xlabel="layer", ylabel="root mean square of dL/dh, last layer = 1")
        axis.grid(alpha=0.3)
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    run.table("squared gradient, per layer down", rows.values(),
              **{"χ measured": ".3f", "χ in theory": ".3f", "layer 1 / 30": ".3g"})  # fmt: skip
    for name in ("layer", "group: 32 of 16 units", "instance: 64 of 8 units", "batch"):
        found, expected = rows[name]["χ measured"], rows[name]["χ in theory"]
        run.expect(f"χ with normalisation by {name}", found, at_least=expected - 0.03, at_most=expected + 0.03,
                   form=".3f", source="π / (π - 1), Yang et al. 2019" if name == "batch" else "(m - 2) / (m - 3)",
                   headline=name == "batch")  # fmt: skip
    x = mg.randn(4, 512)
    apart = np.abs((instance_norm(64, 8)(x) - nn.GroupNorm(64, 512)(x)).detach().numpy()).max()
    run.expect("instance normalisation is group normalisation by channels: difference", apart, at_most=1e-5,
               source="definition")  # fmt: skip


def skips(run: Experiment) -> None:
    run.section("Skip connections")
    run.say("""h + f(h) lets the gradient pass beside f: a block multiplies its square by 1 + χ instead of χ. That cures
        vanishing, but grows with depth itself. With f divided by the root of the number of blocks the gradient stays
        below √(e^χ) for any depth. Here f is linear, ReLU, linear, with χ = ½.""")
    width, depths = 128, run.pick(quick=(5, 10, 20, 40), full=(5, 10, 20, 40, 80))
    kinds = (
        ("plain", lambda depth: body(width, 1.0), lambda depth: 0.5, GREY),
        ("skip", lambda depth: nn.Residual(body(width, 1.0)), lambda depth: 1.5, ORANGE),
        ("skip, f / √depth", lambda depth: nn.Residual(body(width, 1 / depth)), lambda depth: 1 + 0.5 / depth, BLUE),
    )
    rows, worst = [], 0.0
    caption = """dL/dh of the first block against depth; lines are theory. Without skips it is gone in a deep network;
        with them it arrives, and with damped blocks at the same size for any depth."""
    with run.picture("skips.png", (8, 4.4), caption) as figure:
        axis = figure.subplots()
        for name, block, chi, colour in kinds:
            found = [flow(partial(block, depth), depth, width, run.seeds(4))[0] for depth in depths]
            expected = [0.5 * (depth - 1) * math.log(chi(depth)) for depth in depths]
            worst = max(worst, *(abs(a - b) / d for a, b, d in zip(found, expected, depths, strict=True)))
            rows.append({"network": name, **{f"{d} blocks": math.exp(f) for d, f in zip(depths, found, strict=True)}})
            axis.loglog(depths, np.exp(found), "o", color=colour, label=name)
            axis.loglog(depths, np.exp(expected), color=colour)
        axis.set(xlabel="blocks", ylabel="dL/dh₁ relative to the last block's", xticks=depths)
        axis.set_xticks(depths, map(str, depths))
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend()
    run.table("dL/dh of block 1", rows, **{f"{depth} blocks": ".2g" for depth in depths})
    run.expect("skip connections: largest deviation of log |dL/dh₁| from theory, per layer", worst, at_most=0.03,
               form=".3f", source="χ, 1 + χ, 1 + χ / depth")  # fmt: skip


@np.errstate(over="ignore", invalid="ignore")  # exploding is what it is about
def train(x: np.ndarray, y: np.ndarray, seed: int, rate: float, clip: bool, warm_up: bool, steps: int) -> np.ndarray:
    """The losses of a network that reads digits, with weights 1.5 times as large as He's; infinite once it is lost."""
    generator = mg.manual_seed(seed)
    sizes = [64, *[64] * 6, 10]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        nn.init.normal_(layers[-2].weight, std=1.5 * math.sqrt(2 / inputs))
    model = nn.Sequential(*layers[:-1])
    optimizer = optim.SGD(model.parameters(), lr=rate)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1e-3, total_iters=steps // 2) if warm_up else None
    losses = np.full(steps, np.inf)
    for step in range(steps):
        batch = generator.integers(0, len(x), 64)
        loss = F.cross_entropy(model(x[batch]), y[batch])
        if not math.isfinite(loss.item()):
            break
        losses[step] = loss.item()
        optimizer.zero_grad()
        loss.backward()
        if clip:
            clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if schedule:
            schedule.step()
    return losses


def too_large_a_rate(run: Experiment) -> None:
    run.section("Too large a rate")
    run.say("""Seven ReLU layers that read digits, with weights 1.5 times as large as He's and a rate that this start
        cannot bear. Four runs from the same seed: plain; with the gradient clipped to norm 1; with a rate that rises
        slowly, for half of the steps; with both. Then again with a rate that is too large for good. Repeated for five
        seeds, of which the table shows the median and the picture the first.""")
    digits, steps = load_digits(), run.pick(quick=150, full=300)
    x, y = digits.inputs.reshape(-1, 64), digits.targets  # (1797, 64) from 0 to 16, (1797,)
    x = (x - x.mean()) / x.std()
    kinds = (("plain", False, False, RED), ("clipped", True, False, BLUE), ("warm-up", False, True, ORANGE),
             ("both", True, True, GREEN))  # fmt: skip
    rows, ends = [], {}
    caption = """The loss of four runs from the same start. Plain, it leaves the picture within ten steps. Clipping and
        warm-up both help at the smaller rate; at the larger one warm-up only puts off the end, or leaves a wreck that
        guesses."""
    with run.picture("too_large_a_rate.png", (11, 4.2), caption) as figure:
        for axis, rate in zip(figure.subplots(1, 2, sharey=True), (0.12, 0.8), strict=True):
            for name, clip, warm_up, colour in kinds:
                runs = np.array([train(x, y, seed, rate, clip, warm_up, steps) for seed in run.seeds(5)])  # (5, steps)
                lasts = runs[:, -20:].mean(axis=1)
                ends[name, rate] = float(np.median(lasts))
                rows.append({"rate": rate, "run": name, "loss at the end": ends[name, rate],
                             "at chance or worse": f"{np.sum(lasts > 2.2)} of {len(runs)}"})  # fmt: skip
                axis.semilogy(runs[0], color=colour, label=name, linewidth=1.2)
            axis.set(title=f"rate {rate}", xlabel="step", ylabel="cross-entropy, nats", ylim=(0.02, 1e4))
            axis.grid(alpha=0.3)
            axis.legend(loc="upper right")
    run.table("four runs with the same seed, twice", rows, **{"loss at the end": ".3f"})
    loss = ends["plain", 0.12]
    run.expect("rate 0.12, plain: loss at the end", loss, at_least=math.log(10), form=".3g", source="chance")
    for name, rate in (("clipped", 0.12), ("warm-up", 0.12), ("both", 0.12), ("clipped", 0.8)):
        loss = ends[name, rate]
        run.expect(f"rate {rate}, {name}: loss at the end", loss, at_most=0.7, form=".3f", source="10 seeds")
    run.expect("rate 0.8, warm-up: loss at the end", ends["warm-up", 0.8], at_least=1.5, form=".3f", source="10 seeds")
    run.say("Clipping bounds every step; warm-up waits until the network bears them: it helps against what passes.")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "gradient_cures"), arguments) as run:
        normalization(run)
        skips(run)
        too_large_a_rate(run)


if __name__ == "__main__":
    main()
