"""MNIST and its kin, from the files in which they are handed out: the IDX format, plain or compressed."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..dataset import Dataset

_DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}  # the third byte of a file


def read_idx(path: str | os.PathLike[str]) -> Any:
    """The array in an IDX file, which may be compressed with gzip.

    Raises:
        ValueError: for a file of another format, or one that is cut off or too long.

    Source:
        Y. LeCun, C. Cortes, C. Burges, "The MNIST Database of Handwritten Digits": its description of the format.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
        >>> size = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
        >>> read_idx(path)
        array([7, 9], dtype=uint8)
    """
    name = os.fspath(path)
    content = Path(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{name} is damaged: {error}; fetch it again") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _DTYPES or not content[3]:
        raise ValueError(
            f"{name} is no IDX file: it begins with {content[:4].hex(' ') or 'nothing'}, and such a file with 00 00, a "
            "type and the number of dimensions; was a web page saved in its place?"
        )
    dtype, dimensions = np.dtype(_DTYPES[content[2]]), content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f"{name} is cut off within its header; fetch it again")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    wanted = math.prod(shape) * dtype.itemsize
    if len(content) - start != wanted:
        raise ValueError(
            f"{name} should have {wanted:,} bytes of data for the shape {shape}, and has {len(content) - start:,}; "
            "fetch it again"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


class MNIST(Dataset[Any]):
    """70,000 handwritten digits of 28 x 28 pixels, from the four files in a folder.

    A sample is an image, bytes (28, 28), and its label; ``data`` and ``targets`` hold all of them.

    Args:
        root: the folder with the files, such as ``train-images-idx3-ubyte.gz``; or one with ``MNIST/raw`` in it, as
            torchvision leaves it.
        train: the 60,000 to learn from, or the 10,000 to test with.
        transform: called with every image when it is fetched, such as ``transforms.ToTensor()``.
        target_transform: called with every label.
        download: for PyTorch's programs; nothing is fetched.

    Raises:
        FileNotFoundError: for a folder without the files, naming them.
        ValueError: for files that are damaged or do not belong together.
    """

    classes = [f"{i} - {name}" for i, name in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    )]  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root, self.train = Path(root), train
        self.transform, self.target_transform = transform, target_transform
        part = "train" if train else "t10k"
        images, labels = self._find(f"{part}-images-idx3-ubyte"), self._find(f"{part}-labels-idx1-ubyte")
        self.data, targets = read_idx(images), read_idx(labels)
        if self.data.ndim != 3 or self.data.dtype != np.uint8 or targets.ndim != 1 or targets.dtype != np.uint8:
            raise ValueError(
                f"{images} should hold images (N, 28, 28) of bytes and {labels} labels (N,), and they hold "
                f"{self.data.dtype} {self.data.shape} and {targets.dtype} {targets.shape}"
            )
        if len(self.data) != len(targets):
            raise ValueError(
                f"{images} has {len(self.data)} images, and {labels} {len(targets)} labels; fetch them again"
            )
        self.targets = targets.astype(np.int64)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        image, label = self.data[index], int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'train' if self.train else 'test'}, {len(self)} samples)"

    def _find(self, name: str) -> Path:
        folders = [self.root, self.root / type(self).__name__ / "raw", self.root / "raw"]
        tried = [folder / f"{name}{ending}" for folder in folders for ending in ("", ".gz")]
        for path in tried:
            if path.is_file():
                return path
        raise FileNotFoundError(
            f"{self.root} has no {name}, plain or as .gz, nor has {type(self).__name__}/raw in it; fetch the four "
            "files of the data set into one folder, as nothing is downloaded here"
        )


class FashionMNIST(MNIST):
    """70,000 pieces of clothing in the files, and the size, of ``MNIST``."""

    classes = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip
