"""Against overfitting: dropout, early stopping, L1 and L2 penalties, and the priors that these penalties are.

Checks what the notes say: dropout reduces overfitting; a likelihood times a prior gives a posterior, whose mode is the
penalised fit. And what they leave out: L1 makes coefficients exactly 0, but only if it is minimised in the right way.

    python examples/regularization.py            pictures and a receipt go to runs/regularization
    python examples/regularization.py --help

Expected: dropout at least halves the gap between training and validation; the best epoch beats the last by 4 points or
more of accuracy on digits that neither has seen; ridge as in closed form to 1e-6, exact zeros as the conditions of the
lasso demand. Over the base seeds 0 to 9; what is random is a median over three seeds, or five.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, distributions, func, nn, no_grad, optim
from minigrad.data import DataLoader, TensorDataset
from minigrad.data.readers import load_diabetes, load_digits
from minigrad.experiment import Experiment, options
from minigrad.metrics import accuracy
from minigrad.nn import functional as F

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#777777"
COLOURS = "#0072B2 #E69F00 #009E73 #D55E00 #CC79A7 #56B4E9 #F0E442 #000000 #777777 #8C564B".split()
RATES = {0.0: GREY, 0.2: ORANGE, 0.5: BLUE}  # of dropout; quick mode leaves out 0.2


# --- networks ---------------------------------------------------------------------------------------------------------
def train(rate: float, epochs: int, seed: int) -> dict[str, np.ndarray]:
    """Losses and accuracies by epoch of a network that learns 200 digits, a fifth of them with a wrong label."""
    generator = mg.manual_seed(seed)
    digits = load_digits()
    x, y = digits.inputs.reshape(-1, 64) / 16, digits.targets  # (1797, 64), (1797,)
    order = generator.permutation(len(x))
    parts = {"training": order[:200], "validation": order[200:1000], "test": order[1000:]}
    y = y.copy()
    y[order[:40]] = (y[order[:40]] + generator.integers(1, 10, 40)) % 10
    layers = [nn.Linear(64, 128), nn.ReLU(), nn.Dropout(rate), nn.Linear(128, 128), nn.ReLU(), nn.Dropout(rate)]
    model = nn.Sequential(*layers, nn.Linear(128, 10))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(x[order[:200]], y[order[:200]]), batch_size=50, shuffle=True)
    curves: dict[str, list[float]] = {name: [] for part in parts for name in (part, f"{part} accuracy")}
    for _ in range(epochs):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        model.eval()
        with no_grad():
            for part, chosen in parts.items():
                scores = model(x[chosen])
                curves[part].append(F.cross_entropy(scores, y[chosen]).item())
                curves[f"{part} accuracy"].append(float(accuracy(scores, y[chosen])))
    return {name: np.array(curve) for name, curve in curves.items()}


def networks(run: Experiment) -> None:
    run.section("Dropout and early stopping")
    run.say("""Two layers of 128 units learn 200 digits, of which 40 were given a wrong label: there is something to
        overfit. While it trains, dropout sets a share of the units to 0 and divides the others by what remains, so that
        the mean is unchanged. Early stopping takes the epoch that is best on 800 validation digits. The 797 digits of
        the test part have a say in nothing. Numbers are medians over several seeds.""")
    epochs, rows, last = run.pick(quick=120, full=250), {}, {}
    rates, seeds = run.pick(quick=[0.0, 0.5], full=[*RATES]), run.seeds(run.pick(quick=3, full=5))
    runs = {rate: [train(rate, epochs, seed) for seed in seeds] for rate in run.progress(rates, "dropout rates")}
    for rate, found in runs.items():
        best = [int(np.argmin(each["validation"])) for each in found]
        last[rate] = [each["validation"][-1] - each["training"][-1] for each in found]
        rows[rate] = {
            "dropout": rate,
            "gap at the end": np.median(last[rate]),
            "best epoch": int(np.median(best)) + 1,
            "test accuracy there": np.median([each["test accuracy"][i] for each, i in zip(found, best, strict=True)]),
            "test accuracy at the end": np.median([each["test accuracy"][-1] for each in found]),
        }
    run.table(f"{epochs} epochs", rows.values(), **{"dropout": ".1f", "gap at the end": ".3f",
              "test accuracy there": ".1%", "test accuracy at the end": ".1%"})  # fmt: skip
    caption = """Solid: validation; dashed: training, which is the higher one as long as the network does not believe
        the wrong labels; dots: the best epoch. Without dropout the network learns even these by heart, and what it says
        of other digits gets worse."""
    with run.picture("dropout.png", (8, 4.4), caption) as figure:
        axis = figure.subplots()
        for rate, colour in ((rate, RATES[rate]) for rate in rates):
            curves = runs[rate][0]
            best = int(np.argmin(curves["validation"]))
            axis.plot(range(1, epochs + 1), curves["validation"], color=colour, label=f"dropout {rate}")
            axis.plot(range(1, epochs + 1), curves["training"], "--", color=colour)
            axis.plot(best + 1, curves["validation"][best], "o", color=colour)
        axis.set(xlabel="epoch", ylabel="cross-entropy, nats", ylim=(0, 2.5))
        axis.grid(alpha=0.3)
        axis.legend()
    shares = [with_ / without for with_, without in zip(last[0.5], last[0.0], strict=True)]
    run.expect("gap between training and validation: dropout 0.5 / none", np.median(shares), at_most=0.5, form=".2f",
               source="10 seeds", headline=True)  # fmt: skip
    gain = rows[0.0]["test accuracy there"] - rows[0.0]["test accuracy at the end"]
    run.expect("accuracy gained by early stopping, without dropout", gain, at_least=0.04, form=".1%", source="10 seeds")
    gain = rows[0.5]["test accuracy at the end"] - rows[0.0]["test accuracy at the end"]
    run.expect("accuracy gained by dropout 0.5, at the end", gain, at_least=0.03, form=".1%", source="10 seeds")
    x, draws = np.array([1.0, -2.0, 5.0]), 40_000
    mg.manual_seed(run.seed)
    dropped = F.dropout(np.tile(x, (draws, 1)), 0.5).numpy() / x  # (draws, 3)
    run.expect("E[dropout(x)] / x", np.mean(dropped), at_least=0.988, at_most=1.012, form=".4f",
               source="theory, ±4 standard errors")  # fmt: skip
    run.expect("Var[dropout(x)] / x²", np.var(dropped), at_least=0.99, at_most=1.01, form=".4f",
               source="theory: p / (1 - p)")  # fmt: skip


# --- coefficients -----------------------------------------------------------------------------------------------------
def data() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The diabetes data, every column of mean 0 and variance 1: (442, 10), (442,) in float64."""
    table = load_diabetes()
    x, y = np.asarray(table.inputs, dtype=np.float64), np.asarray(table.targets[:, 0], dtype=np.float64)
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std(), table.features


