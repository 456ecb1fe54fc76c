"""Names in the text of pages become links to the reference: `F.mse_loss`, `nn.LSTM(...)`, `clip_grad_norm_`."""

from __future__ import annotations

import re
from typing import Any

from .rooms import Entry, entries

# Where a name without its room is looked up, in this order.
ROOMS = (
    "minigrad", "minigrad.nn", "minigrad.nn.functional", "minigrad.nn.init", "minigrad.nn.utils", "minigrad.optim",
    "minigrad.optim.lr_scheduler", "minigrad.data", "minigrad.distributions", "minigrad.metrics", "minigrad.recommend",
)  # fmt: skip
SHORT = {"F": "minigrad.nn.functional", "mg": "minigrad"}  # what programs call them
_MENTION = re.compile(r"([A-Za-z_][\w.]*)(\(.*\))?", flags=re.DOTALL)


def find(text: str) -> Entry | None:
    """What a piece of inline code names, or None.

    A plain word such as ``dim`` or ``sum`` may be an argument or a method: only what is dotted, called, spelled like a
    class or has an underscore inside is taken for a name.
    """
    match = _MENTION.fullmatch(text)
    if match is None:
        return None
    name = match[1]
    if not ("." in name or match[2] or "_" in name[1:-1] or re.match(r"[A-Z]\w*[a-z]", name)):
        return None
    first, _, rest = name.partition(".")
    if first in SHORT:
        candidates = [f"{SHORT[first]}.{rest}"]
    else:
        candidates = [name, *(f"{room}.{name}" for room in ROOMS)]
    found = next((entries()[full] for full in candidates if full in entries()), None)
    return found if found is not None and found.kind in ("class", "function") else None


def link(app: Any, doctree: Any) -> None:
    """Sphinx's ``doctree-read``: turn the inline code of all pages but the reference's own into references."""
    from docutils import nodes
    from sphinx import addnodes

    page = app.env.docname
    if page.startswith("api/"):
        return
    for literal in list(doctree.findall(nodes.literal)):
        entry = find(literal.astext())
        if entry is None or _inside(literal, (nodes.reference, nodes.title, addnodes.pending_xref)):
            continue
        reference = addnodes.pending_xref(
            "", refdomain="py", reftype="obj", reftarget=entry.name, refexplicit=True, refdoc=page
        )
        literal.replace_self(reference)
        reference += literal


def _inside(node: Any, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False
