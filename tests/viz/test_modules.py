"""Modules as frames, closed and folded; functions as one box; and what a trace adds to a picture."""

from __future__ import annotations

import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.debug import Trace
from minigrad.viz import draw_graph
from tests.viz.pictures import Picture

F = nn.functional
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program 'dot' is not installed")


def random(*shape):
    return Tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


class Block(nn.Module):
    """x + linear(tanh(x))."""

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x):
        return x + self.linear(x.tanh())


class Stack(nn.Module):
    def __init__(self, width, count):
        super().__init__()
        self.first = nn.Linear(3, width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(count)])

    def forward(self, x):
        return self.blocks(self.first(x))


def mlp():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


# --- frames -----------------------------------------------------------------------------------------------------------
def test_modules_are_frames_and_parameters_have_names():
    picture = Picture(draw_graph(mlp(), random(5, 3)))
    assert picture.frames == ["Sequential / 26 parameters", "0 Linear / 16 parameters", "2 Linear / 10 parameters"]
    assert picture.titles() == ["input", "0.weight", "0.bias", "linear", "1 Tanh", "2.weight", "2.bias", "linear"]
    assert picture.frame_of("0.weight") == "0 Linear / 16 parameters"
    assert picture.frame_of("1 Tanh") == "Sequential / 26 parameters"
    assert picture.frame_of("input") is None


def test_depth_closes_modules():
    picture = Picture(draw_graph(mlp(), random(5, 3), depth=1))
    assert picture.titles() == ["input", "0 Linear", "1 Tanh", "2 Linear"]
    assert picture.lines(picture.key("0 Linear")) == ["0 Linear", "(5, 4)", "16 parameters"]
    assert picture.into("1 Tanh") == ["0 Linear"]
    assert len(picture.arrows) == 3


def test_equal_blocks_are_folded():
    picture = Picture(draw_graph(Stack(4, 12), random(5, 3)))
    assert "blocks.0 … blocks.11 Block ×12 / 240 parameters" in picture.frames
    assert not any(frame.startswith("blocks Sequential") for frame in picture.frames)  # one frame around one frame
    assert picture.titles().count("tanh") == 1
    assert sorted(picture.into("add")) == ["linear", "linear"]
    closed = Picture(draw_graph(Stack(4, 12), random(5, 3), depth=2))
    assert closed.titles()[-1] == "blocks.0 … blocks.11 Block ×12"
    unfolded = Picture(draw_graph(Stack(4, 12), random(5, 3), fold=False))
    assert unfolded.titles().count("tanh") == 12


def test_several_parts_that_repeat_together_are_folded():
    layers = [layer for _ in range(10) for layer in (nn.Linear(4, 4), nn.Tanh())]
    picture = Picture(draw_graph(nn.Sequential(nn.Linear(3, 4), *layers, nn.Linear(4, 2)), random(5, 3), depth=1))
    assert picture.frames[1] == "1 … 20 ×10"
    assert picture.titles() == ["input", "0 Linear", "1 Linear", "2 Tanh", "21 Linear"]
    assert picture.into("21 Linear") == ["2 Tanh"] and picture.into("1 Linear") == ["0 Linear"]


