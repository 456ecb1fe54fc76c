"""How a signal and its gradient fare in ten layers of 500 units before any training: six ways to draw the weights.

The famous experiment of the Stanford and Munich lectures, with three additions: every measurement stands beside what
theory predicts for it, gradients are measured too, and each case gets a verdict drawn from its own numbers.

Two statements of the lectures do not survive that. Big weights saturate tanh, but the gradient of the activations does
not vanish: it explodes. Small weights make it vanish, but the gradient of the weights is the same in all layers.

    python examples/initialization.py            pictures and a receipt go to runs/initialization
    python examples/initialization.py --help

Expected: every std within 5 standard deviations of one run of theory; gradients within 15 % for tanh, and for ReLU,
whose runs scatter more, within a factor of 1.5 (1.5 and 2 for the 100 units of --quick; base seeds 0 to 9).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad
from minigrad import Tensor, autograd, nn, theory
from minigrad.experiment import Experiment, at_least, options
from minigrad.nn import functional as F

Activation = Callable[[Any], Tensor]
CLASSES = 10
EXPLAINED = (
    "h: activations of a layer. Saturated: |tanh| > 0.97, or a ReLU that gives 0.",
    "dL/dh: with a random error of variance 1 put in place of dL/dh at the last layer, so that its last value is 1.",
    """dL/dW: with the mean cross-entropy of {samples} samples with random labels behind a linear layer to {classes}
        classes; over twice as many samples it would be 1/√2 of that wherever the samples are uncorrelated.""",
    "± one run: theory's standard deviation, from run to run, of a std that is measured over {samples} samples.",
)


@dataclass(frozen=True)
class Case:
    name: str
    activation: Activation
    weight_std: Callable[[int], float]  # from the number of inputs
    colour: str  # Okabe and Ito's, which people with any kind of colour vision can tell apart
    marker: str

    @property
    def is_relu(self) -> bool:
        return self.activation is minigrad.relu

    @property
    def bins(self) -> np.ndarray:  # an odd number of them, so that 0 lies in the middle of one
        return np.linspace(0, 4, 62) if self.is_relu else np.linspace(-1, 1, 62)


CASES = (
    Case("tanh, std 0.01", minigrad.tanh, lambda n: 0.01, "#0072B2", "o"),
    Case("tanh, std 1", minigrad.tanh, lambda n: 1.0, "#D55E00", "s"),
    Case("tanh, Xavier 1/√n", minigrad.tanh, lambda n: 1 / math.sqrt(n), "#009E73", "^"),
    Case("ReLU, Xavier 1/√n", minigrad.relu, lambda n: 1 / math.sqrt(n), "#CC79A7", "v"),
    Case("ReLU, Kaiming √(2/n)", minigrad.relu, lambda n: math.sqrt(2 / n), "#E69F00", "D"),
    Case("tanh, all zeros", minigrad.tanh, lambda n: 0.0, "#555555", "x"),
)


KNOWN = {  # std of dL/dW in layer 1 of ten layers of 500 units, for 500 samples: means of 8 runs of another program
    "tanh, std 0.01": 5.7e-10,
    "tanh, std 1": 677.0,
    "tanh, Xavier 1/√n": 5.1e-4,
    "ReLU, Xavier 1/√n": 6.0e-5,
    "ReLU, Kaiming √(2/n)": 0.0022,
}


# --- measuring --------------------------------------------------------------------------------------------------------
def build(case: Case, width: int, depth: int) -> tuple[list[nn.Linear], nn.Linear]:
    """Equal layers without bias, and a linear head to the classes."""
    layers = [nn.Linear(width, width, bias=False) for _ in range(depth)]
    head = nn.Linear(width, CLASSES)
    for layer in (*layers, head):
        nn.init.normal_(layer.weight, std=case.weight_std(width))
    nn.init.zeros_(head.bias)
    return layers, head


def forward(layers: list[nn.Linear], activation: Activation, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The pre-activations and the activations of every layer."""
    before, after = [], [x]
    for layer in layers:
        before.append(layer(after[-1]))
        after.append(activation(before[-1]))
    return before, after[1:]


