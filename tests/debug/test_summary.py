import copy

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.debug import summary


class Block(nn.Module):
    def __init__(self):
        self.blocks = nn.ModuleList([nn.Linear(8, 8) for _ in range(2)])
        self.shared = nn.Linear(8, 8)
        self.scale = nn.Parameter(np.ones(8, "f4"))
        self.idle = nn.Linear(3, 3, bias=False)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.shared(self.shared(x)).relu() * self.scale


def model():
    return nn.Sequential(nn.Linear(4, 8), Block(), nn.ReLU(), nn.Sequential(nn.Linear(8, 2), nn.Tanh()))


class Norm(nn.Module):
    """Changes its buffers in both ways, draws random numbers, and looks at its mode."""

    def __init__(self):
        self.register_buffer("mean", Tensor([0.0]))
        self.register_buffer("count", minigrad.tensor(0))

    def forward(self, x):
        self.mean += x.mean()
        self.count = self.count + 1
        return x + minigrad.rand(1) * self.training


TABLE = """\
=============================================================
Layer (type:depth-idx)   Output Shape  Param #      Mult-Adds
=============================================================
Sequential               [5, 2]        --           --
├─Linear: 1-1            [5, 8]        40           200
├─Block: 1-2             [5, 8]        8            --
│    └─ModuleList: 2-1   --            --           --
│    │    └─Linear: 3-1  [5, 8]        72           360
│    │    └─Linear: 3-2  [5, 8]        72           360
│    └─Linear: 2-2       [5, 8]        72           360
│    └─Linear: 2-3       [5, 8]        (recursive)  360
│    └─Linear: 2-4       --            9            --
├─ReLU: 1-3              [5, 8]        --           --
├─Sequential: 1-4        [5, 2]        --           --
│    └─Linear: 2-5       [5, 2]        18           90
│    └─Tanh: 2-6         [5, 2]        --           --
=============================================================
Total params: 291
Trainable params: 291
Non-trainable params: 0
Total mult-adds: 1,730
=============================================================
Input size (MB): 0.00
Forward/backward pass size (MB): 0.00
Params size (MB): 0.00
Estimated total size (MB): 0.00
=============================================================
Mult-adds count products with weights of known layers; those of Block count 0"""


def test_the_table():
    result = summary(model(), (5, 4))
    assert str(result) == repr(result) == TABLE


def test_the_numbers():
    net = model()
    net[0].requires_grad_(False)
    result = summary(net, Tensor(np.zeros((5, 4), "f4")))
    assert result.total_params == sum(p.numel() for p in net.parameters()) == 291
    assert result.trainable_params == 251 and result.non_trainable_params == 40
    assert result.total_mult_adds == 5 * (40 + 4 * 72 + 18)
    assert result.input_bytes == 5 * 4 * 4
    assert result.param_bytes == 291 * 4
    assert result.output_bytes == 2 * 4 * 5 * (8 + 4 * 8 + 2)  # of the layers with Parameters, as torchinfo counts
    assert result.total_bytes == result.input_bytes + result.output_bytes + result.param_bytes
    paths = [layer.path for layer in result.layers]
    assert paths[:5] == ["", "0", "1", "1.blocks", "1.blocks.0"] and "1.idle" in paths
    idle = next(layer for layer in result.layers if layer.path == "1.idle")
    assert not idle.called and idle.parameters == 9 and idle.output_shapes == []
    again = [layer for layer in result.layers if layer.path == "1.shared"]
    assert [layer.repeated for layer in again] == [False, True] and again[1].mult_adds == 360


def test_depth_and_columns():
    columns = ("input_size", "output_size", "num_params", "kernel_size", "mult_adds", "trainable")
    net = model()
    net[1].shared.requires_grad_(False)
    lines = str(summary(net, (5, 4), depth=1, col_names=columns)).split("\n")
    assert lines[1].split() == (
        "Layer (type:depth-idx) Input Shape Output Shape Param # Kernel Shape Mult-Adds Trainable".split()
    )
    assert lines[5].split() == "├─Block: 1-2 [5, 8] [5, 8] 233 -- 1,440 Partial".split()
    assert len([line for line in lines if "─" in line]) == 4
    assert "├─" not in str(summary(net, (5, 4), depth=0)) and "291" in str(summary(net, (5, 4), depth=0))


@pytest.mark.parametrize(
    "given",
    [
        {"input": (5, 4)},
        {"input_size": (5, 4)},
        {"input_size": [(5, 4)]},
        {"input": np.zeros((5, 4), "f4")},
        {"input": (Tensor(np.zeros((5, 4), "f4")),)},
        {"input": {"input": Tensor(np.zeros((5, 4), "f4"))}},
    ],
)
def test_ways_to_give_the_input(given):
    assert str(summary(model(), **given)) == TABLE


