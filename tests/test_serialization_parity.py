"""Files that cross over: PyTorch's safetensors are read here, and ours there."""

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn, optim
from minigrad import serialization as checkpoint

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
theirs = pytest.importorskip("safetensors.torch", reason="files need safetensors")


def models():
    ours = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, 3), nn.Tanh()))
    n = torch.nn
    return ours, n.Sequential(n.Linear(4, 8), n.ReLU(), n.Sequential(n.Linear(8, 3), n.Tanh()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_saved_by_pytorch_gives_equal_outputs(tmp_path, dtype):
    ours, reference = models()
    reference, ours = reference.to(getattr(torch, dtype)), ours.to(np.dtype(dtype))
    theirs.save_file(reference.state_dict(), tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert ours.load_state_dict(checkpoint.load(tmp_path / "model.safetensors")) == ([], [])
    x = np.linspace(-2, 2, 12).reshape(3, 4).astype(dtype)
    expected = reference(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(
        ours(Tensor(x)).detach().numpy(), expected, rtol=1e-6, atol=1e-12 if dtype == "float64" else 1e-6
    )
    assert checkpoint.read_metadata(tmp_path / "model.safetensors") == {"format": "pt"}


def test_pytorch_reads_ours(tmp_path):
    ours, reference = models()
    checkpoint.save(ours.state_dict(), tmp_path / "model.safetensors")
    reference.load_state_dict(theirs.load_file(tmp_path / "model.safetensors"))
    x = np.linspace(-2, 2, 12).reshape(3, 4).astype("f4")
    expected = reference(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours(Tensor(x)).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_pytorch_reads_the_tensors_of_a_nested_checkpoint(tmp_path):
    ours, _ = models()
    optimizer = optim.Adam(ours.parameters())
    ours(Tensor([[1.0, 2.0, 3.0, 4.0]])).sum().backward()
    optimizer.step()
    state = {"model": ours.state_dict(), "optimizer": optimizer.state_dict(), "step": 1}
    checkpoint.save(state, tmp_path / "all.safetensors")
    read = theirs.load_file(tmp_path / "all.safetensors")
    assert read["model.0.weight"].tolist() == ours[0].weight.tolist()
    assert read["optimizer.state.0.exp_avg"].tolist() == optimizer.state_dict()["state"][0]["exp_avg"].tolist()


@pytest.mark.parametrize("dtype", "float16 float32 float64 int8 int16 int32 int64 uint8 bool bfloat16".split())
def test_dtypes_of_pytorch(tmp_path, dtype):
    tensor = torch.tensor([[0, 1, 2], [3, 4, 100]]).to(getattr(torch, dtype))
    theirs.save_file({"x": tensor, "number": tensor[1, 2].clone(), "none": tensor[:0].clone()}, tmp_path / "x")
    if dtype == "bfloat16":
        with pytest.warns(UserWarning, match=r"holds 3 Tensor\(s\) in bfloat16"):
            loaded = checkpoint.load(tmp_path / "x")
    else:
        loaded = checkpoint.load(tmp_path / "x")
    assert loaded["x"].dtype == np.dtype("float32" if dtype == "bfloat16" else dtype)
    assert loaded["x"].tolist() == tensor.tolist() and loaded["none"].shape == (0, 3)
    assert loaded["number"].item() == tensor[1, 2].item() and loaded["number"].shape == ()


def test_a_pickle_of_pytorch_is_refused(tmp_path):
    torch.save(torch.nn.Linear(1, 1).state_dict(), tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"model\.pt.*it is a file of torch\.save.*safetensors\.torch\.save_file"):
        checkpoint.load(tmp_path / "model.pt")
    torch.save({"x": torch.ones(1)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="it is a pickle"):
        checkpoint.load(tmp_path / "old.pt")


def test_a_random_state_is_kept(tmp_path):
    minigrad.manual_seed(0)
    checkpoint.save({"random": minigrad.get_rng_state()}, tmp_path / "state")
    first = minigrad.rand(3).tolist()
    minigrad.set_rng_state(checkpoint.load(tmp_path / "state")["random"])
    assert minigrad.rand(3).tolist() == first