@dataclass(frozen=True)
class Measurement:
    """One run of one case. Lists have one entry for each layer."""

    relu: bool
    std: list[float]  # of h
    second_moment: list[float]  # of h
    saturated: list[float]  # fraction of h
    alike: float  # E[h h'] / E[h²] in the last layer, h and h' on two samples
    gradient: list[float]  # std of dL/dh, for a random error of variance 1 at the top
    weight_gradient: list[float]  # std of dL/dW, for the cross-entropy
    median_error: list[float]  # median of |dL/dz|, for the cross-entropy; z are the pre-activations
    error_alike: float  # E[g g'] / E[g²] for g = dL/dh of the cross-entropy in the last layer
    head_gradient: tuple[float, float]  # largest |dL/dW| and |dL/db| of the head
    loss: float
    histograms: list[np.ndarray]  # of h, for a ReLU without the zeros


@np.errstate(over="ignore", invalid="ignore")  # a gradient may well explode beyond float32; the tables show it
def measure(case: Case, x: Tensor, labels: Tensor, depth: int) -> Measurement:
    """Draw the weights, run forwards once and backwards twice."""
    layers, head = build(case, x.shape[1], depth)
    before, after = forward(layers, case.activation, x)
    loss = F.cross_entropy(head(after[-1]), labels)

    error = Tensor(minigrad.random.default_generator().standard_normal(after[-1].shape, np.float32))
    gradients = [*autograd.grad(after[-1], after[:-1], error, retain_graph=True), error]
    for tensor in (*before, after[-1]):
        tensor.retain_grad()
    loss.backward()

    values = [array(h) for h in after]
    return Measurement(
        relu=case.is_relu,
        std=[std(h) for h in values],
        second_moment=[float(np.mean(np.square(h, dtype=np.float64))) for h in values],
        saturated=[float(np.mean(h == 0 if case.is_relu else np.abs(h) > 0.97)) for h in values],
        alike=alike(values[-1]),
        gradient=[std(array(g)) for g in gradients],
        weight_gradient=[std(array(layer.weight.grad)) for layer in layers],
        median_error=[float(np.median(np.abs(array(z.grad)))) for z in before],
        error_alike=alike(array(after[-1].grad)),
        head_gradient=tuple(float(np.abs(array(p.grad)).max()) for p in (head.weight, head.bias)),
        loss=loss.item(),
        histograms=[np.histogram(h[h > 0] if case.is_relu else h, case.bins)[0] for h in values],
    )


def array(tensor: Tensor | None) -> np.ndarray:
    assert tensor is not None
    return tensor.detach().numpy()


def std(values: np.ndarray) -> float:
    return float(np.std(values, dtype=np.float64))


def alike(values: np.ndarray) -> float:
    """The mean of v · v' over all pairs of different rows, relative to the mean of v · v."""
    values = values.astype(np.float64)
    own = float(np.sum(values**2))
    return (float(np.sum(values.sum(axis=0) ** 2)) / own - 1) / (len(values) - 1) if own else 0.0


# --- words ------------------------------------------------------------------------------------------------------------
def table(measured: Measurement, predicted: theory.Propagation) -> list[dict[str, float]]:
    """One row of numbers for each layer."""
    return [
        {
            "layer": i + 1,
            "std of h": measured.std[i],
            "theory": float(predicted.std[i]),
            "± one run": float(predicted.std_error[i]),
            "zeros" if measured.relu else "saturated": measured.saturated[i],
            "expected": float(predicted.saturated[i]),
            "std of dL/dh": measured.gradient[i],
            "in theory": float(predicted.gradient[i]),
            "std of dL/dW": measured.weight_gradient[i],
        }
        for i in range(len(measured.std))
    ]


def number(value: float, digits: int = 4) -> str:
    return "0" if value == 0 else f"{value:#.{digits}g}".removesuffix(".")


def fate(start: float, end: float) -> str:
    """What becomes of a quantity on its way from ``start`` to ``end``."""
    if not math.isfinite(end) or end > 10 * start:
        return "explodes"
    if end < start / 10:
        return "vanishes"
    return "grows" if end > 2 * start else "shrinks" if end < start / 2 else "keeps its size"


def arrow(start: float, end: float) -> str:
    return f"{number(start, 3)} → {number(end, 3)}"


