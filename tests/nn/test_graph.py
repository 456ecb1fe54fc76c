"""Graph layers: bad input, memory of edges, dtypes, sizes of what is computed."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.nn import functional as F

PATH = np.array([[0, 1, 1, 2], [1, 0, 2, 1]])
X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
LAYERS = pytest.mark.parametrize("make", [nn.GCNConv, nn.SAGEConv, nn.GATConv])


# --- bad input --------------------------------------------------------------------------------------------------------
@LAYERS
@pytest.mark.parametrize(
    ("x", "edge_index", "kind", "message"),
    [
        (X, PATH.T, ValueError, r"two rows.*got shape \(4, 2\); transpose it: edge_index.T"),
        (X, [[0, 1, 2]], ValueError, r"two rows.*got shape \(1, 3\)"),
        (X, PATH[0], ValueError, r"two rows.*got shape \(4,\)"),
        (X, PATH.astype(np.float32), TypeError, "integers.*got float32"),
        (X, PATH == 1, TypeError, "integers.*got bool; write np.argwhere"),
        (
            X,
            [[0, 1], [1, 3]],
            IndexError,
            "edge 1 goes from node 1 to node 3, but the 3 nodes are numbered from 0 to 2",
        ),
        (X, [[0, -1], [1, 2]], IndexError, "edge 1 goes from node -1 to node 2"),
        (X[:, :3], PATH, ValueError, r"\(nodes, 4\).*got \(3, 3\); the last dimension must be in_channels=4"),
        (X[0], PATH, ValueError, r"\(nodes, 4\), one row for each node, got \(4,\)"),
        (X[None], PATH, ValueError, r"got \(1, 3, 4\)"),
        ((X, X), PATH, TypeError, "not a tuple"),
    ],
)
def test_bad_graphs(make: Any, x: Any, edge_index: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        make(4, 2)(x, edge_index)
    assert make.__name__ in str(caught.value)


def test_the_error_names_the_place_in_the_model() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.convs = [nn.GCNConv(4, 8), nn.GCNConv(7, 2)]

        def forward(self, x: Any, edge_index: Any) -> Any:
            return self.convs[1](self.convs[0](x, edge_index), edge_index)

    with pytest.raises(ValueError, match="in_channels=7") as caught:
        Net()(X, PATH)
    assert any("convs.1" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("weight", [np.ones(3), np.ones((4, 1)), 2.0])
def test_weights_that_do_not_fit_the_edges(weight: Any) -> None:
    with pytest.raises(ValueError, match="edge_weight needs one number for each of the 4 edges"):
        nn.GCNConv(4, 2)(X, PATH, weight)


@LAYERS
@pytest.mark.parametrize("sizes", [(0, 2), (2, 0), (-1, 2)])
def test_sizes_below_one(make: Any, sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"{make.__name__}: .*channels must be at least 1"):
        make(*sizes)


def test_options_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="aggr is one of sum, add, mean, max, min, got 'lstm'"):
        nn.SAGEConv(4, 2, "lstm")
    with pytest.raises(ValueError, match="normalize=False add them yourself"):
        nn.GCNConv(4, 2, add_self_loops=True, normalize=False)
    with pytest.raises(ValueError, match="heads must be at least 1"):
        nn.GATConv(4, 2, heads=0)
    with pytest.raises(ValueError, match="dropout is a share between 0 and 1, got 1.5"):
        nn.GATConv(4, 2, dropout=1.5)
    with pytest.raises(ValueError, match="fill_value is a number or one of"):
        nn.GATConv(4, 2, edge_dim=1, fill_value="median")
    with pytest.raises(ValueError, match="edge_dim"):
        nn.GATConv(4, 2)(X, PATH, np.ones(4, np.float32))
    with pytest.raises(ValueError, match=r"\(edges, edge_dim\) = \(4, 3\), got \(4, 2\)"):
        nn.GATConv(4, 2, edge_dim=3)(X, PATH, np.ones((4, 2), np.float32))


def test_self_loops_added_twice() -> None:
    edges, _ = F.add_self_loops(PATH)
    with pytest.raises(ValueError, match="node 0 has a self loop already, edge 4.*use add_remaining_self_loops"):
        F.add_self_loops(edges)
    again, _ = F.add_remaining_self_loops(edges)
    np.testing.assert_array_equal(again.numpy(), edges.numpy())


def test_degrees_without_a_root() -> None:
    with pytest.raises(ValueError, match="the weights at node 0 sum to -2, which has no root"):
        F.gcn_norm([[1], [0]], [-3.0])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: F.scatter(X, [0, 1]), ValueError, r"each of the 3 rows, got shape \(2,\)"),
        (lambda: F.scatter(X, [[0], [1], [1]]), ValueError, "the index is a vector"),
        (
            lambda: F.scatter(X, [0, 1, 5], dim_size=4),
            IndexError,
            "index 5 at position .2,. is out of range for size 4",
        ),
        (lambda: F.scatter(X, [0, -1, 1]), IndexError, "index -1"),
        (lambda: F.scatter(X, [0.0, 1.0, 1.0]), TypeError, "an index holds integers"),
        (lambda: F.scatter(X, [0, 1, 1], reduce="prod"), ValueError, "got 'prod'"),
        (lambda: F.scatter(X, [0, 1, 1], 2), IndexError, "dimension 2 does not exist"),
        (lambda: F.scatter(X, [0, 1, 1], dim_size=-1), ValueError, "dim_size must be at least 0, got -1"),
        (lambda: F.scatter([1, 2, 3], [0, 1, 1], reduce="mean"), TypeError, "the mean of int64"),
        (lambda: F.segment_softmax([1, 2], [0, 0]), TypeError, "floating-point"),
        (lambda: F.global_mean_pool(X, [0, 1]), ValueError, "global_mean_pool.*each of the 3 rows"),
        (lambda: F.global_add_pool(X[0]), ValueError, r"\(nodes, channels\), got \(4,\)"),
        (lambda: F.degree(PATH), ValueError, "the index is a vector"),
        (lambda: F.degree([0, 3], 3), IndexError, "index 3"),
        (lambda: F.gcn_norm(PATH, flow="up"), ValueError, "got 'up'"),
    ],
)
def test_bad_arguments_of_functions(call: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


# --- closed forms -----------------------------------------------------------------------------------------------------
@LAYERS
def test_results_by_hand_on_one_edge(make: Any) -> None:
    """From node 0 to node 1, with the identity as weight, attention 0."""
    layer = make(1, 1)
    for parameter in layer.parameters():
        nn.init.constant_(parameter, 1.0 if parameter.ndim == 2 else 0.0)
    x = np.array([[2.0], [6.0]], np.float32)
    expected = {
        nn.GCNConv: [2, 2 / np.sqrt(2) + 6 / 2],
        nn.SAGEConv: [0 + 2, 2 + 6],
        nn.GATConv: [2, (2 + 6) / 2],
    }[make]
    np.testing.assert_allclose(layer(x, [[0], [1]]).detach().numpy()[:, 0], expected, rtol=1e-6)


def test_attention_is_safe_for_large_scores() -> None:
    layer = nn.GATConv(1, 1, bias=False)
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    x = Tensor(np.array([[1e4], [-1e4], [3e4]], np.float32), requires_grad=True)
    out = layer(x, [[0, 1, 2, 1], [1, 0, 0, 2]])
    np.testing.assert_array_equal(out.detach().numpy()[:, 0], [3e4, 1e4, 3e4])
    out.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_softmax_over_nothing_but_minus_infinity_is_zero() -> None:
    with np.errstate(all="raise"):
        out = F.segment_softmax([-np.inf, -np.inf, -np.inf, 3.0], [0, 0, 1, 1])
    np.testing.assert_array_equal(out.numpy(), [0, 0, 0, 1])


def test_attention_weights_can_be_looked_at() -> None:
    layer = nn.GATConv(4, 2, heads=3)
    out, (edges, weights) = layer(X, PATH, return_attention_weights=True)
    assert out.shape == (3, 6) and edges.shape == (2, 7) and weights.shape == (7, 3)
    totals = F.scatter(weights, edges.numpy()[1]).detach().numpy()
    np.testing.assert_allclose(totals, np.ones((3, 3)), rtol=1e-6)


def test_attention_dropout_is_for_training_only() -> None:
    minigrad.manual_seed(0)
    layer = nn.GATConv(4, 2, dropout=0.5)
    _, (_, weights) = layer(X, PATH, return_attention_weights=True)
    plain = layer.eval()(X, PATH, return_attention_weights=True)[1][1].detach().numpy()
    dropped = weights.detach().numpy()
    assert 0 < np.count_nonzero(dropped) < dropped.size
    np.testing.assert_allclose(dropped[dropped != 0], 2 * plain[dropped != 0], rtol=1e-6)


@LAYERS
def test_graphs_without_edges_and_without_nodes(make: Any) -> None:
    layer = make(4, 2)
    assert layer(X, [[], []]).shape == (3, 2)
    out = layer(np.zeros((0, 4), np.float32), np.zeros((2, 0), np.int64))
    assert out.shape == (0, 2)
    out.sum().backward()
    assert not any(parameter.grad.numpy().any() for parameter in layer.parameters())


# --- what goes in, what comes out -------------------------------------------------------------------------------------
@LAYERS
@pytest.mark.parametrize("integers", [np.int32, np.int64, np.uint8])
def test_any_kind_of_input(make: Any, integers: Any) -> None:
    """Lists, Tensors, other integers and strided arrays give the same, in float32."""
    layer = make(4, 2)
    expected = layer(X, PATH).detach().numpy()
    assert expected.dtype == np.float32
    strided = np.asfortranarray(np.repeat(X, 2, axis=1))[:, ::2]
    for x, edges in [
        (X.tolist(), PATH.tolist()),
        (Tensor(X), Tensor(PATH.astype(integers))),
        (strided, np.asfortranarray(PATH.astype(integers))),
    ]:
        got = make(4, 2)
        got.load_state_dict(layer.state_dict())
        np.testing.assert_allclose(got(x, edges).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


@LAYERS
def test_permuting_the_nodes_permutes_the_result(make: Any) -> None:
    layer, order = make(4, 2), np.array([2, 0, 1])
    expected = layer(X, PATH).detach().numpy()[order]
    got = layer(X[order], np.argsort(order)[PATH]).detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@LAYERS
def test_edges_are_remembered_only_as_long_as_they_are_the_same(make: Any) -> None:
    layer, fresh, edges = make(4, 2), make(4, 2), PATH.copy()
    fresh.load_state_dict(layer.state_dict())
    before = layer(X, edges).detach().numpy()
    edges[:, 2:] = 0  # in place
    after = layer(X, edges).detach().numpy()
    np.testing.assert_array_equal(after, fresh(X, edges).detach().numpy())
    assert not np.array_equal(before, after)
    larger = np.concatenate([X, X])
    np.testing.assert_array_equal(layer(larger, edges).detach().numpy(), fresh(larger, edges).detach().numpy())
    np.testing.assert_array_equal(copy.deepcopy(layer)(X, PATH).detach().numpy(), before)


def test_writing_into_the_edges_before_backward_does_not_change_the_gradient() -> None:
    x, edges = Tensor(X, requires_grad=True), PATH.copy()
    out = F.scatter(x, edges[1, :3]).square().sum()
    layer = nn.SAGEConv(4, 2)
    loss = layer(x, edges).sum() + out
    expected = minigrad.autograd.grad(loss, x, retain_graph=True)[0].numpy()
    edges[:] = 0
    np.testing.assert_array_equal(minigrad.autograd.grad(loss, x)[0].numpy(), expected)


def test_cached_edges() -> None:
    layer = nn.GCNConv(4, 2, cached=True)
    first = layer(X, PATH).detach().numpy()
    np.testing.assert_array_equal(layer(X, [[0], [1]]).detach().numpy(), first)
    with pytest.raises(ValueError, match="belong to 3 nodes, x has 2"):
        layer(X[:2], [[0], [1]])
    layer.reset_parameters()
    assert layer(X[:2], [[0], [1]]).shape == (2, 2)
    with pytest.raises(ValueError, match="edge_weight.detach"):
        nn.GCNConv(4, 2, cached=True)(X, PATH, Tensor(np.ones(4), requires_grad=True))


def test_remembered_edges_follow_the_layer() -> None:
    """What is kept from call to call depends on the dtype and on the options, not on the edges alone."""
    layer = nn.GCNConv(4, 2)
    layer(X, PATH)
    layer.double()
    wide = X.astype(np.float64)
    fresh = nn.GCNConv(4, 2).double()
    fresh.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(layer(wide, PATH).detach().numpy(), fresh(wide, PATH).detach().numpy())
    layer.improved = True
    twice = nn.GCNConv(4, 2, improved=True).double()
    twice.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(layer(wide, PATH).detach().numpy(), twice(wide, PATH).detach().numpy())


@LAYERS
def test_floats_are_refused_even_if_the_same_edges_are_known(make: Any) -> None:
    layer = make(4, 2)
    layer(X, PATH)
    with pytest.raises(TypeError, match="edge_index holds integers"):
        layer(X, np.array(PATH, float))


def test_improved_doubles_the_self_loops() -> None:
    weights = F.gcn_norm([[0, 1], [1, 0]], improved=True)[1].numpy()
    np.testing.assert_allclose(weights, [1 / 3, 1 / 3, 2 / 3, 2 / 3], rtol=1e-6)


@pytest.mark.parametrize(("fill", "expected"), [(None, 1), (5, 5), ("mean", 3), ("sum", 6), ("max", 4), ("min", 2)])
def test_what_self_loops_get(fill: Any, expected: float) -> None:
    edges, values = F.add_self_loops([[1, 2], [0, 0]], [2.0, 4.0], fill)
    np.testing.assert_array_equal(edges.numpy(), [[1, 2, 0, 1, 2], [0, 0, 0, 1, 2]])
    others = expected if fill is None or isinstance(fill, int) else 0
    np.testing.assert_array_equal(values.numpy(), [2, 4, expected, others, others])


@pytest.mark.parametrize("reduce", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("shape", [(3, 0), (0, 4), (0,), (0, 0)])
def test_scatter_of_nothing(reduce: str, shape: tuple[int, ...]) -> None:
    x = Tensor(np.zeros(shape, np.float32), requires_grad=True)
    out = F.scatter(x, np.arange(shape[0]), dim_size=5, reduce=reduce)
    assert out.shape == (5, *shape[1:]) and not out.detach().numpy().any()
    out.sum().backward()
    assert x.grad.shape == shape


def test_removing_self_loops() -> None:
    assert F.contains_self_loops([[0, 1], [1, 1]]) and not F.contains_self_loops(PATH)
    edges, values = F.remove_self_loops([[0, 1, 2], [1, 1, 0]], Tensor([1.0, 2.0, 3.0], requires_grad=True))
    np.testing.assert_array_equal(edges.numpy(), [[0, 2], [1, 0]])
    np.testing.assert_array_equal(values.detach().numpy(), [1, 3])


def test_degree() -> None:
    counts = F.degree([0, 0, 3], num_nodes=5, dtype=np.int64)
    np.testing.assert_array_equal(counts.numpy(), [2, 0, 0, 1, 0])
    assert counts.dtype == np.int64 and F.degree([1]).dtype == np.float32 and F.degree([]).shape == (0,)


# --- size -------------------------------------------------------------------------------------------------------------
@LAYERS
@pytest.mark.parametrize("nodes", [70_000])
def test_many_nodes_and_a_hub(make: Any, nodes: int) -> None:
    """More nodes than 16 bits number, one of them with as many neighbours; the dense matrix would take 20 GB."""
    rng = np.random.default_rng(0)
    edges = np.concatenate([rng.integers(0, nodes, (2, nodes)), [np.arange(nodes), np.full(nodes, 7)]], axis=1)
    x = rng.standard_normal((nodes, 2)).astype(np.float32)
    layer = nn.SAGEConv(2, 1, "sum", bias=False, root_weight=False)
    expected = np.stack([np.bincount(edges[1], x[edges[0], c], nodes) for c in range(2)], 1)
    expected = expected @ layer.lin_l.weight.detach().numpy().T
    np.testing.assert_allclose(layer(x, edges).detach().numpy(), expected, rtol=1e-3, atol=1e-3)
    other = make(2, 3)
    out = other(x, edges)
    out.sum().backward()
    assert out.shape == (nodes, 3) and all(np.isfinite(p.grad.numpy()).all() for p in other.parameters())
