"""Readers for real data: scikit-learn's sets, MNIST's files, text, folders of images, tables."""

from .bundled import load_breast_cancer, load_diabetes, load_digits, load_iris, load_linnerud, load_wine
from .folder import ImageFolder
from .idx import MNIST, FashionMNIST, read_idx
from .table import Table, read_csv
from .text import Characters, load_topics, read_text

__all__ = [
    "Characters", "FashionMNIST", "ImageFolder", "MNIST", "Table", "load_breast_cancer", "load_diabetes", "load_digits",
    "load_iris", "load_linnerud", "load_topics", "load_wine", "read_csv", "read_idx", "read_text",
]  # fmt: skip
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