def per_layer(start: float, end: float, steps: int) -> str:
    """The factor of one step, if ``steps`` equal ones lead from ``start`` to ``end``."""
    return f"×{(end / start) ** (1 / steps):.2f} per layer" if math.isfinite(end) else "beyond the range of float32"


def verdict(m: Measurement) -> str:
    """What happened in one run, from its measurements alone."""
    if not any(m.std) and not any(m.gradient[:-1]) and not any(m.weight_gradient) and not m.head_gradient[0]:
        return (
            "Nothing can learn: every activation is exactly 0, and with it every gradient below the error and of every "
            f"weight, the output layer's included. Only the bias of the output layer moves (|dL/db| up to "
            f"{number(m.head_gradient[1], 2)}): the network can learn how frequent the classes are, and nothing else."
        )
    signal, gradient = fate(m.std[0], m.std[-1]), fate(m.gradient[-1], m.gradient[0])
    sentences = [
        f"The signal {signal} on its way up: std {arrow(m.std[0], m.std[-1])}, "
        f"second moment {per_layer(m.second_moment[0], m.second_moment[-1], len(m.std) - 1)}."
    ]
    average, most = sum(m.saturated) / len(m.saturated), max(m.saturated)
    if m.relu and most > 0.9:
        sentences.append(f"In layer {m.saturated.index(most) + 1}, {100 * most:.0f}% of the activations are 0.")
    elif not m.relu and average > 0.5:
        sentence = f"{100 * average:.1f}% of all units are saturated"
        if max(m.median_error) < 1e-11:
            sentence += ", so that the median of |dL/dz|, z = pre-activations, is below 1e-11 in every layer"
        sentences.append(sentence + ".")
    elif not m.relu and most >= 0.01:
        sentences.append(f"In layer {m.saturated.index(most) + 1}, {100 * most:.1f}% of the units are saturated.")
    carried = average > 0.5 and not m.relu and gradient in ("grows", "explodes")
    sentences.append(
        f"{'Still, the' if carried else 'The'} gradient of the activations {gradient} on its way down: dL/dh "
        f"{arrow(m.gradient[-1], m.gradient[0])}, {per_layer(m.gradient[-1], m.gradient[0], len(m.std) - 1)}"
        f"{', carried by the units that are not saturated' if carried else ''}."
    )
    return " ".join([*sentences, of_weights(m, signal, gradient)])


def of_weights(m: Measurement, signal: str, gradient: str) -> str:
    """The verdict's sentence on dL/dW, which is the sum over the samples of activation times error."""
    bottom, top = m.weight_gradient[0], m.weight_gradient[-1]
    ends = f"dL/dW {number(top, 3)} at the top, {number(bottom, 3)} at the bottom"
    falling = ("vanishes", "shrinks")
    if not top and not bottom:
        return "The gradient of the weights is 0 at both ends: it is too small for float32."
    match fate(top, bottom):
        case "keeps its size" if signal in falling and gradient in falling:
            return (
                f"Yet the gradient of the weights is nearly the same in all layers: {ends}. It is activation times "
                "error, and the one fades upwards as the other fades downwards."
            )
        case "keeps its size":
            return f"The gradient of the weights is nearly the same in all layers: {ends}."
        case "vanishes" | "shrinks" if gradient == "keeps its size" and m.alike > 0.5 and m.error_alike > 0:
            return (
                f"Yet the gradient of the weights grows with depth: {ends}. Further up the samples are more alike "
                f"(E[h h'] / E[h²] between two of them is {m.alike:.2f} at the top), and their gradients add up."
            )
        case "vanishes" | "shrinks":
            return f"The gradient of the weights is smaller further down: {ends}."
        case change:
            return f"The gradient of the weights {change} on its way down: {ends}."


def deviation(m: Measurement, predicted: theory.Propagation) -> np.ndarray:
    """How far the std of h is from theory in each layer, in standard deviations of one run; all zeros agree."""
    if not any(predicted.std):
        return np.array([0.0 if std == 0 else math.inf for std in m.std])
    return np.abs(m.std / predicted.std - 1) / predicted.std_error


