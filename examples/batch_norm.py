"""BatchNorm has two modes: it learns the mean of the data while it trains, and must be told to use it.

In train mode BatchNorm takes the mean of the batch, in eval mode the running mean that it kept. Checked here on a small
convolutional network for digits: the running mean converges as theory says; in eval mode an answer does not depend on
the images beside it, in train mode it does, and a network that was left there misreads
batches in which all images show one digit.

    python examples/batch_norm.py            pictures and a receipt go to runs/batch_norm
    python examples/batch_norm.py --help

Expected: the running mean within 15 % of theory; 93 to 97 % of unseen digits read right in eval mode, and 4 to 8 %
fewer in train mode if the images of a batch show one digit (base seeds 0 to 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.data import DataLoader, TensorDataset, readers
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BATCH, STEPS = 32, 60
SIZES = (2, 4, 8, 16, 32, 64)  # of the batches that are judged
BLUE, GREEN, VERMILION = "#0072B2", "#009E73", "#D55E00"


def build() -> nn.Sequential:
    """A small network for images (N, 1, 8, 8)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 16, 4, 4)
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 32, 2, 2)
        nn.Flatten(),
        nn.Linear(128, 10),
    )


def train(model: nn.Module, images: np.ndarray, labels: np.ndarray, epochs: int) -> None:
    """Adam, one batch after the other."""
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        for x, y in DataLoader(TensorDataset(images, labels), batch_size=BATCH, shuffle=True):  # (B, 1, 8, 8), (B,)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@mg.no_grad()
def follow(inputs: np.ndarray) -> tuple[list[float], np.ndarray]:
    """How far a new BatchNorm's running mean is from the mean of its inputs (N, C, H, W): measured, and in theory."""
    norm = nn.BatchNorm2d(inputs.shape[1])  # running mean ← 0.9 · running mean + 0.1 · mean of the batch, from 0 on
    true, spread = inputs.mean(axis=(0, 2, 3)), inputs.mean(axis=(2, 3)).std(axis=0)  # (C,)
    errors, generator = [], mg.random.default_generator()
    for _ in range(STEPS):
        norm(Tensor(inputs[generator.choice(len(inputs), BATCH, replace=False)]))
        errors.append(float(np.sqrt(np.mean((norm.running_mean.numpy() - true) ** 2))))
    keep = 0.9 ** np.arange(1, STEPS + 1)  # what is left of the start; the rest averages batches, which scatter
    scatter = np.mean(spread**2) / BATCH * (1 - BATCH / len(inputs)) * 0.1 / 1.9 * (1 - keep**2)
    return errors, np.sqrt(np.mean(true**2) * keep**2 + scatter)


