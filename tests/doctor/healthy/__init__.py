"""Healthy patients: importing this declares all of them."""

from . import looks_sick, networks, patience, training

__all__ = ["looks_sick", "networks", "patience", "training"]