def agreement(m: Measurement, predicted: theory.Propagation) -> str:
    """How far measurement and theory are apart."""
    off = deviation(m, predicted)
    if not any(predicted.std) and not any(off):
        return "Theory says so too."
    return (
        f"Theory's std of h is at most {off.max():.1f} standard deviations of one run away (layer {off.argmax() + 1})."
    )


# --- pictures ---------------------------------------------------------------------------------------------------------
def shown_layers(depth: int) -> np.ndarray:
    """All layers, or ten of them."""
    return np.unique(np.linspace(0, depth - 1, 10).round().astype(int))


def draw_histograms(figure: Any, runs: list[tuple[Case, Measurement]]) -> None:
    """One row of histograms for each case, one column for each layer, or for ten of them."""
    shown = shown_layers(len(runs[0][1].std))
    axes = figure.subplots(len(runs), len(shown), squeeze=False)
    for i, axis in zip(shown, axes[0], strict=True):
        axis.annotate(f"layer {i + 1}", (0.5, 1.35), xycoords="axes fraction", ha="center", fontsize=10)
    for row, (case, measured) in zip(axes, runs, strict=True):
        for i, axis in zip(shown, row, strict=True):
            axis.set_title(f"std {number(measured.std[i], 3)}", fontsize=9)
            axis.stairs(measured.histograms[i], case.bins, fill=True, color=case.colour)
            axis.set_xlim(case.bins[0] - 0.05, case.bins[-1] + 0.05)
            axis.set_xticks([0, 2, 4] if case.is_relu else [-1, 0, 1])
            axis.set_yticks([])
            axis.tick_params(labelsize=8)
            axis.spines[["top", "left", "right"]].set_visible(False)
        row[0].set_ylabel(case.name.replace(", ", ",\n") + ("\n(not the zeros)" if case.is_relu else ""), fontsize=10)
    figure.suptitle("Activations before training", fontsize=13)


HEADINGS = (
    "Signal: std of h",
    "Gradient of activations: std of dL/dh\n(for an error of std 1 at the top)",
    "Gradient of weights: std of dL/dW\n(for a cross-entropy loss)",
)


def draw_summary(figure: Any, runs: list[tuple[Case, Measurement, theory.Propagation]], title: str) -> None:
    """Signal and gradients by layer above; below, how far each measured std is from theory."""
    runs = [run for run in runs if any(run[1].std)]  # zeros have no place on logarithmic axes
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.75, 1])
    layers = np.arange(1, len(runs[0][1].std) + 1)
    axes = top.subplots(1, 3)
    for case, measured, predicted in runs:
        for axis, values in zip(axes[:2], (predicted.std, predicted.gradient), strict=True):
            axis.plot(layers, values, color=case.colour, linewidth=1.5)
        for axis, values in zip(axes, (measured.std, measured.gradient, measured.weight_gradient), strict=True):
            axis.plot(layers, values, case.marker, color=case.colour, markersize=6, label=case.name)
    for axis, heading in zip(axes, HEADINGS, strict=True):
        axis.set_yscale("log")
        axis.set_title(heading, fontsize=11)
    axes[0].text(0.04, 0.05, "all zeros: 0 everywhere", transform=axes[0].transAxes, color=CASES[-1].colour)
    top.suptitle(title, fontsize=14)
    top.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(runs), fontsize=11)

    small = bottom.subplots(1, len(runs), squeeze=False)[0]
    for axis, (case, measured, predicted) in zip(small, runs, strict=True):
        band = 200 * predicted.std_error
        axis.fill_between(layers, -band, band, color=case.colour, alpha=0.25, linewidth=0)
        axis.axhline(0, color=case.colour, linewidth=1.5)
        axis.plot(layers, 100 * (measured.std / predicted.std - 1), case.marker, color=case.colour, markersize=5)
        axis.yaxis.set_major_formatter("{x:g}%")
    bottom.suptitle(
        "Measured std of h against theory, and the band in which theory expects 95% of all runs", fontsize=12
    )
    for axis in (*axes, *small):
        axis.set_xticks(np.unique(np.linspace(1, len(layers), 4).round()))
        axis.set_xlabel("layer")
        axis.grid(alpha=0.3)


