"""Tables: rows of numbers with what they belong to, also from CSV files."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...core.arrays import get_default_dtype
from ..tensors import TensorDataset


class Table(TensorDataset):
    """Inputs and targets, with the names of columns and classes where they are known.

    Args:
        tensors: arrays of equal length.
        features: names of the columns of the first one.
        classes: names of the labels 0, 1, ...

    Example:
        >>> table = Table(np.zeros((2, 1)), np.array([0, 1]), features=["height"], classes=["cat", "dog"])
        >>> table.inputs.shape, table.classes[table.targets[1]]
        ((2, 1), 'dog')
    """

    def __init__(
        self, *tensors: Any, features: Sequence[str] | None = None, classes: Sequence[str] | None = None
    ) -> None:
        super().__init__(*tensors)
        self.features = None if features is None else list(features)
        self.classes = None if classes is None else list(classes)

    @property
    def inputs(self) -> Any:
        """What a model is given."""
        return self.tensors[0]

    @property
    def targets(self) -> Any:
        """What it should answer."""
        if len(self.tensors) < 2:
            raise AttributeError("this table has no targets; read_csv(path, target=column) says which column they are")
        return self.tensors[1]


def read_csv(
    path: str | os.PathLike[str],
    target: str | int | Sequence[str | int] | None = None,
    *,
    header: bool | None = None,
    delimiter: str = ",",
    dtype: Any = None,
    encoding: str = "utf-8-sig",
) -> Table:
    r"""A table of numbers from a file of comma-separated values.

    Args:
        path: the file.
        target: the name or number of the column that shall be predicted, or several. A single column of words, or of
            whole numbers, becomes labels 0, 1, ... for its sorted values, which are ``classes`` then; others numbers.
        header: whether the first line names the columns; by default if anything in it is no number.
        delimiter: what stands between two values.
        dtype: of the inputs, and of targets that are numbers; by default the default dtype.
        encoding: of the file.

    Raises:
        KeyError: for a target that is no column.
        ValueError: for a line with more or fewer values, and a value that is no number, naming line and column.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "pets.csv"
        >>> size = path.write_text("height,weight,kind\n0.3,4,cat\n0.6,20,dog\n")
        >>> pets = read_csv(path, target="kind")
        >>> pets.features, pets.classes, pets.targets
        (['height', 'weight'], ['cat', 'dog'], array([0, 1]))
    """
    with open(path, newline="", encoding=encoding) as file:
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
        rows = [(reader.line_num, row) for row in reader if row]
    if not rows:
        raise ValueError(f"{os.fspath(path)} has no lines")
    header = any(_number(value) is None for value in rows[0][1]) if header is None else header
    width = len(rows[0][1])
    names = [name.strip() for name in rows[0][1]] if header else [str(column) for column in range(width)]
    rows = rows[1:] if header else rows
    for line, row in rows:
        if len(row) != width:
            raise ValueError(f"line {line} of {os.fspath(path)} has {len(row)} values, and the first one has {width}")
    wanted = [] if target is None else [target] if isinstance(target, str | int) else list(target)
    targets = [_column(each, names, path) for each in wanted]
    inputs = [column for column in range(width) if column not in targets]
    numbers = _numbers(rows, inputs, names, path, dtype)
    features = [names[column] for column in inputs]
    if len(targets) != 1:
        return Table(numbers, *[_numbers(rows, targets, names, path, dtype)] * bool(targets), features=features)
    values = [row[targets[0]].strip() for _, row in rows]
    as_numbers = [_number(value) for value in values]
    if any(number is not None and not number.is_integer() for number in as_numbers):
        return Table(numbers, _numbers(rows, targets, names, path, dtype), features=features)
    words = None in as_numbers
    classes = sorted({*values}, key=str if words else float)
    index = {name: label for label, name in enumerate(classes)}
    labels = np.array([index[value] for value in values], np.int64)
    return Table(numbers, labels, features=features, classes=classes)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _column(wanted: str | int, names: list[str], path: Any) -> int:
    if isinstance(wanted, str) and wanted in names:
        return names.index(wanted)
    if isinstance(wanted, int) and -len(names) <= wanted < len(names):
        return wanted % len(names)
    raise KeyError(f"{os.fspath(path)} has no column {wanted!r}; it has {names}")


def _numbers(rows: list[tuple[int, list[str]]], columns: Iterable[int], names: list[str], path: Any, dtype: Any) -> Any:
    columns = list(columns)
    dtype = np.dtype(get_default_dtype() if dtype is None else dtype)
    values = np.empty((len(rows), len(columns)), np.float64)
    for position, (line, row) in enumerate(rows):
        for place, column in enumerate(columns):
            number = _number(row[column])
            if number is None or (dtype.kind in "iu" and not number.is_integer()):
                shown = row[column] or "nothing"
                raise ValueError(
                    f"line {line} of {os.fspath(path)} has {shown!r} in the column {names[column]!r}, which is no "
                    f"number of dtype {dtype}; leave the line out, write nan for what is unknown, or make it the target"
                )
            if math.isfinite(number) and dtype.kind in "iu" and not _fits(number, dtype):
                raise ValueError(f"line {line} of {os.fspath(path)} has {row[column]}, which {dtype} cannot hold")
            values[position, place] = number
    return values.astype(dtype)


def _fits(number: float, dtype: Any) -> bool:
    return bool(np.iinfo(dtype).min <= number <= np.iinfo(dtype).max)
