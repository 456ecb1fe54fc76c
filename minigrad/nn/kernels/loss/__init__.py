"""Losses on arrays, with their rules."""
