"""Tensors without a graph are drawn by matplotlib as they are."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import Tensor

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

T = Tensor([1.0, 2.0, 4.0])
N = minigrad.tensor([1, 2, 3])
PICTURE = Tensor(np.linspace(0, 1, 16).reshape(4, 4))


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    figure.canvas.draw()
    plt.close(figure)


@pytest.mark.parametrize(
    "draw",
    [
        lambda axes: axes.plot(T, T),
        lambda axes: axes.plot(PICTURE),
        lambda axes: axes.scatter(T, T, c=N, s=T),
        lambda axes: axes.imshow(PICTURE),
        lambda axes: axes.bar(["a", "b", "c"], T, yerr=T),
        lambda axes: axes.bar(N, T, bottom=T, width=T, hatch="/"),
        lambda axes: axes.barh(T, T),
        lambda axes: axes.hist(T, bins=T, weights=T),
        lambda axes: axes.hist([T, T], stacked=True),
        lambda axes: axes.fill_between(T, T, T * 2, where=T > 1),
        lambda axes: axes.errorbar(T, T, yerr=T),
        lambda axes: axes.stackplot(T, T, T),
        lambda axes: axes.boxplot(PICTURE),
        lambda axes: axes.contourf(PICTURE),
        lambda axes: axes.pcolormesh(PICTURE),
    ],
)
def test_drawing(axes, draw):
    draw(axes)


def test_what_is_drawn(axes):
    assert [patch.get_height() for patch in axes.bar(T, T)] == [1.0, 2.0, 4.0]
    (line,) = axes.plot(N, T)
    np.testing.assert_array_equal(line.get_xydata(), [[1, 1], [2, 2], [3, 4]])
    counts, edges, _ = axes.hist(T, bins=3)
    assert (np.asarray(counts).tolist(), np.asarray(edges).tolist()) == ([1, 1, 1], [1, 2, 3, 4])
    np.testing.assert_array_equal(axes.imshow(PICTURE).get_array(), PICTURE.numpy())


@pytest.mark.filterwarnings("ignore:a Tensor that requires grad became a Python float:UserWarning")
def test_a_tensor_with_a_graph_is_not_cut_silently(axes):
    with pytest.raises(TypeError, match="cut the graph"):
        axes.imshow(PICTURE.clone().requires_grad_())
    with pytest.raises(TypeError, match="cut the graph"):
        axes.hist(T.clone().requires_grad_())
