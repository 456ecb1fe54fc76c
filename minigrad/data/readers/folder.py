"""Images in folders, one for each class."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..dataset import Dataset

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".npy")


def read_image(path: str | os.PathLike[str]) -> Any:
    """The pixels of an image, bytes (H, W, 3) in red, green and blue; of a ``.npy`` file the array in it.

    Raises:
        ImportError: without Pillow, except for ``.npy``.
        ValueError: for a file that is no image.
    """
    name = os.fspath(path)
    if name.endswith(".npy"):
        return np.load(path, allow_pickle=False)
    try:
        pillow = importlib.import_module("PIL.Image")
    except ImportError as error:
        raise ImportError(f"{name} can be read by Pillow, which is missing: pip install Pillow") from error
    try:
        with pillow.open(path) as image:
            return np.array(image.convert("RGB"))
    except OSError as error:
        raise ValueError(f"{name} cannot be read as an image: {error}") from error


class ImageFolder(Dataset[Any]):
    """Images below a folder, ``root/dog/1.png``, whose labels are the folders that they are in, sorted.

    Args:
        root: the folder with one folder for each class.
        transform: called with every image when it is fetched, such as ``transforms.ToTensor()``.
        target_transform: called with every label.
        loader: from a path to an image; by default bytes (H, W, 3), read by Pillow, and the array of a ``.npy`` file.
        is_valid_file: which files are images; by default those with the usual endings.
        allow_empty: whether a class may be without images.

    Raises:
        FileNotFoundError: for a folder without classes, and for classes without images.
        ImportError: while fetching, if Pillow is needed and missing.

    Example:
        >>> import tempfile, pathlib
        >>> root = pathlib.Path(tempfile.mkdtemp())
        >>> for kind in ("dog", "cat"):
        ...     (root / kind).mkdir()
        ...     np.save(root / kind / "1.npy", np.zeros((4, 4)))
        >>> pets = ImageFolder(root)
        >>> pets.classes, pets[1][1], pets[1][0].shape
        (['cat', 'dog'], 1, (4, 4))
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        loader: Callable[[str], Any] = read_image,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        self.root, self.transform, self.target_transform, self.loader = Path(root), transform, target_transform, loader
        self.classes = sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())
        if not self.classes:
            raise FileNotFoundError(f"{self.root} has no folders, and there should be one for each class in it")
        self.class_to_idx = {name: label for label, name in enumerate(self.classes)}
        self.samples: list[tuple[str, int]] = []
        for name, label in self.class_to_idx.items():
            found = _images(self.root / name, is_valid_file or _has_extension)
            if not found and not allow_empty:
                raise FileNotFoundError(
                    f"{self.root / name} has no images ({', '.join(EXTENSIONS)}); allow_empty=True allows that"
                )
            self.samples += [(path, label) for path in found]
        self.imgs = self.samples  # torchvision's other name
        self.targets = [label for _, label in self.samples]

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        path, label = self.samples[index]
        image = self.loader(path)
        if self.transform is not None:
            image = self.transform(image)
        return image, label if self.target_transform is None else self.target_transform(label)

    def __len__(self) -> int:
        return len(self.samples)


def _has_extension(path: str) -> bool:
    return path.lower().endswith(EXTENSIONS)


def _images(folder: Path, is_valid_file: Callable[[str], bool]) -> Sequence[str]:
    return sorted(str(path) for path in folder.rglob("*") if path.is_file() and is_valid_file(str(path)))
