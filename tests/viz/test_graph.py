"""What is drawn: boxes, arrows, names, and what is said when something is not drawn."""

import html
import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.nn.kernels.linear import linear
from minigrad.nn.kernels.loss.cross_entropy import cross_entropy_of_labels
from minigrad.viz import draw_graph

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program 'dot' is not installed")


def leaf(*shape, dtype=np.float32):
    return Tensor(np.ones(shape, dtype), requires_grad=True)


class Boxes:
    """Reads a picture back: the text of every box, and the arrows between them."""

    def __init__(self, picture):
        self.lines, self.attributes = {}, {}
        self.arrows = []
        for line in picture.source.splitlines():
            if arrow := re.fullmatch(r"\t(\w+) -> (\w+)(.*)", line):
                self.arrows.append(arrow.groups())
            elif box := re.fullmatch(r"\t(\w+) \[label=<<table.*?>(.*)</table>> (.*)\]", line):
                key, rows, attributes = box.groups()
                cells = re.findall(r"<td>(.*?)</td>", rows)
                self.lines[key] = [self._read(cell) for cell in cells]
                self.attributes[key] = attributes

    @staticmethod
    def _read(cell):
        return html.unescape(re.sub(r"<[^>]*>", "", cell)).replace("\\\\", "\\")

    def key(self, title):
        (key,) = (key for key, lines in self.lines.items() if lines[0] == title)
        return key

    def titles(self):
        return [lines[0] for lines in self.lines.values()]

    def into(self, title):
        """Titles of the boxes that have an arrow to this one, one for each arrow."""
        key = self.key(title)
        return [self.lines[source][0] for source, target, _ in self.arrows if target == key]


def mlp():
    """A two-layer network's loss, and everything in it by name."""
    x = Tensor(np.ones((5, 4), np.float32))
    named = {"0.weight": leaf(3, 4), "0.bias": leaf(3), "2.weight": leaf(2, 3), "2.bias": leaf(2)}
    w0, b0, w2, b2 = named.values()
    logits = linear(linear(x, w0, b0).relu(), w2, b2)
    loss = cross_entropy_of_labels(logits, labels=np.zeros(5, int)).mean()
    return loss, {**named, "x": x, "loss": loss}


def test_x_times_x_has_two_arrows():
    x = leaf(3)
    assert Boxes(draw_graph(x * x, {"x": x})).into("multiply") == ["x", "x"]


def test_mlp():
    loss, names = mlp()
    boxes = Boxes(draw_graph(loss, names))
    assert boxes.titles() == [
        "x",
        "0.weight",
        "0.bias",
        "linear",
        "relu",
        "2.weight",
        "2.bias",
        "linear",
        "cross_entropy",
        "loss = mean",
    ]
    assert boxes.lines[boxes.key("0.weight")] == ["0.weight", "(3, 4) float32"]
    assert boxes.lines[boxes.key("x")] == ["x", "(5, 4) float32"]
    assert boxes.lines[boxes.key("relu")] == ["relu", "(5, 3)"]
    assert boxes.lines[boxes.key("cross_entropy")][1:] == ["labels=(5,) int64", "(5,)"]
    assert boxes.lines[boxes.key("loss = mean")] == ["loss = mean", "()", f"{np.log(2):.6g}"]
    assert boxes.into("relu") == ["linear"]
    first, second = (key for key, lines in boxes.lines.items() if lines[0] == "linear")
    given = [(boxes.lines[source][0], rest) for source, target, rest in boxes.arrows if target == first]
    assert [name for name, _ in given] == ["x", "0.weight", "0.bias"]
    assert [re.search(r'label="  (\w+)"', rest).group(1) for _, rest in given] == ["input", "weight", "bias"]
    assert "dashed" in given[0][1] and "dashed" not in given[1][1]
    assert boxes.into("cross_entropy") == ["linear"]
    assert [source for source, target, _ in boxes.arrows if target == second][0] == boxes.key("relu")


def test_kinds_of_boxes_look_different():
    loss, names = mlp()
    boxes = Boxes(draw_graph(loss, names))
    looks = [boxes.attributes[boxes.key(title)] for title in ("x", "0.weight", "relu", "loss = mean")]
    assert len(set(looks)) == 4
    assert boxes.attributes[boxes.key("0.weight")] == boxes.attributes[boxes.key("2.bias")]


def test_graph_that_backward_has_used():
    loss, names = mlp()
    loss.backward()
    boxes = Boxes(draw_graph(loss, names))
    assert boxes.into("loss = mean") == ["cross_entropy"]
    assert "x" not in boxes.titles()  # the graph has let go of it
    first = next(lines for lines in boxes.lines.values() if lines[0] == "linear")
    assert "input=constant" in first


def test_equal_graphs_have_equal_sources():
    first, second = (draw_graph(*mlp()).source for _ in range(2))
    assert first == second
    assert not re.search(r"0x[0-9a-f]{6}", first)


