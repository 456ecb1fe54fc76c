"""Receipts: what a run did and what came out, as JSON, so that anybody can run it again and compare.

A trainer opens one and tells it what happens::

    with Receipt("digits.json", seed=0, configuration=vars(arguments)) as receipt:
        ...
        receipt.log(step, loss=loss)  # a point of a curve
        receipt.value("test accuracy", accuracy)

``python -m minigrad.receipts verify digits.json`` runs the recorded command again, in a temporary folder, and compares;
``python -m minigrad.receipts show digits.json`` prints a summary. A receipt holds a command and ``verify`` runs it:
verify those that you trust.
"""

from .compare import compare
from .receipt import Receipt, read

__all__ = ["Receipt", "compare", "read"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
