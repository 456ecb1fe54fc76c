"""A network learns digits without labels, from pairs of changed images; positives alone make all images the same.

    python examples/contrastive.py             tables and pictures, in runs/contrastive
    python examples/contrastive.py --quick
    python examples/contrastive.py --help

Checked here: "we take an input data point and augment it to create multiple positive pairs, and then we can compare
those with other samples which act as negative pairs", for the four losses of the notes (siamese contrastive, triplet,
InfoNCE, NT-Xent). No loss sees a label: the negatives are other images, some of which
show the same digit. The protocol: 360 of scikit-learn's 1,797 digits are held out; the encoder learns from two random
changes (a turn, a shift, a zoom, noise) of the others, and is then frozen; logistic regression on its features learns
from all labels, or from 10 per digit, and is judged on the held-out images as they are.

Expected (base seeds 0 to 9 in quick mode, 0 to 2 in full mode): at least 93 % after any of the four losses with all
labels. That says little, since raw pixels and random encoders reach that, too. With 10 labels per digit, NT-Xent reads
89 to 94 % and is 1 to 5 points above pixels in quick mode; the longer full mode reads 92 to 93 %, 4 points above them.
Without negatives the mean cosine of two images is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, no_grad, optim
from minigrad.data.readers import load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler

COLORS = {"siamese": "#E69F00", "triplet": "#009E73", "InfoNCE": "#CC79A7", "NT-Xent": "#0072B2"}
COLORS["positives"] = "#D55E00"  # of positives only, a loss that nobody should use
HELD_OUT, FEW, MARGIN, TEMPERATURE = 360, 10, 1.0, 0.2


def change(images: Any, generator: np.random.Generator) -> Any:
    """Every image turned by up to 15 degrees, shifted by up to a pixel, zoomed by up to 10 %, with noise.

    ``minigrad.data.transforms.TwoViews`` does the like image by image in a loader; this does a batch at once.

    Args:
        images: (N, 8, 8), from 0 to 1.
        generator: draws the changes.
    """
    count = len(images)
    angle, zoom = np.deg2rad(generator.uniform(-15, 15, count)), generator.uniform(0.9, 1.1, count)
    cosine, sine = ((zoom * f(angle))[:, None, None] for f in (np.cos, np.sin))
    down, right = generator.uniform(-1, 1, (2, count, 1, 1))
    row, column = np.mgrid[:8, :8] - 3.5
    y = np.clip(cosine * row - sine * column + down + 5.5, 0, 10.99)  # where each pixel comes from, of 12 × 12
    x = np.clip(sine * row + cosine * column + right + 5.5, 0, 10.99)
    padded, which = np.pad(images, ((0, 0), (2, 2), (2, 2))), np.arange(count)[:, None, None]
    top, left = y.astype(int), x.astype(int)
    upper = padded[which, top, left] * (1 - x + left) + padded[which, top, left + 1] * (x - left)
    lower = padded[which, top + 1, left] * (1 - x + left) + padded[which, top + 1, left + 1] * (x - left)
    seen = upper * (1 - y + top) + lower * (y - top)
    return (seen + 0.1 * generator.standard_normal(seen.shape)).astype(np.float32)


def networks() -> tuple[nn.Module, nn.Module]:
    """The encoder, whose features are judged, and a head on top, whose output the loss sees (Chen et al. 2020)."""
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
    return encoder, nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 32))


def loss_of(kind: str, one: Tensor, other: Tensor, step: int) -> Tensor:
    """A loss of two views (B, 32) of a batch; where it takes one negative, that is a view of another image."""
    if kind == "NT-Xent":
        return F.nt_xent_loss(one, other, TEMPERATURE)
    if kind == "InfoNCE":
        return F.info_nce_loss(one, other, temperature=TEMPERATURE)
    one, other = F.normalize(one, dim=1), F.normalize(other, dim=1)
    if kind == "positives":
        return (1 - (one * other).sum(1)).mean()
    count = len(one)
    negative = other[(np.arange(count) + 1 + step % (count - 1)) % count]
    if kind == "triplet":
        return F.triplet_margin_loss(one, other, negative, margin=MARGIN)
    same = np.repeat([1, 0], count)
    return F.contrastive_loss(mg.concatenate([one, one]), mg.concatenate([other, negative]), same, margin=MARGIN)


def mean_cosine(vectors: Any) -> float:
    """Of two different rows."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    total = float(np.square(unit.sum(0, dtype=np.float64)).sum())
    return (total - len(unit)) / (len(unit) * (len(unit) - 1))