def test_shared_node_is_drawn_once():
    a, b = leaf(), leaf()
    c = a + b
    boxes = Boxes(draw_graph(c * c.exp(), {"a": a, "b": b, "c": c}))
    assert sorted(boxes.titles()) == ["a = 1", "b = 1", "c = add", "exp", "multiply"]
    assert boxes.into("multiply") == ["c = add", "exp"]
    assert boxes.into("exp") == ["c = add"]


def test_several_outputs_share_one_picture():
    x = leaf(2)
    h = x.exp()
    boxes = Boxes(draw_graph([h.sum(), h.mean()]))
    assert boxes.titles() == ["leaf", "exp", "sum", "mean"]
    assert boxes.attributes[boxes.key("sum")] == boxes.attributes[boxes.key("mean")]
    assert boxes.attributes[boxes.key("sum")] != boxes.attributes[boxes.key("exp")]


def test_a_leaf_is_a_picture_of_one_box():
    x = leaf(2, dtype=np.float64)
    assert Boxes(draw_graph(x, {"x": x})).lines == {"x0": ["x", "(2,) float64"]}


# --- words ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (lambda x: x.sum(dim=1, keepdim=True), ["dim=1", "keepdim=True", "(2, 1)"]),
        (lambda x: x.sum(), ["()", "6"]),
        (lambda x: x.softmax(dim=1), ["dim=1", "(2, 3)"]),
        (lambda x: x.reshape(3, 2), ["(3, 2)"]),
        (lambda x: x.reshape(-1), ["shape=(-1,)", "(6,)"]),
        (lambda x: x.transpose(0, 1), ["dims=(1, 0)", "(3, 2)"]),
        (lambda x: x[:, 1::2], ["[:, 1::2]", "(2, 1)"]),
        (lambda x: x[..., None, :2], ["[..., None, :2]", "(2, 1, 2)"]),
        (lambda x: x[[0, 0, 1]], ["[(3,) int64]", "(3, 3)"]),
        (lambda x: x * 2, ["y=2", "(2, 3)"]),
        (lambda x: 0.5 * x, ["x=0.5", "(2, 3)"]),
        (lambda x: x + 1, ["y=constant", "(2, 3)"]),
        (lambda x: minigrad.concatenate([x, x], dim=1), ["dim=1", "(2, 6)"]),
    ],
)
def test_words_under_the_name_of_an_operation(compute, words):
    (*_, lines) = Boxes(draw_graph(compute(leaf(2, 3)))).lines.values()
    assert lines[1:] == words


def test_a_bias_that_was_left_out_is_not_called_a_constant():
    boxes = Boxes(draw_graph(linear(leaf(2, 3), leaf(4, 3))))
    assert boxes.lines[boxes.key("linear")] == ["linear", "(2, 4)"]


def test_options_leave_out_shapes_values_and_constants():
    x = Tensor(3.0, requires_grad=True)
    y = x * 2
    y.backward()
    assert Boxes(draw_graph(x * 2, {"x": x})).lines["x0"] == ["x = 3", "() float32", "grad 2"]
    bare = Boxes(draw_graph(x * 2, {"x": x}, shapes=False, values=False, constants=False))
    assert bare.lines == {"x0": ["x"], "x1": ["multiply"]}
    data = Tensor(np.ones((2, 2), np.float32))
    assert Boxes(draw_graph(leaf(2, 2) @ data, constants=False)).titles() == ["leaf", "matmul"]


def test_an_array_outside_the_graph_is_drawn_once():
    data = Tensor(np.ones(3, np.float32))
    boxes = Boxes(draw_graph(leaf(3) * data + leaf(3) * data, {"data": data}))
    assert boxes.titles().count("data") == 1
    assert boxes.arrows[1][0] == boxes.arrows[3][0] == boxes.key("data")


@pytest.mark.parametrize("direction", ["TB", "LR", "BT", "RL"])
def test_direction(direction):
    assert f"rankdir={direction}" in draw_graph(leaf(), direction=direction).source


# --- names ------------------------------------------------------------------------------------------------------------
class Layer:
    """All that draw_graph asks of a Module."""

    def __init__(self):
        self.weight = leaf(2)

    def named_parameters(self):
        yield "weight", self.weight


def test_names_from_a_module_a_dict_and_pairs():
    model = Layer()
    out = model.weight.exp()
    assert "weight" in Boxes(draw_graph(out, model)).titles()
    assert "model.weight" in Boxes(draw_graph(out, {"model": model, "kind": Layer, "n": 3})).titles()
    assert "weight" in Boxes(draw_graph(out, model.named_parameters())).titles()


def test_first_name_wins_unless_it_is_private():
    x = leaf(2)
    assert Boxes(draw_graph(x.exp(), {"_": x, "tied": x, "same": x})).titles() == ["tied", "exp"]
    assert Boxes(draw_graph(x.exp(), {"_": x})).titles() == ["_", "exp"]


ODD = ["<b>", 'say "x"', "a|b", "{a}", "a & b", "a\\nb", "\\N", "back\\", "a\\\\b", "[x]", "é→数", "<", "]", "//"]


