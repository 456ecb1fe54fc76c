"""Activation functions on arrays, with their rules."""