def descend(
    x: np.ndarray, y: np.ndarray, ridge: float = 0.0, lasso: float = 0.0, proximal: bool = True, steps: int = 1500
) -> np.ndarray:
    """Minimise ½ mean((x w - y)²) + ½ ridge Σw² + lasso Σ|w| by gradient descent, L1 with proximal steps or without."""

    def loss(w: Tensor) -> Tensor:
        smooth = 0.5 * F.mse_loss(x @ w, y) + 0.5 * ridge * F.l2_penalty([w])
        return smooth if proximal else smooth + lasso * F.l1_penalty([w])

    gradient = func.grad(loss)
    w = before = Tensor(np.zeros(x.shape[1]))
    rate = 1 / (np.linalg.norm(x, 2) ** 2 / len(x) + ridge)  # 1 / λmax
    for _ in range(steps):
        ahead = w + 0.9 * (w - before)  # Nesterov's momentum: the valley is long
        before, w = w, ahead - rate * gradient(ahead)
        if proximal:
            w = F.softshrink(w, rate * lasso)
    return w.numpy()


def paths(run: Experiment) -> None:
    run.section("Penalties")
    run.say("""Ten coefficients of a regression on the diabetes data. L2 shrinks them all and makes none 0. L1 makes one
        after the other exactly 0, all of them from λ = max |x'y| / n on. But gradient descent on |w| does not see this:
        its steps jump across 0. A proximal step does: after each gradient step every coefficient moves by rate · λ
        towards 0, and stays there if it arrives.""")
    x, y, names = data()
    n = len(x)
    largest = np.abs(x.T @ y).max() / n  # from here on all are 0
    penalties = np.geomspace(0.002, 1.001, run.pick(quick=9, full=19)) * largest
    found = {"L2": [], "L1": []}
    off, violation = 0.0, 0.0
    for penalty in run.progress(penalties, "penalties"):
        found["L2"].append(descend(x, y, ridge=10 * penalty))
        exact = np.linalg.solve(x.T @ x / n + 10 * penalty * np.eye(10), x.T @ y / n)
        off = max(off, np.abs(found["L2"][-1] - exact).max())
        found["L1"].append(w := descend(x, y, lasso=penalty))
        pull = x.T @ (y - x @ w) / n  # the optimum: λ sign(w) where w is not 0, and at most λ in size where it is
        violation = max(violation, np.where(w != 0, np.abs(pull - penalty * np.sign(w)), np.abs(pull) - penalty).max())
    caption = """Coefficients by penalty. Left: L2 makes all of them small and none 0. Right: L1 takes them out one by
        one; the dotted line is where theory has the last one vanish."""
    with run.picture("penalties.png", (11, 4.6), caption) as figure:
        for axis, (name, factor) in zip(figure.subplots(1, 2, sharey=True), (("L2", 10), ("L1", 1)), strict=True):
            for i, colour in enumerate(COLOURS):
                axis.semilogx(factor * penalties, np.array(found[name])[:, i], ".-", color=colour, label=names[i])
            axis.axhline(0, color="black", linewidth=0.6)
            axis.set(title=f"{name} penalty", xlabel="λ", ylabel="coefficient" if name == "L2" else "")
            axis.grid(alpha=0.3)
        axis.axvline(largest, color="black", linestyle=":")
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    middle = len(penalties) // 2
    jumping = descend(x, y, lasso=penalties[middle], proximal=False)
    zeros = {"L2": np.sum(found["L2"][middle] == 0), "L1, proximal": np.sum(found["L1"][middle] == 0),
             "L1, subgradient": np.sum(jumping == 0)}  # fmt: skip
    run.table(f"coefficients of exactly 0, λ = {penalties[middle]:.3f}", [{"penalty": k, "zeros": int(v)} for k, v in
              zeros.items()])  # fmt: skip
    run.expect("ridge: largest deviation from the closed form", off, at_most=1e-6, form=".1e", source="closed form")
    run.expect("lasso: largest violation of its conditions", violation, at_most=1e-6, form=".1e", source="theory")
    run.expect(
        "zeros by L1 with proximal steps", zeros["L1, proximal"], at_least=2, form=".0f", source="no chance in it"
    )
    run.expect("zeros by L1 with subgradient steps", zeros["L1, subgradient"], at_most=0, form=".0f", source="theory")
    run.expect("zeros by L2", np.sum(np.array(found["L2"]) == 0), at_most=0, form=".0f", source="theory")
    run.expect("coefficients left at the limit of L1", np.sum(found["L1"][-1] != 0), at_most=0, form=".0f",
               source="theory")  # fmt: skip