@needs_dot
@pytest.mark.parametrize("name", ODD)
def test_odd_names_arrive_unchanged(name):
    x = leaf(2)
    picture = draw_graph(x.exp(), {name: x})
    assert name in Boxes(picture).titles()
    svg = ElementTree.fromstring(picture._repr_mimebundle_()["image/svg+xml"])
    assert name in [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]


@needs_dot
def test_characters_that_no_file_can_hold_are_replaced(tmp_path):
    x = leaf(2)
    picture = draw_graph(x.exp(), {"a\x00b\ud800\n": x})
    assert "a\ufffdb\ufffd\ufffd" in Boxes(picture).titles()
    ElementTree.parse(picture.save(tmp_path / "odd.svg"))


@pytest.mark.parametrize("name", ["", "  "])
def test_blank_names_do_not_count(name):
    x = leaf(2)
    assert Boxes(draw_graph(x.exp(), {name: x})).titles() == ["leaf", "exp"]


def test_long_names_keep_both_ends():
    x = leaf(2)
    (title, _) = Boxes(draw_graph(x.exp(), {"encoder." + "block." * 20 + "weight": x})).titles()
    assert len(title) == 40 and title.startswith("encoder.block.") and title.endswith(".block.weight") and "…" in title


# --- large graphs -----------------------------------------------------------------------------------------------------
def chain(length):
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(length):
        y = -y
    return x, y


def test_long_chain_is_cut_and_says_so():
    x, y = chain(20_000)
    boxes = Boxes(draw_graph(y, {"x": x}))
    assert len(boxes.lines) == 251
    assert boxes.lines["rest"] == ["19,751 of 20,001 nodes are not drawn", "limit: max_nodes=250"]
    assert [arrow[:2] for arrow in boxes.arrows][:2] == [("rest", "x0"), ("x0", "x1")]
    assert list(boxes.lines.values())[-1] == ["negative", "()", "1"]  # what is nearest to the Tensor stays


def test_long_chain_can_be_drawn_in_full():
    x, y = chain(20_000)
    with pytest.warns(UserWarning, match="20,001 boxes.*depth=1"):
        boxes = Boxes(draw_graph(y, max_nodes=None))
    assert "rest" not in boxes.lines
    assert len(boxes.lines) == 20_001 and len(boxes.arrows) == 20_000


def test_steps_counts_operations_and_keeps_their_leaves():
    loss, names = mlp()
    boxes = Boxes(draw_graph(loss, names, steps=3))
    assert boxes.titles()[1:] == ["2.weight", "2.bias", "linear", "cross_entropy", "loss = mean"]
    assert boxes.lines["rest"] == ["4 of 9 nodes are not drawn", "limit: steps=3"]
    assert [arrow[1] for arrow in boxes.arrows if arrow[0] == "rest"] == [boxes.key("linear")]


@pytest.mark.parametrize("max_nodes", range(1, 10))
def test_every_cut_adds_up(max_nodes):
    loss, names = mlp()
    boxes = Boxes(draw_graph(loss, names, constants=False, max_nodes=max_nodes))
    drawn = [key for key in boxes.lines if key != "rest"]
    assert len(drawn) == max_nodes
    assert ("rest" in boxes.lines) == (max_nodes < 9)
    assert all(source in boxes.lines for source, *_ in boxes.arrows)


@needs_dot
def test_a_cut_graph_can_be_laid_out(tmp_path):
    _, y = chain(300)
    text = draw_graph(y, max_nodes=20).save(tmp_path / "chain.svg").read_text()
    assert "281 of 301 nodes are not drawn" in text


# --- errors -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((Tensor([1.0]),), RuntimeError, r"the Tensor, of shape \(1,\), has no graph.*requires_grad=True"),
        (([leaf(), Tensor(2.0)],), RuntimeError, "Tensor 1 of 2, of shape"),
        ((np.ones(3),), TypeError, "a Tensor or a list of Tensors; the Tensor is of type ndarray"),
        (([leaf(), 3],), TypeError, "Tensor 1 of 2 is of type int"),
        (([],), ValueError, "empty list"),
        ((leaf(), "x"), TypeError, r"got str; for example names=\{'x': x"),
        ((leaf(), leaf()), TypeError, "got Tensor; for example"),
        ((leaf(), [leaf()]), TypeError, "pairs of name and Tensor, got Tensor"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        draw_graph(*arguments)


@pytest.mark.parametrize("options", [{"direction": "up"}, {"depth": 0}, {"steps": 0}, {"max_nodes": 0}])
def test_bad_options(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} .*, got {next(iter(options.values()))!r}"):
        draw_graph(leaf(), **options)


def test_what_only_primitives_tell_one_another_is_left_out() -> None:
    norm, attention = nn.BatchNorm1d(2), nn.MultiheadAttention(2, 1)
    x = attention(*[norm(Tensor(np.ones((3, 2), np.float32)))] * 3, need_weights=False)[0].sum()
    source = draw_graph(x).source
    assert "batch_norm" in source and "scaled_dot_product_attention" in source
    for internal in ("statistics", "gain"):
        assert internal not in source
