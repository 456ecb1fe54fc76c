"""Many graph layers make all members alike; theory says how fast, and a tenth of the first layer prevents it.

    python examples/oversmoothing.py             a table and a picture, in runs/oversmoothing
    python examples/oversmoothing.py --quick
    python examples/oversmoothing.py --help

A graph convolution (GCN) takes means over neighbours, and the mean of means of means is the same for everybody. On
Zachary's karate club, which comes with networkx (pip install networkx), this script measures how far apart the vectors
of two members are after 1 to 32 layers: in a linear network with orthogonal weights, where an eigenvalue of the graph
says it; with ReLU; and with two kinds of short cuts, a skip that adds what came in, and the initial residual of GCNII,
which mixes in a tenth of the first layer's output (Chen et al. 2020). Then it trains deep networks, as gnn.py does.

Expected (base seeds 0 to 9 in quick mode, 0 and 1 in full mode): the distance is multiplied by 0.80 to 0.81 per linear
layer, and falls by more than 1,000 in 31 layers with ReLU, with a skip or without; with an initial residual it stays
above 0.1. A trained network of 16 layers is no better than guessing; with either short cut 75 % or more are right.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, no_grad, optim
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

KNOWN = [0, 1, 32, 33]  # members 1 and 2, who are Mr. Hi's, and 33 and 34, the officer's
DEPTHS, TRAINED = (1, 2, 4, 8, 16, 32), (2, 4, 8, 16)
PLAIN, SKIP, INITIAL = "ReLU", "ReLU, skip", "ReLU, initial residual"
COLORS = {"linear": "#000000", PLAIN: "#D55E00", SKIP: "#E69F00", INITIAL: "#0072B2"}


@dataclass(frozen=True)
class Club:
    """Who is whose friend, and who went where."""

    edges: Any  # (2, 156), each friendship in both directions
    side: Any  # (34,), 0 for Mr. Hi's club and 1 for the officer's

    @property
    def matrix(self) -> Any:
        """1 for friends, (34, 34)."""
        table = np.zeros((len(self.side), len(self.side)))
        table[tuple(self.edges)] = 1
        return table


def load_club() -> Club:
    """The friendships and the node attribute ``club``; how strong a friendship is, is left out."""
    try:
        graph = importlib.import_module("networkx").karate_club_graph()
    except ImportError as error:
        raise ImportError("the karate club comes with networkx, which is missing: pip install networkx") from error
    pairs = np.array(graph.edges).T
    side = np.array([int(graph.nodes[node]["club"] != "Mr. Hi") for node in graph])
    return Club(np.concatenate([pairs, pairs[::-1]], axis=1), side)


class Deep(nn.Module):
    """Graph convolutions with ReLU, then one that gives two scores; the members' input is one-hot.

    Args:
        depth: how many have a ReLU.
        kind: PLAIN, SKIP or INITIAL.
        width: units of a layer.
        members: how many there are.
    """

    def __init__(self, depth: int, kind: str, width: int = 16, members: int = 34) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.GCNConv(width if i else members, width) for i in range(depth)])
        self.last = nn.GCNConv(width, 2)
        self.kind, self.identity = kind, np.eye(members, dtype=np.float32)

    def hidden(self, edges: Any) -> Tensor:
        """What the last layer sees."""
        first = h = F.relu(self.layers[0](self.identity, edges))
        for layer in self.layers[1:]:
            new = F.relu(layer(h, edges))
            h = {PLAIN: new, SKIP: h + new, INITIAL: 0.9 * new + 0.1 * first}[self.kind]
        return h

    def forward(self, edges: Any) -> Tensor:
        """Two scores for each member."""
        return self.last(self.hidden(edges), edges)


def fit(network: Deep, club: Club, known: Sequence[int], steps: int = 100) -> float:
    """Train on the members that are known; the share of the others that is right."""
    optimizer = optim.Adam(network.parameters(), lr=0.02, weight_decay=5e-4)
    for _ in range(steps):
        loss = F.cross_entropy(network(club.edges)[known], club.side[known])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with no_grad():
        return right(network(club.edges).numpy().argmax(1), club, known)


def right(answers: Any, club: Club, known: Sequence[int]) -> float:
    """The share of correct answers among members that are not known."""
    return float(np.delete(answers == club.side, known).mean())


def cosine_distance(vectors: Any) -> float:
    """The mean over all pairs of different rows."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300)
    count = len(unit)
    return float(1 - (np.square(unit.sum(0)).sum() - count) / (count * (count - 1)))


def means(club: Club) -> Any:
    """D^-1/2 (A + I) D^-1/2, by which GCN takes means over friends and oneself; its largest eigenvalue is 1."""
    looped = club.matrix + np.eye(len(club.side))
    roots = np.sqrt(looped.sum(1))
    return looped / np.outer(roots, roots)


def linear_distances(club: Club) -> list[float]:
    """Cosine distances after graph convolutions without nonlinearity, with orthogonal weights."""
    members, found = len(club.side), []
    h = Tensor(np.eye(members))
    with no_grad():
        for layer in range(1, max(DEPTHS) + 1):
            convolution = nn.GCNConv(members, members, dtype=np.float64)
            nn.init.orthogonal_(convolution.lin.weight)
            h = convolution(h, club.edges)
            if layer in DEPTHS:
                found.append(cosine_distance(h.numpy()))
    return found


