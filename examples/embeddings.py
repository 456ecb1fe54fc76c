"""Trained on positives alone, embeddings of things that have nothing in common fold onto each other.

    python examples/embeddings.py             tables and a picture, in runs/embeddings
    python examples/embeddings.py --quick
    python examples/embeddings.py --help

Checked here: "if we only focus on the positive examples, and don't introduce negatives, our model could be prone to
folding: embeddings of different items end up close to each other, even though they may be unrelated", and that drawing
some negatives is the cure. The catalogue is made up, since folding is a statement about groups that never mix; what
happens to real words is shown by word_vectors.py.

Expected (base seeds 0 to 9 in quick mode, 0 to 2 in full mode): from one shared start, without negatives, 6 to 40 % of
what is recommended belongs to the group that a user has nothing to do with; with negatives at most 1 %. Turning one
group changes the objective of positives by less than one part in 10,000, and its neighbours completely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import no_grad, optim
from minigrad.data import NegativeSampler
from minigrad.experiment import Experiment, options
from minigrad.metrics import neighbor_purity
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler
from minigrad.recommend import MatrixFactorization

BLUE, ORANGE = "#0072B2", "#E69F00"
MEMBERS, DIM, LISTED = 60, 8, 10  # users and items of each group; numbers in a vector; length of a list
WEIGHT = 0.1  # of a negative, beside 1 for a rating


# --- two groups -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Catalogue:
    """Users and items of two groups, the first half and the second. Nobody rates across."""

    ratings: Any  # (users, items), 0 to 5; across the groups they mean nothing
    taste: Any  # (items,), the angle
    group: Any  # (users,), which is also that of the items
    own: Any  # (users, items), whether both are of one group
    rated: Any  # (users, items), the part of ``own`` that is known


def catalogue(generator: np.random.Generator) -> Catalogue:
    """A taste is an angle between 0 and 90 degrees, and a rating 5 cos(the user's - the item's): rank 2 per group."""
    group = np.repeat([0, 1], MEMBERS)
    users, items = generator.uniform(0, np.pi / 2, (2, 2 * MEMBERS))
    own = group[:, None] == group
    rated = own & (generator.random(own.shape) < 0.3)
    return Catalogue(5 * np.cos(users[:, None] - items), items, group, own, rated)


def train(data: Catalogue, shared: bool, weight: float, steps: int, generator: np.random.Generator) -> tuple[Any, Any]:
    """The vectors of users and of items, (120, 8) each, from least squares on ratings and on drawn negatives.

    Args:
        data: the catalogue.
        shared: start all vectors from nearly the same point, not each from a random one.
        weight: of negatives, whose target is 0.
        steps: of Adam.
        generator: draws the batches.
    """
    model = MatrixFactorization(2 * MEMBERS, 2 * MEMBERS, DIM, bias=False)
    if shared:
        with no_grad():
            for table in (model.user_factors, model.item_factors):
                table.weight.copy_(0.5 + 0.2 * table.weight)
    users, items = np.nonzero(data.rated)
    targets, sampler = data.ratings.astype(np.float32), NegativeSampler.uniform(2 * MEMBERS, generator=generator)
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    schedule = lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        chosen = generator.integers(len(users), size=512)
        u, i = users[chosen], items[chosen]
        loss = F.mse_loss(model(u, i), targets[u, i])
        if weight:
            loss = loss + weight * (model(u[:, None], sampler.sample((512, 2))) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.user_factors.weight.detach().numpy(), model.item_factors.weight.detach().numpy()


def objective(data: Catalogue, users: Any, items: Any, weight: float) -> float:
    """What ``train`` minimises, over all pairs."""
    scores = users @ items.T
    return float(np.square(scores - data.ratings)[data.rated].mean() + weight * np.square(scores).mean())


def judge(data: Catalogue, users: Any, items: Any) -> dict[str, float]:
    """How good the vectors are, and how far the groups lie in each other."""
    scores = users @ items.T
    best = np.argsort(-np.where(data.rated, -np.inf, scores), axis=1)[:, :LISTED]
    held_out = data.own & ~data.rated
    return {
        "error on held-out ratings": float(np.sqrt(np.square(scores - data.ratings)[held_out].mean())),
        "purity": neighbor_purity(items, data.group, LISTED, metric="cosine"),
        "recommended from the other group": float((data.group[best] != data.group[:, None]).mean()),
        "score across": float(np.abs(scores[~data.own]).mean()),
    }


def turned(data: Catalogue, users: Any, items: Any) -> tuple[Any, Any]:
    """The vectors after the rotation (or reflection) of group 1 that lays its items best onto those of group 0."""
    by_taste = [np.flatnonzero(data.group == group)[np.argsort(data.taste[data.group == group])] for group in (0, 1)]
    left, _, right = np.linalg.svd(items[by_taste[1]].T @ items[by_taste[0]])
    moved = data.group[:, None] == 1
    return np.where(moved, users @ left @ right, users), np.where(moved, items @ left @ right, items)


# --- the experiment ---------------------------------------------------------------------------------------------------
def two_groups(run: Experiment) -> None:
    """Train with and without negatives from two kinds of start."""
    run.section(
        "Two groups that never mix",
        f"""{MEMBERS} users and {MEMBERS} items in each of two groups, say of two languages, made up by construction. A
        user rated 30 % of the own group's items and none of the other's. Every group needs 2 of the {DIM} numbers of a
        vector, so that there is room for both.""",
    )
    settings = {
        "shared start, positives only": (True, 0.0),
        "shared start, with negatives": (True, WEIGHT),
        "random start, positives only": (False, 0.0),
        "random start, with negatives": (False, WEIGHT),
    }
    found: dict[str, list[Any]] = {name: [] for name in settings}
    moves: list[tuple[float, float, float, float]] = []
    for seed in run.progress(run.seeds(run.pick(quick=2, full=5)), "seeds"):
        data = catalogue(np.random.default_rng(seed))
        for name, (shared, weight) in settings.items():
            vectors = train(data, shared, weight, 500, mg.manual_seed(seed))
            found[name].append((data, *vectors))
            if not shared:
                after = turned(data, *vectors)
                change = objective(data, *after, weight) / objective(data, *vectors, weight)
                moves.append((weight, change, judge(data, *vectors)["purity"], judge(data, *after)["purity"]))
    rows = []
    for name, results in found.items():
        judged = [judge(*result) for result in results]
        rows.append({"training": name} | {key: np.mean([row[key] for row in judged]) for key in judged[0]})
    other = "recommended from the other group"
    forms = {other: ".1%", "purity": ".1%", "error on held-out ratings": ".2f", "score across": ".2f"}
    run.table("with and without negatives", rows, **forms)
    folded, cured, lucky, _ = rows
    run.say(
        f"""Purity is the share of an item's {LISTED} nearest items that are of its own group; one half is chance. From
        one shared start nothing pushes the groups apart: pairs that never meet score {folded["score across"]:.1f} of 5.
        The held-out ratings do not tell, since they are all within a group; there, negatives even cost something,
        because half of those that are drawn are items of the own group that the user might like."""
    )
    run.expect(
        "recommended across, positives only", folded[other], at_least=0.06, at_most=0.4, form=".1%", source="10 seeds"
    )
    run.expect("recommended across, with negatives", cured[other], at_most=0.01, form=".1%", headline=True)
    run.expect("purity, positives only", folded["purity"], at_least=0.75, at_most=0.95, form=".1%", source="10 seeds")
    run.expect("purity, with negatives", cured["purity"], at_least=0.99, form=".1%", source="10 seeds")
    run.expect("score across, positives only", folded["score across"], at_least=3.5, source="10 seeds")
    run.expect("score across, with negatives", cured["score across"], at_most=1.0, source="10 seeds")

    run.section(
        "Why: nothing in the objective says where a group lies",
        """Turn all vectors of one group by any rotation. Products within the group stay, so that the objective of
        positives does too: of all these optima, training finds one by the chance of its start. In many dimensions two
        random planes hardly overlap, and a random start looks cured. That is luck: here is the rotation that lays one
        group onto the other. With negatives, it is no optimum any more.""",
    )
    turns = []
    for weight, name in ((0.0, "positives only"), (WEIGHT, "with negatives")):
        change, before, after = np.mean([move[1:] for move in moves if move[0] == weight], axis=0)
        turns.append({"training": name, "objective after / before": change, "purity before": before, "after": after})
    run.table("one group turned onto the other", turns, **{"purity before": ".1%", "after": ".1%"})
    run.expect(
        "objective of positives, turned / not",
        turns[0]["objective after / before"],
        at_least=0.9999,
        at_most=1.0001,
        form=".6f",
        source="theory: 1",
    )
    run.expect("objective with negatives, turned / not", turns[1]["objective after / before"], at_least=1.6)
    run.expect(
        "purity after the turn", turns[0]["after"], at_least=0.42, at_most=0.58, form=".1%", source="chance: 50 %"
    )
    draw_groups(run, found["shared start, positives only"][0], found["shared start, with negatives"][0])


def draw_groups(run: Experiment, folded: Any, cured: Any) -> None:
    """Items in their plane, and all scores."""
    caption = """Left: the items of both groups, in the plane in which they spread most. Right: the scores of all users
    with all items; the two blocks off the diagonal are pairs that never meet, and should be yellow."""
    with run.picture("folding.png", (9, 7.6), caption) as figure:
        for row, (title, (data, users, items)) in enumerate((("positives only", folded), ("with negatives", cured))):
            left, right = figure.add_subplot(2, 2, 2 * row + 1), figure.add_subplot(2, 2, 2 * row + 2)
            places = np.linalg.svd(items - items.mean(0), full_matrices=False)
            plane = places[0][:, :2] * places[1][:2]
            for group, color, marker in ((0, BLUE, "o"), (1, ORANGE, "^")):
                chosen = data.group == group
                left.scatter(*plane[chosen].T, c=color, marker=marker, s=22, label=f"items of group {group}")
            left.set(title=f"{title}: items", xlabel="first principal axis", ylabel="second principal axis")
            left.legend()
            image = right.imshow(users @ items.T, cmap="cividis_r", vmin=-1, vmax=5)
            right.set(title=f"{title}: scores", xlabel="item", ylabel="user")
            figure.colorbar(image, ax=right, label="score")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    with Experiment(options(__doc__, "embeddings"), arguments) as run:
        two_groups(run)


if __name__ == "__main__":
    main()