def pretrain(
    kind: str, images: Any, steps: int, generator: np.random.Generator
) -> tuple[nn.Module, nn.Module, list[float]]:
    """Encoder, head, and the mean cosine of different images in the head's output every 10 steps."""
    encoder, head = networks()
    optimizer = optim.Adam([*encoder.parameters(), *head.parameters()], lr=2e-3)
    schedule = lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    cosines = []
    for step in range(steps):
        batch = images[generator.choice(len(images), 128, replace=False)]
        vectors = head(encoder(np.concatenate([change(batch, generator), change(batch, generator)])))
        if step % 10 == 0:
            cosines.append(mean_cosine(vectors[:128].detach().numpy()))
        loss = loss_of(kind, vectors[:128], vectors[128:], step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return encoder, head, cosines


def probe(features: Any, labels: Any, held_out: Any, answers: Any) -> float:
    """The share of held-out answers that logistic regression on these features gets right."""
    mean, std = features.mean(0), features.std(0) + 1e-3
    layer, inputs = nn.Linear(features.shape[1], 10), Tensor((features - mean) / std)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = optim.LBFGS(layer.parameters(), max_iter=100, line_search_fn="strong_wolfe")
    penalty = 1 / len(labels)  # a Gaussian prior of the weights, the same for few labels as for many

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(layer(inputs), labels) + penalty * F.l2_penalty([layer.weight])
        loss.backward()
        return loss

    optimizer.step(closure)
    return float((layer(Tensor((held_out - mean) / std)).numpy(force=True).argmax(1) == answers).mean())


def once(images: Any, labels: Any, seed: int, steps: int) -> tuple[Any, Any]:
    """For one split, what the probes read by kind of features, and the curves of mean cosines."""
    generator = mg.manual_seed(seed)
    held, rest = np.split(generator.permutation(len(images)), [HELD_OUT])
    few = np.concatenate([rest[labels[rest] == digit][:FEW] for digit in range(10)])
    parts = {"all labels": rest, f"{FEW} per digit": few}

    def judged(features: Any) -> dict[str, float]:
        return {name: probe(features[part], labels[part], features[held], labels[held]) for name, part in parts.items()}

    def features_of(module: nn.Module) -> Any:
        with no_grad():
            return module(Tensor(images)).numpy()

    found = {"raw pixels": judged(images.reshape(-1, 64)), "random encoder": judged(features_of(networks()[0]))}
    curves = {}
    for kind in COLORS:
        encoder, head, curves[kind] = pretrain(kind, images[rest], steps, generator)
        embedded = features_of(nn.Sequential(encoder, head))[held]
        found[kind] = {**judged(features_of(encoder)), "mean cosine": mean_cosine(embedded)}
    return found, curves


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    with Experiment(options(__doc__, "contrastive"), arguments) as run:
        digits = load_digits()
        images = (digits.inputs.reshape(-1, 8, 8) / 16).astype(np.float32)
        seeds, steps = run.seeds(run.pick(quick=2, full=6)), run.pick(quick=200, full=400)
        runs = [once(images, digits.targets, seed, steps) for seed in run.progress(seeds, "seeds")]
        found = {
            name: {column: float(np.mean([result[0][name][column] for result in runs])) for column in row}
            for name, row in runs[0][0].items()
        }
        few, percent = f"{FEW} per digit", {"all labels": ".1%", f"{FEW} per digit": ".1%"}
        run.section(
            "Four losses, no labels",
            f"""Each encoder saw {steps} batches of 128 digits in two random changes, and no label. Then it is frozen,
            and logistic regression on its 128 features learns from all {len(images) - HELD_OUT} labels, or from {FEW}
            per digit. The last column is the cosine of two different held-out images, in the mean.""",
        )
        rows = [{"features": name, **row} for name, row in found.items()]
        run.table("held-out digits read correctly", rows, **percent, **{"mean cosine": ".3f"})
        best, pixels, folded = found["NT-Xent"], found["raw pixels"], found["positives"]
        run.say(
            """With all labels even pixels and a random encoder do well: digits are easy, and such a number is no proof
            of anything learnt. With few labels it shows that the changes taught the network what does not matter. A
            random network lays all images in nearly one direction; negatives drive them apart, the siamese loss only to
            a distance of 1 (a cosine of 0.5), its margin. Positives alone are content where they are, and lose more."""
        )
        worst = min(found[name]["all labels"] for name in ("siamese", "triplet", "InfoNCE", "NT-Xent"))
        run.expect("all labels, worst of the four losses", worst, at_least=0.93, form=".1%", source="10 seeds")
        run.expect(f"{few}, NT-Xent", best[few], at_least=0.88, form=".1%", headline=True, source="10 seeds")
        gain, least = best[few] - pixels[few], run.pick(quick=0.003, full=0.02)
        run.expect("gain over pixels with few labels", gain, at_least=least, form=".1%", source="10 seeds")
        run.expect("mean cosine, positives only", folded["mean cosine"], at_least=0.99, source="theory: 1")
        run.expect("mean cosine, NT-Xent", best["mean cosine"], at_least=-0.05, at_most=0.15, source="10 seeds")
        near_margin = found["siamese"]["mean cosine"]
        run.expect("mean cosine, siamese", near_margin, at_least=0.4, at_most=0.6, source="theory: 0.5")
        lost = pixels[few] - folded[few]
        run.expect("loss of positives only against pixels", lost, at_least=0.03, form=".1%", source="10 seeds")
        draw(run, found, runs[0][1], images)


def draw(run: Experiment, found: dict[str, dict[str, float]], curves: dict[str, list[float]], images: Any) -> None:
    """Pairs, what the probes read, and the collapse."""
    caption = """Above: digits, and two random changes of each, a positive pair. Below: what logistic regression reads
    with few labels; and how alike different images become on the way: positives alone end at 1."""
    with run.picture("contrastive.png", (10, 6.4), caption) as figure:
        above, below = figure.subfigures(2, 1, height_ratios=(1, 1.5))
        generator = mg.manual_seed(run.seed)
        shown = {"image": images[:10]} | {name: change(images[:10], generator) for name in ("one view", "the other")}
        for row, (name, pictures) in enumerate(shown.items()):
            for column, picture in enumerate(pictures):
                axes = above.add_subplot(3, 10, 10 * row + column + 1)
                axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
                axes.set(xticks=[], yticks=[])
                if column == 0:
                    axes.set_ylabel(name, rotation=0, ha="right", va="center")
        left, right = below.subplots(1, 2)
        for place, (name, row) in enumerate(found.items()):
            value = row[f"{FEW} per digit"]
            left.barh(place, value, color=COLORS.get(name, "#999999"))
            left.text(value - 0.01, place, f"{value:.1%}", ha="right", va="center", color="white")
        left.set(yticks=range(len(found)), yticklabels=[*found], xlabel=f"read correctly, {FEW} labels per digit")
        left.invert_yaxis()
        for name, curve in curves.items():
            right.plot(10 * np.arange(len(curve)), curve, color=COLORS[name], label=name)
        right.set(xlabel="step", ylabel="mean cosine of two images", ylim=(-0.1, 1.05))
        right.legend(ncols=2, loc="upper right", bbox_to_anchor=(1, 0.93))


if __name__ == "__main__":
    main()
