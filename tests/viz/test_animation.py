"""The page that walks through a backward pass, read as text and in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.viz import render
from minigrad.viz.animation import animate_backward
from minigrad.viz.mathml import mathml

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    shutil.which("dot") is None and render._web_assembly() is None, reason="nothing is installed that draws graphs"
)


def twice():
    a = Tensor(1.5, requires_grad=True)
    b = a + a
    c = b + b
    return c, {"a": a, "b": b, "c": c}


def frames(animation):
    return json.loads(re.search(r'<script id="frames".*?>(.*?)</script>', animation.html).group(1))


def words(frame):
    return html.unescape(re.sub(r"<[^>]*>", "", frame["text"]))


def test_every_step_has_a_frame():
    animation = animate_backward(*twice())
    start, first, second = frames(animation)
    assert "gradient of c by itself is 1" in words(start)
    assert (start["current"], first["current"], second["current"]) == ("x2", "x2", "x1")
    assert first["targets"] == ["x1"] and second["targets"] == ["x0"]
    assert second["gradients"] == {"x2": "1", "x1": "2", "x0": "4"}
    assert second["done"] == ["x2", "x1"]


def test_it_says_why_the_order_is_topological():
    _, first, second = map(words, frames(animate_backward(*twice())))
    assert "b has to wait: one of its uses has yet to send a gradient" in first
    assert "Sum so far: 1, 1 of 2." in first and "Sum so far: 2, 2 of 2." in first
    assert "b was used 2 times" in second and "1 + 2 = 3 would have gone on instead of 2" in second


def test_a_node_waits_across_steps():
    x = Tensor(0.5, requires_grad=True)
    y = x.exp() + x * 3
    seen = frames(animate_backward(y, {"x": x}))
    assert seen[2]["waiting"] == ["x0"] and seen[3]["waiting"] == []
    assert "Contribution: 1 · 3 = 3." in words(seen[2])
    assert seen[-1]["gradients"]["x0"] == f"{3 + np.exp(0.5):.4g}"


def test_arrays_and_a_given_gradient():
    x = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    seen = frames(animate_backward(x * x, {"x": x}, gradient=np.full((2, 2), 3.0, np.float32)))
    assert "[6, 6, 6, 6]" in seen[-1]["gradients"]["x0"]
    assert "or be counted twice" not in words(seen[-1])
    assert x.grad is None


def test_the_page_needs_nothing_from_outside(tmp_path):
    animation = animate_backward(*twice())
    text = animation.save(tmp_path / "deep" / "steps.html").read_text()
    outside = set(re.findall(r"https?://[^\"'\s<>]+", text)) - {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not outside
    assert "<iframe srcdoc=" in animation._repr_html_()
    assert repr(animation) == "<BackwardAnimation: 2 steps; .save('steps.html') writes the page>"
    with pytest.raises(ValueError, match=r"save\('steps.html'\)"):
        animation.save(tmp_path / "steps.gif")


def test_names_cannot_break_the_page():
    x = Tensor(2.0, requires_grad=True)
    animation = animate_backward(x * x, {"</script><b>": x})
    assert animation.html.count("</script>") == 2
    assert "</script><b>" in words(frames(animation)[1])


def test_errors(monkeypatch):
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(301):
        y = -y
    with pytest.raises(ValueError, match="301 operations.*backward_steps"):
        animate_backward(y)
    with pytest.raises(RuntimeError):
        animate_backward(Tensor(1.0))


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 2])
def test_a_browser_shows_a_step(tmp_path, step):
    page = animate_backward(*twice()).save(tmp_path / "steps.html")
    switches = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip
    found = subprocess.run(
        [BROWSER, *switches, "--dump-dom", f"{page.as_uri()}#{step}"], capture_output=True, text=True, timeout=120
    )
    dom = found.stdout
    assert f'id="counter">{step} / 2<' in dom
    classes = dict(
        (key, look) for look, key in re.findall(r'<g id="node\d+" class="([^"]*)">\s*<title>(x\d)</title>', dom)
    )
    if step == 0:
        assert classes["x2"].split()[1] == "current" and "unknown" in classes["x0"]
    else:
        assert classes["x1"].split()[1] == "current" and classes["x2"].split()[1] == "done"
        assert ">grad 4</text>" in dom and ">grad 2</text>" in dom
        assert "would have gone on" in dom


# --- formulas ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("g * y", "g·x2"),
        ("g * (1 - out * out)", "g·(1−y2)"),
        ("-g * x / y ** 2", "−g·x1x22"),
        ("where(x > y, g, 0)", "{gx1>x20else"),
        ("g / (2 * sqrt(x))", "g2·x1"),
        ("g * sign(x)", "g·sgn\u2061(x1)"),
        ("g[::2]", "g[::2]"),
        ("square(x + y)", "(x1+x2)2"),
    ],
)
def test_rules_become_formulas(rule, text):
    tree = ElementTree.fromstring(mathml(rule, r"\LaTeX & <"))
    assert "".join(tree[0][0].itertext()) == text
    assert tree[0][1].text == r"\LaTeX & <"
    for tag, count in (("mfrac", 2), ("msup", 2), ("msub", 2), ("msqrt", 1)):
        assert all(len(element) == count for element in tree.iter(tag)) or tag == "msqrt"
