"""The doctor: why a network does not learn."""

from .diagnose import diagnose
from .finding import Finding, Report

__all__ = ["Finding", "Report", "diagnose"]