def priors(run: Experiment) -> None:
    run.section("Priors")
    run.say("""The same penalties as probability: with noise of std σ and a prior over w, the logarithm of the posterior
        is, up to a constant, -n / σ² times the penalised loss. A Normal(0, τ) prior is L2 with λ = σ² / (n τ²), a
        Laplace(0, b) prior is L1 with λ = σ² / (n b).""")
    x, y, _ = data()
    n, sigma, scale = len(x), 0.7, 0.1
    w, mean = mg.random.default_generator().standard_normal(10), Tensor(0.0, dtype=np.float64)
    noise = distributions.Normal(mean, Tensor(sigma, dtype=np.float64))
    rows = []
    for name, prior, penalised in (
        ("Gaussian, L2", distributions.Normal(mean, Tensor(scale, dtype=np.float64)),
         lambda w: 0.5 * F.mse_loss(x @ w, y) + 0.5 * sigma**2 / (n * scale**2) * F.l2_penalty([w])),
        ("Laplace, L1", distributions.Laplace(mean, Tensor(scale, dtype=np.float64)),
         lambda w: 0.5 * F.mse_loss(x @ w, y) + sigma**2 / (n * scale) * F.l1_penalty([w])),
    ):  # fmt: skip
        posterior = func.grad(lambda w, prior=prior: -noise.log_prob(y - x @ w).sum() - prior.log_prob(w).sum())(w)
        penalty = n / sigma**2 * func.grad(penalised)(w)
        apart = np.abs((posterior - penalty).numpy()).max() / np.abs(penalty.numpy()).max()
        rows.append({"prior, penalty": name, "largest gradient": np.abs(penalty.numpy()).max(), "apart by": apart})
        run.expect(f"{name}: gradient of the posterior against that of the penalty", apart, at_most=1e-10, form=".1e",
                   source="theory")  # fmt: skip
    run.table("gradients at random weights", rows, **{"apart by": ".1e"})


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "regularization"), arguments) as run:
        networks(run)
        paths(run)
        priors(run)


if __name__ == "__main__":
    main()
