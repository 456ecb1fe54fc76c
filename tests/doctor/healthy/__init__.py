"""Healthy patients: importing this declares all of them."""

from . import looks_sick, networks, training

__all__ = ["looks_sick", "networks", "training"]
