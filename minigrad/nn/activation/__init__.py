"""Activation functions as Modules."""
