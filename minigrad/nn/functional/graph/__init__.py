"""Functions for graph networks."""