@mg.no_grad()
def judge(model: nn.Module, images: np.ndarray, labels: np.ndarray, order: np.ndarray, size: int) -> float:
    """The share of right answers for batches of one size, in this order."""
    model = deepcopy(model)  # in train mode it moves its running means
    seen = [model(Tensor(images[order[i : i + size]])).argmax(dim=1).numpy() for i in range(0, len(order), size)]
    return float(np.mean(np.concatenate(seen) == labels[order]))


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "batch_norm"), arguments) as run:
        table = readers.load_digits()
        images, labels = np.asarray(table.inputs), np.asarray(table.targets)  # (1797, 1, 8, 8), (1797,)
        images = (images - images.mean()) / images.std()
        model = build()
        train(model, images[:1437], labels[:1437], run.pick(quick=5, full=15))
        images, labels = images[1437 : 1437 + 320], labels[1437 : 1437 + 320]  # whole batches of every size, unseen
        generator = mg.random.default_generator()

        run.section("The running mean", f"""A new BatchNorm behind the first convolution gets {STEPS}
            random batches of {BATCH} images. Its running mean starts at 0 and keeps 0.9 of itself each
            time.""")  # fmt: skip
        with mg.no_grad():
            inputs = model[0](Tensor(images)).numpy()  # (320, 16, 8, 8)
        measured, predicted = zip(*(follow(inputs) for _ in range(20)), strict=True)
        error, theory = np.sqrt(np.mean(np.square(measured), axis=0)), predicted[0]  # (STEPS,)
        run.table(
            "error of the running mean, root mean square over 20 runs",
            [{"batches": k, "measured": error[k - 1], "theory": theory[k - 1]} for k in (1, 5, 10, 20, 40, 60)],
        )
        with run.picture("running_mean.png", (6.5, 4), """Error of the running mean by step. It forgets its
            start by 10 % a step, down to the scatter that 32 images leave in a mean. Light: one
            run.""") as figure:  # fmt: skip
            axis = figure.subplots()
            axis.semilogy(range(1, STEPS + 1), measured[0], color=BLUE, alpha=0.3)
            axis.semilogy(range(1, STEPS + 1), error, "o", color=BLUE, markersize=4, label="measured, 20 runs")
            axis.semilogy(range(1, STEPS + 1), theory, color=VERMILION, label="theory")
            axis.set(xlabel="batches", ylabel="error of the running mean")
            axis.grid(alpha=0.3)
            axis.legend()
        run.expect(
            "running mean: error / theory, 10 batches",
            error[9] / theory[9],
            at_least=0.85,
            at_most=1.15,
            source="0.9^k and scatter",
            headline=True,
        )
        run.expect(
            "running mean: error / theory, last 20 batches",
            np.mean(error[-20:] / theory[-20:]),
            at_least=0.7,
            at_most=1.4,
            source="0.9^k and scatter",
        )

        run.section("Who else is in the batch", """One image, ten times, each time beside 31 others. Then
            320 images that the network has not learned from, in batches of several sizes: mixed, or of one
            digit each.""")  # fmt: skip
        orders = {"mixed": generator.permutation(len(images)), "one digit": np.argsort(labels, kind="stable")}
        scatter: dict[str, float] = {}
        right: dict[tuple[str, str], list[float]] = {}
        for mode in ("train", "eval"):
            model.train(mode == "train")
            answers = []
            asked = deepcopy(model)
            for _ in range(10):
                chosen = np.append(0, 1 + generator.choice(len(images) - 1, 31, replace=False))
                with mg.no_grad():
                    answers.append(asked(Tensor(images[chosen])).numpy()[0])  # (10 classes,)
            scatter[mode] = float(np.std(answers, axis=0).max())
            for name, order in orders.items():
                right[mode, name] = [judge(model, images, labels, order, size) for size in SIZES]
        run.table(
            "one image's logits beside different images",
            [{"mode": mode, "largest standard deviation": scatter[mode]} for mode in scatter],
        )
        run.table("unseen digits read right", [{"batch": size, **{f"{mode}, {name}": right[mode,
            name][i] for mode, name in right}} for i, size in enumerate(SIZES)],
            **{f"{mode}, {name}": ".1%" for mode, name in right})  # fmt: skip
        with run.picture("modes.png", (6.5, 4), """Unseen digits read right by the size of the batch. In
            eval mode the batch does not matter. In train mode small batches, and batches of one digit,
            spoil the answers.""") as figure:  # fmt: skip
            axis = figure.subplots()
            for (mode, name), colour in zip(right, (BLUE, VERMILION, GREEN, GREEN), strict=True):
                style = "o-" if name == "mixed" else "s--"
                axis.plot(SIZES, right[mode, name], style, color=colour, label=f"{mode} mode, {name}")
            axis.set(xlabel="images in a batch", ylabel="unseen digits read right", xscale="log", ylim=(0.7, 1))
            axis.set_xticks(SIZES, [str(size) for size in SIZES])
            axis.minorticks_off()
            axis.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
            axis.grid(alpha=0.3)
            axis.legend()
        run.say("""A network left in train mode judges an image by its neighbours. What all images of a batch have in
            common is taken for the mean and removed; if they show one digit, that is what makes it this digit.""")
        run.expect("scatter of an answer, eval mode", scatter["eval"], at_most=1e-5, source="none but rounding")
        run.expect("scatter of an answer, train mode", scatter["train"], at_least=0.05, source="10 seeds")
        spread = float(np.ptp([right["eval", name] for name in orders]))
        run.expect("eval mode, right: most - least", spread, at_most=0, form=".1%", source="no dependence")
        run.expect("eval mode, right", right["eval", "mixed"][0], at_least=0.9, form=".1%", source="10 seeds")
        lost = {name: float(np.mean(np.subtract(right["eval", name], right["train", name]))) for name in orders}
        run.expect(
            "lost in train mode, mixed batches",
            lost["mixed"],
            at_least=-0.01,
            at_most=0.04,
            form=".1%",
            source="10 seeds",
        )
        run.expect(
            "lost in train mode, batches of one digit", lost["one digit"], at_least=0.03, form=".1%", source="10 seeds"
        )


if __name__ == "__main__":
    main()
