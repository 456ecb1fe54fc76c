"""The frame of an experiment: options, tables, pictures, expected against measured results, receipt and report.

A script says what it measures, and the frame does the rest::

    with Experiment(options(__doc__, "halving")) as run:
        share = float(np.mean(draw(run.seed) > 0))
        run.say("A ReLU passes half of what is symmetric about 0.")
        run.expect("share that passes", share, at_least=0.49, at_most=0.51, form=".1%")

It prints the tables and, last, what was expected and what was measured; the folder ``runs/halving`` then holds the
pictures and a receipt. ``write_report`` makes one page of HTML of many receipts.
"""

from .expectation import Expectation
from .experiment import Experiment
from .options import at_least, fraction, options, positive
from .report import write_report

__all__ = ["Expectation", "Experiment", "at_least", "fraction", "options", "positive", "write_report"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
