"""Graph networks tell who joins which half of a splitting club, from the answers of four.

    python examples/gnn.py             tables and pictures, in runs/gnn
    python examples/gnn.py --quick
    python examples/gnn.py --help

Zachary's karate club (1977): 34 members and 78 friendships, which split into the clubs of Mr. Hi (member 1) and of the
officer (member 34). It comes with networkx: pip install networkx. A network sees who is whose friend, and the clubs of
four members, two of each side: 1 and 2, 33 and 34. In a second setting it sees the two leaders only. Graph convolution
(GCN), GraphSAGE and graph attention (GAT) are judged by the other members, over 20 seeds (10 in quick mode), beside
label propagation, which has no parameters: every member takes the mean of its friends.

Expected (base seeds 0 to 9 in quick mode, 0 to 2 in full mode): medians of at least 90 % for all three networks, with
97 % for GCN; single seeds go down to 83 % for GAT and 50 % for SAGE.
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
from minigrad.metrics import neighbor_purity
from minigrad.nn import functional as F

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
FOUR, LEADERS = [0, 1, 32, 33], [0, 33]  # members 1, 2, 33, 34, whose clubs are known
KINDS = {"GCN": BLUE, "GraphSAGE": GREEN, "GAT": ORANGE}


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


class Network(nn.Module):
    """Two graph layers; the members have no features but who they are, so that the input is one-hot."""

    def __init__(self, kind: str, members: int = 34, width: int = 16) -> None:
        super().__init__()
        layer = {"GCN": nn.GCNConv, "GraphSAGE": nn.SAGEConv, "GAT": nn.GATConv}[kind]
        self.identity = np.eye(members, dtype=np.float32)
        self.first = nn.GATConv(members, width // 4, heads=4) if kind == "GAT" else layer(members, width)
        self.second = layer(width, 2)

    def forward(self, edges: Any) -> Tensor:
        """Two scores for each member, (34, 2)."""
        return self.second(F.relu(self.first(self.identity, edges)), edges)


def fit(network: Network, club: Club, known: Sequence[int], steps: int = 100) -> float:
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


def propagate_labels(club: Club, known: Sequence[int]) -> Any:
    """Label propagation at its end: every unknown member is the mean of its friends (Zhu et al. 2003); (34,)."""
    friends = club.matrix
    unknown = np.setdiff1d(np.arange(len(club.side)), known)
    laplacian = np.diag(friends.sum(1)) - friends
    sides = np.where(club.side, 1.0, -1.0)
    sides[unknown] = np.linalg.solve(
        laplacian[np.ix_(unknown, unknown)], friends[np.ix_(unknown, known)] @ sides[known]
    )
    return (sides > 0).astype(int)


# --- the experiment ---------------------------------------------------------------------------------------------------
def compare(run: Experiment, club: Club) -> None:
    """Three networks and label propagation, from four answers and from two."""
    run.section("From four answers", "Members 1 and 2 are known to be Mr. Hi's, 33 and 34 the officer's.")
    seeds, rows, missed = run.seeds(run.pick(quick=10, full=20)), [], np.zeros(len(club.side))
    for setting, known in (("four known", FOUR), ("leaders only", LEADERS)):
        for kind in run.progress(KINDS, setting):
            scores = []
            for seed in seeds:
                mg.manual_seed(seed)
                network = Network(kind)
                scores.append(fit(network, club, known))
                if known is FOUR:
                    with no_grad():
                        missed += network(club.edges).numpy().argmax(1) != club.side
            spread = {"median": np.median(scores), "worst": min(scores), "best": max(scores)}
            rows.append({"setting": setting, "method": kind, **spread})
        scores = [right(propagate_labels(club, known), club, known)] * 3
        rows.append({"setting": setting, "method": "label propagation"} | dict(zip(spread, scores, strict=True)))
    run.table(f"members placed correctly, {len(seeds)} seeds", rows, **dict.fromkeys(spread, ".1%"))
    generator = mg.manual_seed(run.seed)
    sides = [np.flatnonzero(club.side == side) for side in (0, 1)]
    drawn = [np.concatenate([generator.choice(side, 2, replace=False) for side in sides]) for _ in range(500)]
    low, middle = np.quantile([right(propagate_labels(club, each), club, each) for each in drawn], (0.05, 0.5))
    run.say(
        f"""The member that is missed most often is {missed.argmax() + 1}. Number 9 was a friend of more of the
        officer's people, and stayed with Mr. Hi because he was three weeks from his black belt (Zachary): the graph
        cannot know. So 29 of 30 is the best to hope for. Single seeds of GraphSAGE fail: it has weights apart for what
        a member itself is, here a one-hot vector, and hardly any loss reaches those. Which members are known matters as
        much: with two drawn per side, label propagation has a median of {middle:.0%}, and 5 % of the draws lie at
        {low:.0%} or below."""
    )
    for row in rows[:3]:
        floor = {"GCN": 0.96, "GraphSAGE": 0.9, "GAT": 0.88}[row["method"]]
        name = f"{row['method']}, four known, median"
        run.expect(name, row["median"], at_least=floor, form=".1%", headline=floor == 0.96, source="10 base seeds")
    run.expect("label propagation, four known", rows[3]["median"], at_least=29 / 30, at_most=29 / 30, form=".2%")
    run.expect("member missed most often", missed.argmax() + 1, at_least=9, at_most=9, source="Zachary 1977")


def show(run: Experiment, club: Club) -> None:
    """Where a GCN lays the members, before and after training."""
    mg.manual_seed(run.seed)
    network = Network("GCN")
    with no_grad():
        before = network(club.edges).numpy()
    fit(network, club, FOUR)
    with no_grad():
        after = network(club.edges).numpy()
    purity = [neighbor_purity(points, club.side, 3) for points in (before, after)]
    run.section(
        "What training does to the embedding",
        f"""The two scores of every member as a place in the plane. Of a member's three nearest, {purity[0]:.0%} are of
        its own side with random weights (chance: 48 %), and {purity[1]:.0%} after training.""",
    )
    run.expect("purity of embeddings, trained", purity[1], at_least=0.88, form=".1%", source="10 seeds")
    caption = """Every dot is a member, lines are friendships, rings mark those whose side was known. Means over friends
    bring friends together even with random weights; training pulls the sides apart. Member 9 lies on the wrong one."""
    with run.picture("embedding.png", (10, 4.6), caption) as figure:
        for axes, points, name in zip(
            figure.subplots(1, 2), (before, after), ("random weights", "trained"), strict=True
        ):
            for one, other in club.edges.T:
                axes.plot(*points[[one, other]].T, color=GREY, linewidth=0.3, zorder=0)
            for side, color, label in ((0, BLUE, "Mr. Hi's"), (1, ORANGE, "the officer's")):
                axes.scatter(*points[club.side == side].T, c=color, s=40, label=label)
            axes.scatter(*points[FOUR].T, s=130, facecolors="none", edgecolors="black", label="known")
            axes.annotate("9", points[8], xytext=(8, -14), textcoords="offset points", color=RED, weight="bold")
            axes.set(title=name, xlabel="score of Mr. Hi's club", ylabel="score of the officer's club")
        figure.axes[0].legend()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    with Experiment(options(__doc__, "gnn"), arguments) as run:
        club = load_club()
        compare(run, club)
        show(run, club)


if __name__ == "__main__":
    main()
