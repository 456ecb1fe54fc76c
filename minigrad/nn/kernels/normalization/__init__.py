"""Normalisation on arrays, with its rules."""
