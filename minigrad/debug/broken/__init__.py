"""The break-it lab: classic mistakes in backpropagation, planted on purpose, and the checks that catch them."""

from .bugs import BUGS, Bug
from .checks import CHECKS, caught_by, shown
from .lab import broken

__all__ = ["BUGS", "CHECKS", "Bug", "broken", "caught_by", "shown"]
