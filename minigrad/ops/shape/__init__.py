"""Operations that give the same elements another shape, order or number of copies."""

from . import expand, flip, permute, reshape

__all__ = ["expand", "flip", "permute", "reshape"]
