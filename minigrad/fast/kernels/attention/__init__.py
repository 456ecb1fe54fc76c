"""Attention: the threads share the heads, and blocks of queries where there are few heads."""

from . import backward, forward

__all__ = ["backward", "forward"]
