"""Losses as Modules."""
