"""Convolution on arrays, with its rules."""
