"""The karate club: its size, label propagation, and one network."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from tests.examples.quick import run_quick

gnn = importlib.import_module("examples.gnn")


def test_the_club() -> None:
    pytest.importorskip("networkx")
    club = gnn.load_club()
    assert club.edges.shape == (2, 2 * 78) and club.side.shape == (34,) and club.side.sum() == 17
    assert club.side[[0, 1, 32, 33]].tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(club.matrix, club.matrix.T)


def test_label_propagation_misses_only_member_9() -> None:
    pytest.importorskip("networkx")
    club = gnn.load_club()
    wrong = np.flatnonzero(gnn.propagate_labels(club, gnn.FOUR) != club.side)
    assert wrong.tolist() == [8]


def test_label_propagation_on_a_path() -> None:
    """0 - 1 - 2 - 3 with known ends: each middle one goes with the nearer end."""
    pairs = np.array([[0, 1, 2], [1, 2, 3]])
    path = gnn.Club(np.concatenate([pairs, pairs[::-1]], axis=1), np.array([0, 0, 1, 1]))
    assert gnn.propagate_labels(path, [0, 3]).tolist() == [0, 0, 1, 1]
    mg.manual_seed(0)
    assert gnn.fit(gnn.Network("GCN", members=4), path, [0, 3], steps=60) == 1


def test_without_networkx_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(SystemExit, match="pip install networkx"):
        gnn.main(["--quick", "--out", str(tmp_path)])


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    pytest.importorskip("networkx")
    run_quick("gnn", tmp_path)
