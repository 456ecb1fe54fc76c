"""The initialisation experiment: measurements against published and simulated numbers, verdicts, pictures, receipt."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiment draws with matplotlib")

import minigrad
from examples import initialization as experiment
from minigrad import Tensor, theory
from minigrad.receipts import read
from tests.examples.quick import run_quick

SMALL_TANH, LARGE_TANH, XAVIER_TANH, XAVIER_RELU, KAIMING_RELU, ZEROS = experiment.CASES
CASES = pytest.mark.parametrize("case", experiment.CASES[:5], ids=lambda case: case.name)


# --- numbers ----------------------------------------------------------------------------------------------------------
@CASES
def test_measured_stds_lie_in_their_bands(case: experiment.Case) -> None:
    """Over twenty runs: tanh in nearly every number, ReLU, whose runs scatter widely, in the mean over the runs."""
    bands = {  # three standard deviations of one run over 200 seeds, at layers 1 and 10
        SMALL_TANH.name: (0.005, 0.03),
        LARGE_TANH.name: (0.0004, 0.0004),
        XAVIER_TANH.name: (0.003, 0.02),
        XAVIER_RELU.name: (0.007, 0.35),
        KAIMING_RELU.name: (0.007, 0.35),
    }
    runs = []
    for seed in range(20):
        generator = minigrad.manual_seed(100 * experiment.CASES.index(case) + seed)
        with minigrad.no_grad():
            x = Tensor(generator.standard_normal((1000, 500), np.float32))
            layers, _ = experiment.build(case, 500, 10)
            activations = experiment.forward(layers, case.activation, x)[1]
        assert all(h.dtype == np.float32 for h in activations)
        runs.append([experiment.std(h.numpy()) for h in activations])
    predicted = theory.propagate(case.activation, 10, 500, weight_std=case.weight_std(500))
    off = np.array(runs) / predicted.std - 1
    band = np.linspace(*bands[case.name], 10)
    if case.is_relu:  # 0.012: how far the mean over 200 seeds is from the theory of infinite width
        assert (np.abs(off.mean(axis=0)) < band / np.sqrt(len(runs)) + 0.012).all()
    else:  # of 200 numbers in three standard deviations one may stray, and a run that strays does so in several layers
        assert (np.abs(off) < band).mean() > 0.97 and (np.abs(off) < 1.5 * band).all()
    assert (np.abs(off.mean(axis=0)) < 3 * predicted.std_error / np.sqrt(len(runs)) + 0.012).all()


@CASES
def test_gradients(case: experiment.Case) -> None:
    """Against the mean over 8 runs at 500 samples that an independent program found, and theory for dL/dh."""
    known = {  # initial loss, dL/dW of all layers, tolerance
        SMALL_TANH.name: (2.303, [5.7e-10] * 10, 0.1),
        LARGE_TANH.name: (33.8, [677, 194, 56, 16, 4.6, 1.3, 0.38, 0.11, 0.032, 0.0091], 0.1),
        XAVIER_TANH.name: (2.323, np.linspace(5.1e-4, 4.5e-4, 10), 0.1),
        XAVIER_RELU.name: (2.303, [6.0e-5] * 10, 0.3),
        KAIMING_RELU.name: (
            3.20,
            [0.0022, 0.0043, 0.0061, 0.0076, 0.0091, 0.0103, 0.0117, 0.0129, 0.0139, 0.0151],
            0.5,  # one run is 35 % off
        ),
    }
    runs = []
    for seed in range(3):
        generator = minigrad.manual_seed(100 * experiment.CASES.index(case) + seed)
        x = Tensor(generator.standard_normal((500, 500), np.float32))
        runs.append(experiment.measure(case, x, Tensor(generator.integers(0, 10, 500)), depth=10))
    loss, weight_gradient, tolerance = known[case.name]
    np.testing.assert_allclose(np.mean([m.loss for m in runs]), loss, rtol=0.1)
    np.testing.assert_allclose(np.mean([m.weight_gradient for m in runs], axis=0), weight_gradient, rtol=tolerance)
    predicted = theory.propagate(case.activation, 10, 500, weight_std=case.weight_std(500))
    np.testing.assert_allclose(np.mean([m.gradient for m in runs], axis=0), predicted.gradient, rtol=0.08)
    np.testing.assert_allclose(np.mean([m.saturated for m in runs], axis=0), predicted.saturated, atol=0.03)


def test_zeros_leave_nothing_but_the_bias_of_the_output_layer() -> None:
    generator = minigrad.manual_seed(0)
    x, labels = Tensor(generator.standard_normal((50, 20), np.float32)), Tensor(generator.integers(0, 10, 50))
    for case in (ZEROS, dataclasses.replace(ZEROS, activation=minigrad.relu)):
        measured = experiment.measure(case, x, labels, depth=4)
        assert measured.std == measured.weight_gradient == [0, 0, 0, 0]
        assert measured.gradient[:-1] == [0, 0, 0] and measured.gradient[-1] > 0.9
        assert measured.head_gradient[0] == 0 and measured.head_gradient[1] > 0
        assert "Only the bias of the output layer moves" in experiment.verdict(measured)


def test_alike_is_the_mean_over_pairs() -> None:
    values = np.random.default_rng(0).normal(0.5, 1, (7, 5))
    products = values @ values.T
    expected = (products.sum() - np.trace(products)) / (7 * 6) / (np.trace(products) / 7)
    assert experiment.alike(values) == pytest.approx(expected)
    assert experiment.alike(np.ones((3, 2))) == pytest.approx(1)
    assert experiment.alike(np.zeros((3, 2))) == 0


# --- words ------------------------------------------------------------------------------------------------------------
def made_up(**changes) -> experiment.Measurement:
    """Three layers in which nothing changes."""
    even = [1.0, 1.0, 1.0]
    settings = dict(
        relu=False,
        std=even,
        second_moment=even,
        saturated=[0.0, 0.0, 0.0],
        alike=0.0,
        gradient=even,
        weight_gradient=even,
        median_error=even,
        error_alike=0.0,
        head_gradient=(1.0, 1.0),
        loss=2.3,
        histograms=[],
    )
    return experiment.Measurement(**{**settings, **changes})


FADING = dict(std=[1.0, 0.1, 0.01], second_moment=[1.0, 0.01, 1e-4], gradient=[0.0025, 0.05, 1.0])


@pytest.mark.parametrize(
    ("changes", "expected", "missing"),
    [
        ({}, ["signal keeps its size on its way up: std 1.00 → 1.00, second moment ×1.00 per layer"], ["saturated"]),
        ({"std": [1.0, 0.5, 0.3]}, ["The signal shrinks"], ["vanishes"]),
        ({"std": [1.0, 2.0, 4.0], "second_moment": [1.0, 4.0, 16.0]}, ["The signal grows", "moment ×4.00"], []),
        ({"std": [1.0, 5.0, 25.0]}, ["The signal explodes"], []),
        (FADING, ["The signal vanishes", "×0.01 per layer", "activations vanishes", "dL/dh 1.00 → 0.00250, ×0.05"], []),
        (FADING, ["Yet the gradient of the weights is nearly the same", "one fades upwards as the other"], []),
        ({"std": [1.0, 0.1, 0.01]}, ["The gradient of the weights is nearly the same"], ["Yet", "fades"]),
        ({"saturated": [0.2, 0.05, 0.0]}, ["In layer 1, 20.0% of the units are saturated."], ["of all units"]),
        ({"saturated": [0.9, 0.9, 0.9]}, ["90.0% of all units are saturated.", "The gradient"], ["Still", "median"]),
        (
            {"saturated": [0.9, 0.9, 0.9], "median_error": [0.0, 1e-12, 0.0], "gradient": [1e4, 100.0, 1.0]},
            [
                "median of |dL/dz|",
                "below 1e-11",
                "Still, the gradient of the activations explodes",
                "×100.00",
                "carried",
            ],
            [],
        ),
        ({"gradient": [4.0, 2.0, 1.0]}, ["The gradient of the activations grows"], ["carried"]),
        ({"relu": True, "saturated": [0.5, 0.5, 0.5]}, [], ["saturated", "are 0"]),
        ({"relu": True, "saturated": [0.5, 0.99, 0.95]}, ["In layer 2, 99% of the activations are 0"], ["saturated"]),
        (
            {"weight_gradient": [0.1, 0.3, 0.6], "alike": 0.9, "error_alike": 0.1},
            ["grows with depth", "0.600 at the top, 0.100 at the bottom", "is 0.90 at the top", "add up"],
            [],
        ),
        ({"weight_gradient": [0.1, 0.3, 0.6]}, ["smaller further down"], ["add up"]),
        ({"weight_gradient": [100.0, 10.0, 1.0]}, ["gradient of the weights explodes on its way down"], []),
        ({"weight_gradient": [4.0, 2.0, 1.0]}, ["gradient of the weights grows on its way down"], []),
        ({"weight_gradient": [0.0, 0.0, 0.0]}, ["0 at both ends: it is too small for float32"], ["nearly the same"]),
        ({"gradient": [float("nan"), 1e30, 1.0]}, ["activations explodes", "beyond the range of float32"], []),
        (
            {
                "std": [0.0] * 3,
                "gradient": [0.0, 0.0, 1.0],
                "weight_gradient": [0.0] * 3,
                "head_gradient": (0.0, 0.0181),
            },
            ["Nothing can learn", "Only the bias of the output layer moves (|dL/db| up to 0.018)"],
            ["vanishes"],
        ),
    ],
)
def test_verdict(changes: dict, expected: list[str], missing: list[str]) -> None:
    words = experiment.verdict(made_up(**changes))
    assert all(part in words for part in expected), words
    assert not any(part in words for part in missing), words


def test_agreement_counts_in_standard_deviations_of_one_run() -> None:
    predicted = theory.propagate(minigrad.tanh, 3, 100, weight_std=0.1, samples=50)
    std = predicted.std * (1 + predicted.std_error * [0.5, -2.5, 1.0])
    assert "at most 2.5 standard deviations" in experiment.agreement(made_up(std=std.tolist()), predicted)
    assert "(layer 2)" in experiment.agreement(made_up(std=std.tolist()), predicted)
    zero = theory.propagate(minigrad.tanh, 3, 100, weight_std=0.0)
    assert experiment.agreement(made_up(std=[0.0, 0.0, 0.0]), zero) == "Theory says so too."


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (0.98201, "0.9820"),
        (3.9e-10, "3.900e-10"),
        (677.04, "677.0"),
        (6184.2, "6184"),
        (7.5e4, "7.500e+04"),
    ],
)
def test_numbers_have_four_digits(value: float, written: str) -> None:
    assert experiment.number(value) == written


# --- the whole program ------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[dict, Path]:
    """One run at the size of the lectures, with half of the samples."""
    out = tmp_path_factory.mktemp("experiment")
    experiment.main(["--samples", "500", "--seed", "1", "--out", str(out)])
    return json.loads((out / "receipt.json").read_text(encoding="utf-8")), out


def test_receipt(finished) -> None:
    receipt, _ = finished
    assert receipt["status"] == "complete" and receipt["seed"] == 1
    assert receipt["configuration"] == {"quick": False, "width": None, "depth": 10, "samples": 500}
    for case in experiment.CASES:
        rows = receipt["tables"][case.name]
        assert [row["layer"] for row in rows] == list(range(1, 11))
        assert receipt["values"][f"initial cross-entropy, {case.name}"] > 2
        for row in rows:
            assert row["std of h"] == pytest.approx(row["theory"], rel=5 * row["± one run"])


def test_all_is_as_expected(finished) -> None:
    rows = finished[0]["tables"]["expected and measured"]
    assert len(rows) == 5 * 4 + 2
    assert not [row for row in rows if not row["as expected"]]


def verdicts(receipt: dict) -> dict[str, str]:
    """What is said after the table of each case."""
    story = receipt["values"]["story"]
    return {piece["table"]: after["text"] for piece, after in pairwise(story) if "table" in piece}


def test_the_verdicts_of_a_real_run(finished) -> None:
    small, large, xavier, half, kaiming, zeros = (verdicts(finished[0])[case.name] for case in experiment.CASES)
    assert "signal vanishes" in small and "activations vanishes" in small
    assert "Yet the gradient of the weights is nearly the same in all layers" in small
    assert "signal keeps its size" in large and "92.4% of all units are saturated" in large
    assert "below 1e-11" in large and "Still, the gradient of the activations explodes" in large
    assert "gradient of the weights explodes" in large
    assert "signal shrinks" in xavier and "activations shrinks" in xavier and "nearly the same in all layers" in xavier
    assert "signal vanishes" in half and "activations vanishes" in half
    assert float(re.search(r"second moment ×(\S+) per layer", half)[1]) == pytest.approx(0.5, abs=0.05)
    assert float(re.search(r"dL/dh .*?, ×(\S+) per layer", large)[1]) == pytest.approx(3.48, abs=0.1)
    assert "signal keeps its size" in kaiming and "activations keeps its size" in kaiming
    assert "gradient of the weights grows with depth" in kaiming and "more alike" in kaiming
    assert "Nothing can learn" in zeros


def test_pictures(finished) -> None:
    _, out = finished
    sizes = {}
    for path in out.glob("*.png"):
        head = path.read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        sizes[path.name] = struct.unpack(">II", head[16:24])
    assert sizes.keys() == {"summary.png", "histograms.png"}
    for name, size in (("summary.png", (1200, 700)), ("histograms.png", (1610, 970))):
        np.testing.assert_allclose(sizes[name], size, rtol=0, atol=1)  # Matplotlib rounds to one side or the other


def test_quick_prints_tables_and_repeats_itself(tmp_path, capsys) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    experiment.main(["--quick", "--depth", "3", "--out", str(first)])
    printed = capsys.readouterr().out
    assert "3 layers of 100 units, 200 Gaussian inputs, seed 0" in printed
    assert all(f"=== {case.name} ===" in printed for case in experiment.CASES)
    assert f"summary.png, histograms.png, receipt.json: in {first}" in printed
    experiment.main(["--quick", "--depth", "3", "--out", str(second)])
    one, other = (json.loads((out / "receipt.json").read_text(encoding="utf-8")) for out in (first, second))
    assert one["tables"] == other["tables"] and one["values"] == other["values"]


def test_quick_gives_way_to_what_is_given(tmp_path, capsys) -> None:
    experiment.main(["--quick", "--width", "30", "--depth", "2", "--out", str(tmp_path)])
    assert "2 layers of 30 units, 200 Gaussian inputs" in capsys.readouterr().out


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    run_quick("initialization", tmp_path)


@pytest.mark.slow
def test_a_very_deep_network_says_what_float32_cannot_hold(tmp_path) -> None:
    experiment.main(["--width", "200", "--samples", "10", "--depth", "100", "--out", str(tmp_path)])
    receipt = read(tmp_path / "receipt.json")
    assert not math.isfinite(float(receipt["tables"]["tanh, std 1"][0]["std of dL/dh"]))
    assert "beyond the range of float32" in verdicts(receipt)["tanh, std 1"]


@pytest.mark.parametrize("argument", ["--depth=1", "--width=x", "--samples=1", "--seed=-1"])
def test_bad_arguments(argument: str, capsys) -> None:
    with pytest.raises(SystemExit):
        experiment.main([argument])
    name, value = argument.split("=")
    assert f"argument {name}: must be an integer of at least" in capsys.readouterr().err


def test_without_matplotlib_one_line_says_what_to_install(tmp_path) -> None:
    program = Path(experiment.__file__)
    arguments = ["x", "--quick", "--width", "5", "--depth", "2", "--samples", "5", "--out", str(tmp_path)]
    code = (
        f"import sys, runpy; sys.modules['matplotlib'] = None; sys.argv = {arguments!r}; "
        f"runpy.run_path({str(program)!r}, run_name='__main__')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and "pip install matplotlib" in result.stderr
