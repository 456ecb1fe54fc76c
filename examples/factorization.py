"""Least squares in turns and stochastic gradients reach the same factorisation of a matrix.

    python examples/factorization.py             tables and a picture, in runs/factorization
    python examples/factorization.py --quick
    python examples/factorization.py --help

Checked here, on chapters and words of help(), the texts on the language that every Python carries: that weighted
alternating least squares (WALS) "alternates between fixing the user matrix and optimizing the item matrix ... while
incorporating weights for observed and unobserved interactions", and so minimises what stochastic gradients minimise, in
fewer passes. Where all pairs weigh the same, the optimum is known: the largest singular values, each less the penalty.

Expected (base seeds 0 to 9 in quick mode, 0 to 2 in full mode, with the chapters of Python 3.11): WALS within 0.1 % of
the optimum after 40 passes, gradients within 4 % after 100 (quick) or 2 % after 200 (full).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.data.readers import load_topics
from minigrad.experiment import Experiment, options
from minigrad.optim import lr_scheduler
from minigrad.recommend import WALS, MatrixFactorization

BLUE, ORANGE = "#0072B2", "#E69F00"
DIM, PENALTY, ALPHA = 4, 3.0, 0.5  # of the factorisation


def words_of(text: str) -> list[str]:
    """All words of three letters or more."""
    return re.findall(r"[a-z_]{3,}", text.lower())


# --- factorisation ----------------------------------------------------------------------------------------------------
def count_matrix(topics: dict[str, str], size: int) -> tuple[list[str], list[str], Any]:
    """Chapters, words that tell them apart, and how often each chapter has each word."""
    counted = {name: Counter(words_of(text)) for name, text in sorted(topics.items())}
    chapters_with = Counter(word for counts in counted.values() for word in counts)
    total = sum(counted.values(), Counter())
    telling = [word for word, _ in total.most_common() if 3 <= chapters_with[word] <= len(topics) / 2][:size]
    return [*counted], telling, np.array([[float(counts[w]) for w in telling] for counts in counted.values()])


def known_optimum(matrix: Any) -> float:
    """The least of Σ (r - x·y)² + λ (Σ |x|² + Σ |y|²): λ is taken off the largest singular values, the rest is left.

    The penalty of the best factors of a matrix Z is 2 λ times the sum of the singular values of Z.
    """
    values = np.linalg.svd(matrix, compute_uv=False)
    kept = np.maximum(values[:DIM] - PENALTY, 0)
    return float(np.square(values[:DIM] - kept).sum() + 2 * PENALTY * kept.sum() + np.square(values[DIM:]).sum())


def by_gradients(targets: Any, weights: Any, epochs: int, generator: np.random.Generator) -> list[float]:
    """The objective after every epoch of Adam, over batches of what was observed and four drawn pairs for each."""
    rows, columns = np.nonzero(targets)
    model = MatrixFactorization(*targets.shape, DIM, bias=False)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    batches = len(rows) // 256
    schedule = lr_scheduler.LambdaLR(optimizer, lambda step: (1 - step / (epochs * batches)) ** 2)
    objectives = []
    for _ in range(epochs):
        for chosen in np.array_split(generator.permutation(len(rows)), batches):
            one, other = rows[chosen], columns[chosen]
            loss = model.loss(
                one,
                other,
                targets[one, other],
                weights[one, other],
                share=len(chosen) / len(rows),
                unobserved_weight=1.0,
                negatives=4,
                regularization=PENALTY,
                generator=generator,
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        x, y = (side.weight.detach().numpy().astype(np.float64) for side in (model.user_factors, model.item_factors))
        penalty = PENALTY * (np.square(x).sum() + np.square(y).sum())
        objectives.append(float((weights * np.square(targets - x @ y.T)).sum() + penalty))
    return objectives


def factorise(run: Experiment, topics: dict[str, str]) -> None:
    """WALS and gradients on one matrix, in two objectives."""
    chapters, words, counts = count_matrix(topics, 150)
    run.section(
        "One matrix, two ways",
        f"""{len(chapters)} chapters and the {len(words)} most frequent words that at most half of them use. Even
        weights: how often a word occurs, as log(1 + count), with all pairs alike, so that the optimum is known. Uneven
        weights: whether it occurs, where a pair weighs 1 + {ALPHA} times its count. Both times {DIM} numbers per
        vector.""",
    )
    epochs = run.pick(quick=100, full=200)
    logs = np.log1p(counts)
    even = WALS(DIM, regularization=PENALTY, unobserved_weight=1.0, iterations=40).fit(logs)
    begin = time.perf_counter()
    uneven = WALS(DIM, regularization=PENALTY, alpha=ALPHA, iterations=40).fit(counts)
    middle = time.perf_counter()
    long = WALS(DIM, regularization=PENALTY, alpha=ALPHA, iterations=200).fit(counts)  # from another start
    generator = mg.manual_seed(run.seed)
    runs = {
        "even weights": (
            known_optimum(logs),
            even.objectives,
            by_gradients(logs, np.ones_like(logs), epochs, generator),
        ),
        "uneven weights": (
            long.objectives[-1],
            uneven.objectives,
            by_gradients((counts > 0).astype(float), 1 + ALPHA * counts, epochs, generator),
        ),
    }
    rows = [
        {
            "objective": name,
            "reference": "closed form" if name == "even weights" else "200 passes of WALS",
            "value": best,
            "WALS after 40 passes": turns[-1] / best - 1,
            f"gradients after {epochs} passes": steps[-1] / best - 1,
        }
        for name, (best, turns, steps) in runs.items()
    ]
    percent = {key: ".2%" for key in rows[0] if "passes" in key}
    run.table("how far above the reference", rows, value=".1f", **percent)
    run.say(
        f"""WALS needs no learning rate and never rises; gradients need one that falls, because drawn pairs are noise.
        Here 40 passes of WALS took {middle - begin:.1f} s and the {epochs} passes of gradients
        {(time.perf_counter() - middle) / 2:.1f} s; that depends on the machine and the size."""
    )
    limit = run.pick(quick=0.04, full=0.02)
    exact, noisy = "WALS above the closed form", "gradients above the closed form"
    run.expect(exact, rows[0]["WALS after 40 passes"], at_least=-1e-9, at_most=1e-3, form=".3%", source="closed form")
    run.expect(noisy, runs["even weights"][2][-1] / runs["even weights"][0] - 1, at_least=0, at_most=limit, form=".2%")
    both = runs["uneven weights"][2][-1] / long.objectives[-1] - 1
    run.expect("gradients above WALS", both, at_least=-0.001, at_most=limit, form=".2%", headline=True)
    rises = max(max(np.diff(turns)) for _, turns, _ in runs.values())
    run.expect("largest step of WALS", rises, at_most=1e-6, source="theory: never up")
    caption = """How far each pass leaves the objective above the reference. WALS falls by a constant share of the
    distance per pass in the end; gradients come nearer as their rate falls and the noise of drawn pairs with it."""
    with run.picture("wals.png", (9.5, 4), caption) as figure:
        for axes, (name, (best, turns, steps)) in zip(figure.subplots(1, 2, sharey=True), runs.items(), strict=True):
            for label, curve, color in (("WALS", turns, BLUE), ("gradients (Adam)", steps, ORANGE)):
                axes.semilogy(np.arange(1, len(curve) + 1), np.maximum(np.divide(curve, best) - 1, 1e-6), color=color)
                axes.lines[-1].set_label(label)
            axes.set(title=name, xlabel="passes over the data", ylim=(1e-5, 10))
            axes.grid(alpha=0.3)
        figure.axes[0].set_ylabel("objective / reference - 1")
        figure.axes[0].legend()
    sides = {"chapter": (chapters, even.user_factors), "word": (words, even.item_factors)}
    near = []
    for kind, shown in (
        ("chapter", ("while", "floating", "string-methods")),
        ("word", ("exception", "string", "list")),
    ):
        names, vectors = sides[kind]
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        for name in filter(names.__contains__, shown):  # a later Python may have other chapters
            order = np.argsort(-unit @ unit[names.index(name)])[:6]
            others = ", ".join(names[i] for i in order if names[i] != name)
            near.append({"kind": kind, "of": name, "nearest": others})
    run.table("neighbours, by the cosine of the vectors of WALS", near)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    with Experiment(options(__doc__, "factorization"), arguments) as run:
        factorise(run, load_topics())


if __name__ == "__main__":
    main()