def test_several_inputs_and_options_of_forward():
    class Net(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Linear(2, 3), nn.Linear(4, 3)

        def forward(self, x, index, *, twice=False):
            assert index.dtype == np.int64
            return (self.a(x) + self.b(np.ones(4, "f4"))) * (2 if twice else 1), index

    result = summary(Net(), input_size=[(5, 2), (7,)], dtypes=[np.float32, np.int64], twice=True)
    assert result.layers[0].input_shapes == [(5, 2), (7,)] and result.layers[0].output_shapes == [(5, 3), (7,)]
    assert result.input_bytes == 5 * 2 * 4 + 7 * 8


def test_tied_weights_count_once():
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    net[1].weight = net[0].weight
    result = summary(net, (1, 3))
    assert result.total_params == 9 and result.total_mult_adds == 18 and "(shared)" in str(result)


def test_positions_beyond_the_first_count():
    assert summary(nn.Linear(4, 8), (2, 7, 4)).total_mult_adds == 14 * 40
    assert summary(nn.Linear(4, 8), (4,)).total_mult_adds == 40


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_attention_by_hand(batch_first, bias):
    layer = nn.MultiheadAttention(8, 2, bias=bias, batch_first=batch_first)
    batch, time, source, width = 3, 5, 7, 8
    query, other = (batch, time, width), (batch, source, width)
    if not batch_first:
        query, other = (time, batch, width), (source, batch, width)
    result = summary(layer, input_size=[query, other, other])
    projection = width * width + width * bias
    projections = batch * (time + source + source) * projection + batch * time * projection
    assert result.total_mult_adds == projections + 2 * batch * time * source * width


@pytest.mark.parametrize("bias", [False, True])
def test_convolutions_by_hand(bias):
    result = summary(nn.Conv2d(3, 5, 4, stride=2, bias=bias), input_size=(2, 3, 6, 6))
    assert result.total_mult_adds == 2 * 2 * 2 * 5 * (3 * 16 + bias)
    result = summary(nn.ConvTranspose2d(3, 5, 4, stride=2, bias=bias), input_size=(2, 3, 6, 6))
    assert result.total_mult_adds == 2 * 36 * (3 * 5 * 16) + 2 * 5 * 14 * 14 * bias


@pytest.mark.parametrize("bias", [False, True])
def test_recurrent_layers_and_cells_by_hand(bias):
    per_step = 4 * 5 * (8 + 5 + 2 * bias)
    assert summary(nn.LSTM(8, 5, bias=bias), input_size=(10, 3, 8)).total_mult_adds == 10 * 3 * per_step
    assert summary(nn.LSTMCell(8, 5, bias=bias), input_size=(3, 8)).total_mult_adds == 3 * per_step


def test_a_tensor_that_will_not_be_trained_is_told():
    net = model()
    net[1].extra = Tensor([1.0], requires_grad=True)
    assert "Not trained, as only a Parameter is: 1.extra; write nn.Parameter(values)" in str(summary(net, (5, 4)))


# --- nothing remains --------------------------------------------------------------------------------------------------
def snapshot(net):
    state = {name: value.tolist() for name, value in net.named_buffers()}
    return state, [m.training for m in net.modules()], copy.deepcopy(minigrad.get_rng_state())


@pytest.mark.parametrize("mode", ["eval", "train", "same"])
@pytest.mark.parametrize("fails", [False, True])
def test_nothing_remains(mode, fails):
    net = nn.Sequential(Norm(), nn.Linear(2, 2), Norm())
    net[1].eval()
    called = []
    net[1].register_forward_hook(lambda *args: called.append(1))
    buffers = [id(b) for b in net.buffers()]
    before = snapshot(net)
    if fails:
        with pytest.raises(ValueError, match="linear") as caught:
            summary(net, (1, 3), mode=mode)
        assert caught.value.__notes__[-1] == "in summary(...), in the layer '1', with inputs of shape (1, 3)"
    else:
        summary(net, (1, 2), mode=mode)
    assert snapshot(net) == before and [id(b) for b in net.buffers()] == buffers
    assert all(p.grad is None for p in net.parameters())
    called.clear()
    net(Tensor([[1.0, 2.0]]))
    assert called == [1]  # the hook that was there, and no other
    assert net[0]._call_hooks is None and net._call_hooks is None


def test_modes():
    seen = []

    class Net(nn.Module):
        def forward(self, x):
            seen.append((self.training, minigrad.is_grad_enabled()))
            return x

    net = Net().eval()
    summary(net, (1,))
    summary(net, (1,), mode="train")
    summary(net, (1,), mode="same")
    assert seen == [(False, False), (True, False), (False, False)] and minigrad.is_grad_enabled()


def test_an_error_that_the_model_catches():
    class Careful(nn.Module):
        def __init__(self):
            self.wrong, self.right = nn.Sequential(nn.Linear(9, 9)), nn.Linear(2, 2)

        def forward(self, x):
            try:
                return self.wrong(x)
            except ValueError:
                return self.right(x)

    result = summary(nn.Sequential(Careful(), nn.Linear(2, 1)), (1, 2))
    assert [layer.output_shapes for layer in result.layers if layer.path in ("0.right", "1")] == [[(1, 2)], [(1, 1)]]
    assert result.total_mult_adds == 6 + 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": nn.Linear}, TypeError, r"takes a Module, got type; make an object of it: Linear\(\.\.\.\)"),
        ({"model": np.tanh}, TypeError, "takes a Module, got ufunc"),
        ({"col_names": ["size"]}, ValueError, r"no columns \['size'\]; choose from \['input_size'"),
        ({"mode": "test"}, ValueError, "mode is 'eval', 'train' or 'same', got 'test'"),
        ({"depth": -1}, ValueError, "depth is at least 0, got -1"),
        ({"input": np.zeros(2), "input_size": (2,)}, ValueError, "not both"),
        ({"input_size": (2, -1)}, ValueError, r"input_size is a shape such as \(32, 784\)"),
        ({"input_size": (2,), "dtypes": ["f4", "f4"]}, ValueError, "2 dtypes for 1 inputs"),
        ({"input": np.zeros(2), "dtypes": ["f4"]}, ValueError, "give input_size, not the input"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        summary(**{"model": nn.Linear(2, 2), **arguments})
