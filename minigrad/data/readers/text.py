"""Text: a corpus that every Python carries, files, and windows of characters for language models."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..dataset import Dataset


def load_topics() -> dict[str, str]:
    """The chapters of Python's language reference behind ``help()``, by name: about half a million characters.

    Raises:
        ImportError: for a Python without its documentation.

    Example:
        >>> "print" in load_topics()["formatstrings"] or len(load_topics()) > 50
        True
    """
    try:
        topics = importlib.import_module("pydoc_data.topics")
    except ImportError as error:
        raise ImportError("this Python was installed without pydoc_data, the texts of help()") from error
    return dict(topics.topics)


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    """The text of a file, or of all ``.txt`` files below a folder, in the order of their names.

    Raises:
        FileNotFoundError: for a folder without any.
        ValueError: for a file in another encoding, naming the line.
    """
    root = Path(path)
    files = sorted(root.rglob("*.txt")) if root.is_dir() else [root]
    if not files:
        raise FileNotFoundError(f"{root} has no .txt files")
    return "\n".join(_decoded(file, encoding) for file in files)


def _decoded(file: Path, encoding: str) -> str:
    content = file.read_bytes()
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} of {file} is not {encoding}: {error.reason}; say which encoding it has, such as 'latin-1'"
        ) from None


class Characters(Dataset[Any]):
    """Windows of a text as numbers of its characters, each with the same window one further on.

    Args:
        text: the text.
        length: of a window.
        vocabulary: the characters that have numbers; by default those of the text, sorted.
        step: how far apart windows begin.

    Raises:
        ValueError: for a text that is too short, and for a character that has no number.

    Shapes:
        A sample is two arrays (length,) of int64, and a batch two Tensors (B, length).

    Example:
        >>> data = Characters("hello", length=3)
        >>> inputs, targets = data[1]
        >>> data.decode(inputs), data.decode(targets), data.vocabulary
        ('ell', 'llo', 'ehlo')
    """

    def __init__(self, text: str, length: int, vocabulary: str | None = None, step: int = 1) -> None:
        if length < 1 or step < 1:
            raise ValueError(f"length and step must be at least 1, got {length} and {step}")
        if len(text) <= length:
            raise ValueError(f"a text of {len(text)} characters has no window of {length} and a character after it")
        self.vocabulary = "".join(sorted({*text})) if vocabulary is None else vocabulary
        self.length, self.step = length, step
        self._numbers = {character: number for number, character in enumerate(self.vocabulary)}
        self.codes = self.encode(text)

    def encode(self, text: str) -> Any:
        """The numbers of the characters."""
        try:
            return np.array([self._numbers[character] for character in text], np.int64)
        except KeyError as error:
            place = text.index(error.args[0])
            raise ValueError(f"the character {error.args[0]!r} at {place} is not in the vocabulary") from None

    def decode(self, codes: Any) -> str:
        """The characters with these numbers."""
        numbers: Sequence[int] = np.asarray(codes.numpy() if hasattr(codes, "numpy") else codes).tolist()
        return "".join(self.vocabulary[number] for number in numbers)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} windows, so there is no number {index}")
        start = index % len(self) * self.step
        return self.codes[start : start + self.length], self.codes[start + 1 : start + self.length + 1]

    def __len__(self) -> int:
        return (len(self.codes) - self.length - 1) // self.step + 1

    def batch(self, indices: Any) -> Any:
        """Many windows at once."""
        starts = np.asarray(indices, np.intp) % len(self) * self.step
        windows = self.codes[starts[:, None] + np.arange(self.length + 1)]
        return windows[:, :-1], windows[:, 1:]