def untrained_distances(club: Club, kind: str) -> list[float]:
    """Cosine distances after ReLU graph convolutions of 64 units, as they are drawn."""
    with no_grad():
        networks = [Deep(depth, kind, width=64) for depth in DEPTHS]
        return [cosine_distance(network.hidden(club.edges).numpy().astype(np.float64)) for network in networks]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    with Experiment(options(__doc__, "oversmoothing"), arguments) as run:
        club = load_club()
        ratio = float(np.linalg.eigvalsh(means(club))[-2]) ** 2
        run.section(
            "Before training",
            f"""The mean cosine distance of two of the 34 members after so many layers: 1 for vectors at right angles, 0
            for the same direction. In the linear network only the eigenvectors of the graph decide: the first is one
            direction for all, and the second fades with its eigenvalue, {ratio**0.5:.4f}. So in the end each layer
            multiplies the distance by its square, {ratio:.3f}.""",
        )
        seeds = run.seeds(run.pick(quick=6, full=10))
        distances = {"linear": linear_distances(club)}
        for kind in (PLAIN, SKIP, INITIAL):
            runs = []
            for seed in seeds:
                mg.manual_seed(seed)
                runs.append(untrained_distances(club, kind))
            distances[kind] = np.exp(np.log(np.maximum(runs, 1e-16)).mean(axis=0)).tolist()
        rows = [
            {"layers": depth} | {kind: each[i] for kind, each in distances.items()} for i, depth in enumerate(DEPTHS)
        ]
        run.table("cosine distance by depth", rows, **dict.fromkeys(distances, ".2e"))
        powers = [cosine_distance(np.linalg.matrix_power(means(club), depth)) for depth in DEPTHS]
        error = np.abs(np.divide(distances["linear"], powers) - 1).max()
        run.expect("linear layers over powers of the matrix", error, at_most=1e-6, source="theory: equal")
        found = (distances["linear"][-1] / distances["linear"][-2]) ** (1 / 16)
        low, high = ratio - 0.005, ratio + 0.005
        run.expect("factor per linear layer", found, at_least=low, at_most=high, source="theory: 0.803", headline=True)
        for kind in (PLAIN, SKIP):
            fall = distances[kind][0] / distances[kind][-1]
            run.expect(f"fall over 31 layers, {kind}", fall, at_least=1000, form=".0f", source="10 base seeds")
        run.expect(f"distance at 32 layers, {INITIAL}", distances[INITIAL][-1], at_least=0.1, source="10 base seeds")

        run.section("After training", "Four members are known; the share of the other 30 that is placed correctly.")
        shares: dict[str, list[float]] = {kind: [] for kind in (PLAIN, SKIP, INITIAL)}
        for kind in run.progress(shares, "training"):
            for depth in TRAINED:
                scores = []
                for seed in seeds:
                    mg.manual_seed(seed)
                    scores.append(fit(Deep(depth, kind), club, KNOWN))
                shares[kind].append(float(np.median(scores)))
        table = [
            {"layers": depth} | {kind: each[i] for kind, each in shares.items()} for i, depth in enumerate(TRAINED)
        ]
        run.table(f"median of {len(seeds)} seeds", table, **dict.fromkeys(shares, ".1%"))
        run.say(
            """A plain skip does not keep members apart: after a ReLU all numbers are positive, and what is added lies
            in one direction more and more. It does let gradients through, so that training can mend it. The initial
            residual does both."""
        )
        run.expect(f"16 layers trained, {PLAIN}", shares[PLAIN][-1], at_most=0.65, form=".1%", source="chance: 50 %")
        for kind in (SKIP, INITIAL):
            run.expect(
                f"16 layers trained, {kind}", shares[kind][-1], at_least=0.75, form=".1%", source="10 base seeds"
            )
        caption = """Left: distances of members before training; the dashed line has the slope of theory. Right: what
        trained networks get right; the dotted line is chance."""
        with run.picture("oversmoothing.png", (10, 4.2), caption) as figure:
            left, after = figure.subplots(1, 2)
            for kind, curve in distances.items():
                left.semilogy(DEPTHS, curve, "o-", color=COLORS[kind], label=kind)
            slope = distances["linear"][-1] * ratio ** (np.array([4, 32]) - 32.0)
            left.semilogy([4, 32], slope, "--", color="#777777", label="theory, linear")
            left.set(xlabel="graph layers", ylabel="cosine distance of two members", xticks=DEPTHS[2:])
            left.legend(fontsize=8)
            for size, (kind, medians) in zip((6, 10, 5), shares.items(), strict=True):  # two may hide each other
                after.plot(TRAINED, medians, "o-", markersize=size, color=COLORS[kind], label=kind)
            after.axhline(0.5, color="#777777", linestyle=":")
            after.set(xlabel="graph layers", ylabel="median share of correct members", ylim=(0.4, 1.02), xticks=TRAINED)
            after.legend(fontsize=8)


if __name__ == "__main__":
    main()