@pytest.mark.parametrize("change", ["width", "skip"])
def test_blocks_that_differ_are_not_folded(change):
    class Differing(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([Block(4), Block(4), Block(4)])
            self.other = nn.Linear(4, 4)

        def forward(self, x):
            outs = [x, x]
            for i, block in enumerate(self.blocks):
                given = outs[-1] + outs[-2] if change == "skip" else self.other(outs[-1]) if i == 1 else outs[-1]
                outs.append(block(given))
            return outs[-1]

    picture = Picture(draw_graph(Differing(), random(5, 4)))
    assert not any("×" in frame for frame in picture.frames)
    assert picture.titles().count("tanh") == 3


def test_a_cell_that_is_called_again_is_unrolled_and_its_parameters_are_inside():
    class Unrolled(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.LSTMCell(2, 3)

        def forward(self, x):
            state = None
            for t in range(10):
                state = self.cell(x[:, t], state)
            return state[0]

    picture = Picture(draw_graph(Unrolled(), random(5, 10, 2)))
    assert picture.titles().count("cell LSTMCell") == 10
    assert not any("cell.weight" in title for title in picture.titles())


def test_a_tied_parameter_is_one_box_outside_both_modules():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Embedding(7, 3), nn.Linear(3, 7, bias=False)
            self.head.weight = self.words.weight

        def forward(self, ids):
            return self.head(self.words(ids))

    picture = Picture(draw_graph(Tied(), Tensor(np.array([[1, 2]]))))
    assert sorted(picture.titles()) == ["head Linear", "ids", "words Embedding", "words.weight"]
    assert picture.into("head Linear").count("words.weight") == 1
    assert sorted(picture.into("words Embedding")) == ["ids", "words.weight"]


def test_several_inputs_and_keyword_arguments():
    class Two(nn.Module):
        def forward(self, a, b):
            return a * b

    for given in ((random(2), random(2)), {"b": random(2), "a": random(2)}):
        assert sorted(Picture(draw_graph(Two(), given)).titles()) == ["Two", "a", "b"]


def test_parameters_that_the_output_does_not_depend_on_are_named():
    model = Stack(4, 2)
    model.lost = nn.Linear(2, 2)
    picture = Picture(draw_graph(model, random(5, 3)))
    assert picture.lines("unreached") == ["the output does not depend on", "lost.weight", "lost.bias"]


# --- nothing changes --------------------------------------------------------------------------------------------------
def test_the_model_and_a_graph_that_is_under_way_stay_as_they_are():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    x = random(5, 3)
    loss = model(x).sum()
    before = {name: t.detach().numpy().copy() for name, t in model.state_dict().items()}
    state = mg.get_rng_state()
    draw_graph(model, x)
    assert not x.requires_grad
    assert all(np.array_equal(before[name], t.detach().numpy()) for name, t in model.state_dict().items())
    assert str(state) == str(mg.get_rng_state())
    assert all(p.grad is None for p in model.parameters())
    loss.backward()


def test_errors_of_a_model():
    with pytest.raises(TypeError, match=r"draw_graph\(model, x\)"):
        draw_graph(mlp())

    class Nothing(nn.Module):
        def forward(self, x):
            return 3

    with pytest.raises(RuntimeError, match="Nothing returned no Tensor"):
        draw_graph(Nothing(), random(2))


# --- functions --------------------------------------------------------------------------------------------------------
def traced():
    model = mlp()
    with Trace(model) as trace:
        loss = F.cross_entropy(model(random(5, 3)), Tensor(np.arange(5) % 2), label_smoothing=0.1)
        loss.backward()
    return model, loss, trace


def test_a_function_is_one_box_unless_asked_otherwise():
    _, loss, trace = traced()
    assert Picture(draw_graph(loss, trace=trace)).titles()[-1] == "cross_entropy"
    assert Picture(draw_graph(loss, trace=trace, functions=False)).titles()[-2:] == ["cross_entropy", "mean"]


def test_a_function_shows_only_arguments_of_its_own():
    x = random(2, 3)
    x.requires_grad = True
    with Trace() as trace:
        penalty = F.l2_penalty([x]) + F.layer_norm(x, (3,), eps=1e-3).flatten().sum()
    picture = Picture(draw_graph(penalty, trace=trace))
    assert picture.lines(picture.key("l2_penalty")) == ["l2_penalty", "()"]
    assert picture.lines(picture.key("layer_norm")) == ["layer_norm", "eps=0.001", "(2, 3)"]


def test_a_trace_remembers_what_the_graph_forgot():
    _, loss, trace = traced()
    picture = Picture(draw_graph(loss, {"loss": loss}, trace=trace))
    assert "input" in picture.titles() and "0.weight" in picture.titles()
    assert picture.lines(picture.key("loss = cross_entropy"))[-1] == f"{loss.item():.6g}"


def test_the_backward_pass_is_a_frame():
    x = random(3)
    x.requires_grad = True
    with Trace() as trace:
        (g,) = mg.autograd.grad(x.tanh().sum(), [x], create_graph=True)
    picture = Picture(draw_graph(g, {"x": x}, trace=trace))
    assert picture.frames == ["backward pass (create_graph=True)"]
    assert picture.frame_of("x") is None and picture.frame_of("tanh") is None


# --- colours, values, memory ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["grad", "activation", "saturation", "time"])
def test_colours_come_with_a_legend_and_a_number_in_the_box(what):
    _, loss, trace = traced()
    picture = Picture(draw_graph(loss, trace=trace, color_by=what))
    assert any(line.startswith(f"{what}: ") for line in picture.lines(picture.key("1 Tanh")))
    assert len(re.findall('bgcolor="#[0-9a-f]{6}"', picture.source)) == 5


def test_the_measures_are_right():
    x = Tensor(np.array([-9.0, 0.0, 0.5, 9.0], np.float32), requires_grad=True)
    with Trace() as trace:
        y = x.tanh()
        y.sum().backward()
    assert Picture(draw_graph(y, trace=trace, color_by="saturation")).lines("x1")[-1] == "saturation: 50%"
    assert Picture(draw_graph(y, trace=trace, color_by="grad")).lines("x1")[-1] == "grad: 1"
    spread = np.tanh([-9.0, 0.0, 0.5, 9.0]).std()
    assert Picture(draw_graph(y, trace=trace, color_by="activation")).lines("x1")[-1] == f"activation: {spread:.2g}"


@pytest.mark.parametrize(
    ("what", "advice"), [("grad", "loss.backward"), ("time", "draw_graph"), ("saturation", "tanh")]
)
def test_colours_that_nothing_is_known_for_say_what_is_missing(what, advice):
    x = random(3)
    x.requires_grad = True
    with pytest.raises(ValueError, match=advice):
        draw_graph(x * 2, color_by=what)
    with pytest.raises(ValueError, match="color_by is one of grad"):
        draw_graph(x * 2, color_by="heat")


def test_all_values_are_written_where_they_can_be_known():
    a, b, c = (Tensor(value, requires_grad=True) for value in (2.0, -3.0, 10.0))
    out = (a * b + c).tanh()
    picture = Picture(draw_graph(out, {"a": a}, values="all"))
    assert [picture.lines(key)[-1] for key in ("x2", "x4")] == ["-6", "4"]
    assert picture.lines("x0")[0] == "a = 2" and picture.lines("x5")[-1] == "0.9993"


def test_saved_arrays_are_listed_and_counted_once():
    x = random(10)
    x.requires_grad = True
    picture = Picture(draw_graph((x * x).exp(), saved=True))
    assert picture.lines("x1")[-2:] == ["saves x (10,) 40 B", "saves y (10,) 40 B"]
    assert picture.lines("saved")[0] == "kept for backward: 80 B"
    y = x.exp()
    y.sum().backward()
    assert picture.lines("x2")[-1] == "saves out (10,) 40 B"
    assert Picture(draw_graph(y, saved=True)).lines("x1")[-1] == "saved values are freed"


def test_the_way_of_what_is_not_finite_is_red():
    x = Tensor(np.array([1.0, -1.0], np.float32), requires_grad=True)
    with np.errstate(all="ignore"):
        fine, bad = x * 2, x.sqrt()
    picture = Picture(draw_graph(bad.sum() + fine.sum()))
    red = {picture.lines(key)[0] for key, look in picture.looks.items() if "#dc2626" in look}
    assert red == {"sqrt", "sum", "add"}
    assert sum("#dc2626" in rest for *_, rest in picture.arrows) == 2


# --- size -------------------------------------------------------------------------------------------------------------
def test_a_large_model_is_opened_only_as_far_as_it_fits():
    model = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), Block(2)) for _ in range(40)])
    picture = Picture(draw_graph(model, random(1, 2), fold=False))
    assert picture.lines("rest") == ["opened to depth=3 of 4", "max_nodes=250 boxes"]
    assert len(picture.boxes) <= 251


# --- rendered ---------------------------------------------------------------------------------------------------------
@needs_dot
def test_a_rendered_picture_has_every_box_arrow_and_frame():
    picture = draw_graph(Stack(4, 3), random(2, 3))
    read = Picture(picture)
    svg = ElementTree.fromstring(picture.svg())
    groups = [group.get("class") for group in svg.iter("{http://www.w3.org/2000/svg}g")]
    assert groups.count("node") == len(read.boxes)
    assert groups.count("edge") == len(read.arrows)
    assert groups.count("cluster") == len(read.frames)
