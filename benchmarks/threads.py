"""How many threads everybody gets: imported before NumPy, whose BLAS reads the environment only once.

Two by default, so that the products of minigrad, NumPy and PyTorch run under equal conditions; ``OMP_NUM_THREADS`` in
the environment gives another number, for ``minigrad.fast`` too. JAX has no such switch, and takes all cores.
"""

from __future__ import annotations

import os

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, str(THREADS))