# --- running ----------------------------------------------------------------------------------------------------------
def expect(
    run: Experiment, case: Case, m: Measurement, predicted: theory.Propagation, width: int, samples: int
) -> None:
    """Compare one case with theory."""
    run.expect(f"{case.name}: std of h, standard deviations off", deviation(m, predicted).max(), at_most=5,
        source="theory, 10 seeds")  # fmt: skip
    if not any(m.std):
        run.expect(f"{case.name}: largest gradient of a weight", max(*m.weight_gradient, m.head_gradient[0]), at_most=0)
        return
    high = run.pick(quick=2.0, full=1.5) if case.is_relu else run.pick(quick=1.5, full=1.15)  # 100 units scatter more
    low = 1 / high
    run.expect(f"{case.name}: dL/dh of layer 1 / theory", m.gradient[0] / predicted.gradient[0],
        at_least=low, at_most=high, source="theory, 10 seeds", headline=case.name == "tanh, std 1")  # fmt: skip
    if not all(m.weight_gradient):  # too small for float32
        return
    ends = m.weight_gradient[0] / m.weight_gradient[-1]
    run.expect(f"{case.name}: dL/dW of layer 1 / layer 10, / theory", ends / predicted.weight_gradient[0],
        at_least=low**2, at_most=high**2, source="theory, 10 seeds")  # fmt: skip
    if (width, len(m.std)) == (500, 10):
        known = KNOWN[case.name] / math.sqrt(samples / 500)  # the inputs of layer 1 are uncorrelated
        run.expect(f"{case.name}: dL/dW of layer 1", m.weight_gradient[0], at_least=low * known,
            at_most=high * known, source="8 runs of another program")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = options(__doc__, "initialization")
    parser.add_argument("--width", type=at_least(2), help="inputs, and units in every layer (default: 500, quick: 100)")
    parser.add_argument("--depth", type=at_least(2), default=10, help="number of layers (default: %(default)s)")
    parser.add_argument("--samples", type=at_least(2), help="number of inputs (default: 1000, quick: 200)")
    with Experiment(parser, arguments) as run:
        width, depth = run.options.width or run.pick(quick=100, full=500), run.options.depth
        samples = run.options.samples or run.pick(quick=200, full=1000)
        generator = minigrad.random.default_generator()
        x = Tensor(generator.standard_normal((samples, width), np.float32))
        labels = Tensor(generator.integers(0, CLASSES, samples))
        run.section("Set-up", f"{depth} layers of {width} units, {samples} Gaussian inputs, seed {run.seed}, float32.")
        for line in EXPLAINED:
            run.say(line.format(samples=samples, classes=CLASSES))
        runs = []
        for case in CASES:
            measured = measure(case, x, labels, depth)
            weight_std = case.weight_std(width)
            predicted = theory.propagate(
                case.activation,
                depth,
                width,
                weight_std=weight_std,
                samples=samples,
                error_correlation=min(max(measured.error_alike, 0.0), 1.0),
            )
            runs.append((case, measured, predicted))
            run.section(case.name)
            flat, percent = "zeros" if case.is_relu else "saturated", ".2%"
            run.table(case.name, table(measured, predicted), **{flat: percent, "expected": percent, "± one run": ".2%"})
            run.say(f"{verdict(measured)} {agreement(measured, predicted)}")
            run.receipt.value(f"initial cross-entropy, {case.name}", measured.loss)
        run.section("All cases")
        title = f"{depth} layers of {width} units before training: one run (marks) and theory (lines)"
        with run.picture("summary.png", (12, 7), """Only Xavier's weights for tanh and Kaiming's for ReLU
            keep signal and gradient alive. With tanh and std 1 the gradient explodes, though nearly all
            units are saturated; with std 0.01 the gradient of the weights is the same in all
            layers.""") as figure:  # fmt: skip
            draw_summary(figure, runs, title)
        size = 1.45 * len(shown_layers(depth)) + 1.6, 1.45 * len(runs) + 1.0
        with run.picture("histograms.png", size, """Activations of each layer: gathered at 0, driven to the
            ends, or spread; for ReLUs without their zeros.""") as figure:  # fmt: skip
            draw_histograms(figure, [(case, measured) for case, measured, _ in runs])
        for case, measured, predicted in runs:
            if math.isfinite(measured.gradient[0]):
                expect(run, case, measured, predicted, width, samples)


if __name__ == "__main__":
    main()
