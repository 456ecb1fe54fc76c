"""Graph convolutions against formulas with dense matrices, written in PyTorch and differentiated by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F
from minigrad.nn.kernels import graph
from tests.module_parity import double_precision, same_modules
from tests.parity import compare, random, torch

NODES = 6
# Directed edges: a repeated one (0 -> 2), self loops at 3 and, twice, at 4, a node without edges (5).
DIRECTED = np.array([[0, 0, 1, 3, 2, 0, 4, 4, 3], [2, 2, 0, 3, 0, 1, 4, 4, 1]])
NO_LOOPS = np.array([[0, 1, 1, 2, 0, 3, 3, 0, 1], [1, 0, 2, 1, 3, 0, 2, 2, 0]])
EMPTY = np.zeros((2, 0), np.int64)
SINGLE_LOOPS = np.array([[0, 1, 1, 3, 2], [1, 0, 1, 3, 2]])
GRAPHS = pytest.mark.parametrize("edge_index", [DIRECTED, NO_LOOPS, EMPTY, SINGLE_LOOPS], ids=str)


@pytest.fixture(autouse=True, params=[(0, 8), (1 << 30, 1 << 16)], ids=["groups in small blocks", "runs"])
def algorithm(request, monkeypatch):
    """Both ways to sum by node, whatever the size."""
    few, block = request.param
    monkeypatch.setattr(graph, "FEW", few)
    monkeypatch.setattr(graph, "BLOCK", block)


def adjacency(edge_index: np.ndarray, weight: Any = None) -> Any:
    """The matrix whose row i holds the weights of the edges that end in i."""
    source, target = (torch.tensor(row) for row in edge_index)
    weight = torch.ones(len(source), dtype=torch.float64) if weight is None else weight
    place = torch.nn.functional.one_hot(target * NODES + source, NODES * NODES).to(weight.dtype)
    return (weight @ place).reshape(NODES, NODES)


def with_loops(a: Any, fill: float = 1.0) -> Any:
    """A weight on the diagonal for nodes that have none there."""
    return a + fill * torch.diag((torch.diagonal(a) == 0).to(a.dtype))


def on_rows(function: Any, x: Any) -> Any:
    return function(x.T).T


# --- the layers, dense ------------------------------------------------------------------------------------------------
class DenseGCN(torch.nn.Module):
    """Kipf & Welling 2017, equation 8."""

    def __init__(self, channels: int, out: int, improved: bool, loops: bool, normalize: bool, bias: bool) -> None:
        super().__init__()
        self.bias = torch.nn.Parameter(torch.randn(out)) if bias else None
        self.lin = torch.nn.Linear(channels, out, bias=False)
        self.improved, self.loops, self.normalize = improved, loops, normalize

    def forward(self, x: Any, edge_index: Any, edge_weight: Any = None) -> Any:
        a = adjacency(edge_index.numpy(), edge_weight)
        if self.normalize:
            a = with_loops(a, 2.0 if self.improved else 1.0) if self.loops else a
            degrees = a.sum(1)
            root = torch.where(degrees > 0, degrees, torch.inf) ** -0.5
            a = root[:, None] * a * root
        out = a @ x @ self.lin.weight.T
        return out if self.bias is None else out + self.bias


class DenseSAGE(torch.nn.Module):
    """Hamilton et al. 2017, algorithm 1, with a matrix each for the node and for its neighbours."""

    def __init__(
        self, channels: int, out: int, aggr: str, normalize: bool, root_weight: bool, project: bool, bias: bool
    ) -> None:
        super().__init__()
        if project:
            self.lin = torch.nn.Linear(channels, channels)
        self.lin_l = torch.nn.Linear(channels, out, bias=bias)
        if root_weight:
            self.lin_r = torch.nn.Linear(channels, out, bias=False)
        self.aggr, self.normalize, self.root_weight, self.project = aggr, normalize, root_weight, project

    def forward(self, x: Any, edge_index: Any) -> Any:
        a = adjacency(edge_index.numpy())
        near = torch.relu(self.lin(x)) if self.project else x
        if self.aggr in ("max", "min"):
            sign = 1 if self.aggr == "max" else -1
            spread = torch.where(a[:, :, None] > 0, sign * near, -torch.inf)
            near = sign * torch.where(a.sum(1, keepdim=True) > 0, spread.amax(1), 0)
        else:
            near = a @ near / (a.sum(1, keepdim=True).clamp(min=1) if self.aggr == "mean" else 1)
        out = self.lin_l(near)
        if self.root_weight:
            out = out + self.lin_r(x)
        return out / out.norm(dim=1, keepdim=True).clamp(min=1e-12) if self.normalize else out


class DenseGAT(torch.nn.Module):
    """Veličković et al. 2018, equations 1 to 6; an edge that is there twice counts twice."""

    def __init__(
        self, channels: int, out: int, heads: int, concat: bool, slope: float, loops: bool, bias: bool
    ) -> None:
        super().__init__()
        self.att_src = torch.nn.Parameter(torch.randn(1, heads, out))
        self.att_dst = torch.nn.Parameter(torch.randn(1, heads, out))
        self.bias = torch.nn.Parameter(torch.randn(heads * out if concat else out)) if bias else None
        self.lin = torch.nn.Linear(channels, heads * out, bias=False)
        self.heads, self.concat, self.slope, self.loops = heads, concat, slope, loops

    def forward(self, x: Any, edge_index: Any) -> Any:
        a = adjacency(edge_index.numpy())
        if self.loops:
            a = a - torch.diag(torch.diagonal(a)) + torch.eye(NODES, dtype=a.dtype)
        results = []
        for h, source, target in zip(
            self.lin(x).chunk(self.heads, dim=1), self.att_src[0], self.att_dst[0], strict=True
        ):
            score = torch.nn.functional.leaky_relu((h @ target)[:, None] + (h @ source), self.slope)
            e = a * torch.exp(score - score.max())
            results.append(e / torch.where(a.sum(1) > 0, e.sum(1), 1)[:, None] @ h)
        out = torch.cat(results, 1) if self.concat else sum(results) / self.heads
        return out if self.bias is None else out + self.bias


def dense_pair(ours: Any, theirs: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
    with double_precision():
        torch.manual_seed(0)
        mine, reference = ours(*args, **options), theirs
    state = {key: value.detach().numpy().copy() for key, value in reference.state_dict().items()}
    assert [*mine.state_dict()] == [*state]
    mine.load_state_dict(state)
    return mine, reference


# --- comparison -------------------------------------------------------------------------------------------------------
@GRAPHS
@pytest.mark.parametrize("channels", [(3, 4), (4, 2)], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"improved": True},
        {"add_self_loops": False},
        {"normalize": False},
        {"bias": False},
    ],
    ids=str,
)
def test_gcn(edge_index: np.ndarray, channels: tuple[int, int], weighted: bool, options: dict[str, bool]) -> None:
    with double_precision():
        theirs = DenseGCN(
            *channels,
            options.get("improved", False),
            options.get("add_self_loops", True),
            options.get("normalize", True),
            options.get("bias", True),
        )
    ours, theirs = dense_pair(nn.GCNConv, theirs, *channels, **options)
    inputs: list[Any] = [(NODES, channels[0]), edge_index]
    if weighted:
        inputs.append(0.5 + np.arange(edge_index.shape[1]) / 3)
    same_modules(ours, theirs, inputs=inputs)


@GRAPHS
@pytest.mark.parametrize("aggr", ["mean", "sum", "max", "min"])
@pytest.mark.parametrize(
    "options", [{}, {"normalize": True}, {"root_weight": False}, {"project": True}, {"bias": False}], ids=str
)
def test_sage(edge_index: np.ndarray, aggr: str, options: dict[str, bool]) -> None:
    every = {"normalize": False, "root_weight": True, "project": False, "bias": True, **options}
    with double_precision():
        theirs = DenseSAGE(3, 4, aggr, **every)
    ours, theirs = dense_pair(nn.SAGEConv, theirs, 3, 4, aggr, **options)
    same_modules(ours, theirs, inputs=[(NODES, 3), edge_index])


@GRAPHS
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("concat", [True, False])
@pytest.mark.parametrize("options", [{}, {"add_self_loops": False}, {"negative_slope": 0.5}, {"bias": False}], ids=str)
def test_gat(edge_index: np.ndarray, heads: int, concat: bool, options: dict[str, Any]) -> None:
    with double_precision():
        theirs = DenseGAT(
            3,
            2,
            heads,
            concat,
            options.get("negative_slope", 0.2),
            options.get("add_self_loops", True),
            options.get("bias", True),
        )
    ours, theirs = dense_pair(nn.GATConv, theirs, 3, 2, heads, concat, **options)
    same_modules(ours, theirs, inputs=[(NODES, 3), edge_index])


def test_gat_with_features_of_edges() -> None:
    """Every edge, self loops with the mean of what comes in, one by one."""
    with double_precision():
        layer = nn.GATConv(3, 2, heads=2, edge_dim=2, residual=True)
    x, features = random((NODES, 3)), random((NO_LOOPS.shape[1], 2))
    got = layer(x, NO_LOOPS, features).detach().numpy()
    p = {key: value.numpy() for key, value in layer.state_dict().items()}
    h = (x @ p["lin.weight"].T).reshape(NODES, 2, 2)
    for i in range(NODES):
        incoming = [(s, f) for s, t, f in zip(*NO_LOOPS, features, strict=True) if t == i]
        mean = np.mean([f for _, f in incoming], axis=0) if incoming else np.zeros(2)
        incoming.append((i, mean))
        for k in range(2):
            own = h[i, k] @ p["att_dst"][0, k]
            scores = np.array(
                [
                    h[j, k] @ p["att_src"][0, k]
                    + own
                    + (p["lin_edge.weight"] @ f).reshape(2, 2)[k] @ p["att_edge"][0, k]
                    for j, f in incoming
                ]
            )
            e = np.exp(np.where(scores > 0, scores, 0.2 * scores))
            expected = (e / e.sum()) @ np.array([h[j, k] for j, _ in incoming])
            expected = expected + (x[i] @ p["res.weight"].T + p["bias"])[2 * k : 2 * k + 2]
            np.testing.assert_allclose(got[i, 2 * k : 2 * k + 2], expected, rtol=1e-12)


# --- functions --------------------------------------------------------------------------------------------------------
INDEX = np.array([2, 0, 2, 2, 4, 0])


@pytest.mark.parametrize("shape", [(6,), (6, 3), (6, 2, 3)], ids=str)
@pytest.mark.parametrize("reduce", ["sum", "mean", "amax", "amin"])
def test_scatter(shape: tuple[int, ...], reduce: str) -> None:
    def theirs(x: Any) -> Any:
        index = torch.tensor(INDEX).reshape((6,) + (1,) * (x.ndim - 1)).expand(x.shape)
        return torch.zeros(5, *x.shape[1:], dtype=x.dtype).scatter_reduce(0, index, x, reduce, include_self=False)

    compare(lambda x: F.scatter(x, INDEX, dim_size=5, reduce=reduce.removeprefix("a")), theirs, random(shape))


@pytest.mark.parametrize("count", [31, 32, 33, 100])
@pytest.mark.parametrize("reduce", ["amax", "amin", "mean", "sum"])
def test_scatter_of_many_to_one(reduce: str, count: int) -> None:
    index = np.array([2] * count + [0] * 3)
    places = torch.tensor(index)[:, None].expand(-1, 2)
    compare(
        lambda x: F.scatter(x, index, dim_size=4, reduce=reduce[-3:] if reduce[0] == "a" else reduce),
        lambda x: torch.zeros(4, 2, dtype=x.dtype).scatter_reduce(0, places, x, reduce, include_self=False),
        np.round(random((count + 3, 2)), 1),
        order=1,
    )


@pytest.mark.parametrize("reduce", ["max", "min"])
def test_equal_extremes_share_the_gradient_as_in_pytorch(reduce: str) -> None:
    x = np.array([[1.0, 2.0], [3.0, 3.0], [1.0, 2.0], [1.0, 9.0], [5.0, 5.0], [3.0, 1.0]])

    def theirs(x: Any) -> Any:
        index = torch.tensor(INDEX)[:, None].expand(x.shape)
        return torch.zeros(5, 2, dtype=x.dtype).scatter_reduce(0, index, x, f"a{reduce}", include_self=False)

    compare(lambda x: F.scatter(x, INDEX, reduce=reduce), theirs, x, order=1)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_scatter_along_any_dimension(dim: int) -> None:
    def theirs(x: Any) -> Any:
        moved = x.movedim(dim, 0)
        return torch.zeros(5, 6, dtype=x.dtype).index_add(0, torch.tensor(INDEX), moved).movedim(0, dim)

    compare(lambda x: F.scatter(x, INDEX, dim), theirs, random((6, 6)))


@pytest.mark.parametrize("shape", [(6,), (6, 3)], ids=str)
def test_segment_softmax(shape: tuple[int, ...]) -> None:
    def theirs(x: Any) -> Any:
        parts = torch.zeros_like(x)
        for group in np.unique(INDEX):
            rows = torch.tensor(np.flatnonzero(INDEX == group))
            parts = parts.index_add(0, rows, torch.softmax(x[rows], 0))
        return parts

    compare(lambda x: F.segment_softmax(x, INDEX), theirs, random(shape))
    compare(lambda x: F.segment_softmax(x.mT, INDEX, dim=1).mT, theirs, random((6, 2)))


def test_pooling() -> None:
    x, batch = random((6, 3)), np.array([0, 0, 2, 0, 2, 2])
    parts = [torch.tensor(np.flatnonzero(batch == graph)) for graph in (0, 2)]
    for ours, theirs in [
        (F.global_add_pool, lambda rows: rows.sum(0)),
        (F.global_mean_pool, lambda rows: rows.mean(0)),
        (F.global_max_pool, lambda rows: rows.amax(0)),
    ]:
        compare(
            lambda x, ours=ours: ours(x, batch, size=4),
            lambda x, theirs=theirs: torch.stack([theirs(x[parts[0]]), 0 * x[0], theirs(x[parts[1]]), 0 * x[0]]),
            x,
        )
        compare(lambda x, ours=ours: ours(x), lambda x, theirs=theirs: theirs(x)[None], x)


def test_second_derivatives_through_the_normalization() -> None:
    """By features, weights of edges, and the weight matrix."""

    def ours(x: Any, weight: Any, w: Any) -> Any:
        edges, scaled = F.gcn_norm(DIRECTED, weight, NODES)
        messages = x[edges.numpy()[0]] * scaled.reshape(-1, 1)
        return F.scatter(messages, edges.numpy()[1], dim_size=NODES) @ w

    def theirs(x: Any, weight: Any, w: Any) -> Any:
        a = with_loops(adjacency(DIRECTED, weight))
        root = a.sum(1) ** -0.5
        return root[:, None] * a * root @ x @ w

    weight = 0.5 + np.arange(DIRECTED.shape[1]) / 5
    compare(ours, theirs, random((NODES, 3)), weight, random((3, 2)))


@pytest.mark.parametrize("name", ["GCNConv", "SAGEConv", "GATConv"])
def test_second_derivatives_through_the_layers(name: str) -> None:
    """Against the dense formulas, by the features."""
    with double_precision():
        layer = getattr(nn, name)(3, 2)
        dense = {
            "GCNConv": lambda: DenseGCN(3, 2, False, True, True, True),
            "SAGEConv": lambda: DenseSAGE(3, 2, "mean", False, True, False, True),
            "GATConv": lambda: DenseGAT(3, 2, 1, True, 0.2, True, True),
        }[name]()
    layer.load_state_dict({key: value.detach().numpy() for key, value in dense.state_dict().items()})
    compare(
        lambda x: layer(x, DIRECTED) ** 2, lambda x: dense(x, torch.tensor(DIRECTED)) ** 2, random((NODES, 3)), order=2
    )


# --- how they start ---------------------------------------------------------------------------------------------------
def test_initial_values() -> None:
    """Xavier's bounds for GCN and GAT, those of Linear for SAGE."""
    gcn, gat, sage = nn.GCNConv(300, 200), nn.GATConv(300, 50, heads=4), nn.SAGEConv(400, 100)
    for weight, bound in [
        (gcn.lin.weight, np.sqrt(6 / 500)),
        (gat.lin.weight, np.sqrt(6 / 500)),
        (gat.att_src, np.sqrt(6 / 54)),
        (gat.att_dst, np.sqrt(6 / 54)),
        (sage.lin_l.weight, 1 / 20),
        (sage.lin_r.weight, 1 / 20),
    ]:
        values = weight.detach().numpy()
        assert values.dtype == np.float32 and np.abs(values).max() <= bound
        spread = values.std() / (bound / np.sqrt(3))
        assert abs(spread - 1) < 4 / np.sqrt(values.size), spread
    for bias in (gcn.bias, gat.bias):
        assert not bias.detach().numpy().any()
    assert isinstance(gcn.bias, Tensor) and sage.lin_r.bias is None
