"""What the rest of the machine did meanwhile: one process more than there are cores, and steps in two threads crawl.

Threads that wait for each other in a loop do so for a whole slice of the scheduler when one of them has no core: a step
of PyTorch that takes 0.6 ms has been seen to take 150.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")


class Others:
    """The share of a core that other processes had since the last question."""

    def __init__(self) -> None:
        self.last = _clocks()

    def share(self) -> float:
        """1.0 for a whole core; 0.0 where the system does not tell."""
        now = _clocks()
        wall, all_, own = (after - before for after, before in zip(now, self.last, strict=True))
        self.last = now
        return max(0.0, (all_ - own) / wall) if wall > 0.5 else 0.0  # the system counts in hundredths of a second


def _clocks() -> tuple[float, float, float]:
    """Seconds: of the clock, of all work on all cores, and of this process with its finished children."""
    own = sum(os.times()[:4])
    if not STAT.exists():
        return time.perf_counter(), own, own
    user, nice, system, _idle, _waiting, *interrupts = map(int, STAT.read_text().split("\n", 1)[0].split()[1:9])
    return time.perf_counter(), (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK"), own
