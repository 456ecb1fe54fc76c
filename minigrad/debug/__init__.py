"""Tools that look at a model from outside, by hooks and by its public face: they change nothing in it."""

from .autopsy import autopsy
from .broken import BUGS, Bug, broken, caught_by
from .checklist import Checklist, Item, checklist
from .doctor import Finding, Report, diagnose
from .lint import lint
from .monitor import LayerRecord, Monitor, WeightRecord
from .profile import Cost, Profile, profile
from .summary import Layer, ModelSummary, summary
from .trace import Trace

__all__ = [
    "BUGS", "Bug", "Checklist", "Cost", "Finding", "Item", "Layer", "LayerRecord", "ModelSummary", "Monitor", "Profile",
    "Report", "Trace", "WeightRecord", "autopsy", "broken", "caught_by", "checklist", "diagnose", "lint", "profile",
    "summary",
]  # fmt: skip
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
