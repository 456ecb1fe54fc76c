"""PyTorch's names of the types of elements: each is NumPy's dtype, so that ``x.dtype is minigrad.float32`` holds."""

from __future__ import annotations

import numpy as np

__all__ = [
    "bool_",
    "double",
    "float16",
    "float32",
    "float64",
    "float_",
    "half",
    "int16",
    "int32",
    "int64",
    "int8",
    "int_",
    "long",
    "short",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

float16 = half = np.dtype(np.float16)
float32 = float_ = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
uint8 = np.dtype(np.uint8)
uint16 = np.dtype(np.uint16)
uint32 = np.dtype(np.uint32)
uint64 = np.dtype(np.uint64)
int8 = np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = int_ = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool_ = np.dtype(np.bool_)
