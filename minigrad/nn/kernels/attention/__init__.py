"""Attention on arrays, with its rules."""
