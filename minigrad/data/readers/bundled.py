"""The data sets that come with scikit-learn, so that nothing has to be fetched."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from ...core.arrays import get_default_dtype
from .table import Table


def load_digits() -> Table:
    """1,797 handwritten digits of 8 x 8 pixels from 0 to 16: inputs (1797, 1, 8, 8), labels 0 to 9.

    Raises:
        ImportError: without scikit-learn, as all of these readers.

    Source:
        E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998 (its test part).
    """
    table = _classes("digits")
    images = table.tensors[0].reshape(-1, 1, 8, 8)
    return Table(images, table.tensors[1], classes=table.classes)


def load_iris() -> Table:
    """150 flowers of three kinds: inputs (150, 4) in centimetres, labels 0 to 2.

    Source:
        R. A. Fisher, "The Use of Multiple Measurements in Taxonomic Problems", 1936.
    """
    return _classes("iris")


def load_wine() -> Table:
    """178 wines of three growers: inputs (178, 13), labels 0 to 2.

    Source:
        S. Aeberhard, M. Forina, "Wine", UCI, 1991.
    """
    return _classes("wine")


def load_breast_cancer() -> Table:
    """569 tumours: inputs (569, 30), labels 0 for malignant and 1 for benign.

    Source:
        W. Wolberg, O. Mangasarian, N. Street, W. Street, "Breast Cancer Wisconsin (Diagnostic)", UCI, 1995.
    """
    return _classes("breast_cancer")


def load_diabetes() -> Table:
    """442 patients: inputs (442, 10), each column of mean 0 and sum of squares 1; progression (442, 1) a year later.

    Source:
        B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, "Least Angle Regression", 2004.
    """
    return _numbers("diabetes")


def load_linnerud() -> Table:
    """20 men: inputs (20, 3), numbers of exercises; targets (20, 3), weight, waist and pulse.

    Source:
        M. Tenenhaus, "La régression PLS: théorie et pratique", 1998.
    """
    return _numbers("linnerud")


def _classes(name: str) -> Table:
    bunch = _bunch(name)
    inputs = bunch.data.astype(get_default_dtype())
    classes = [str(each) for each in bunch.target_names]
    return Table(inputs, bunch.target.astype(np.int64), features=list(map(str, bunch.feature_names)), classes=classes)


def _numbers(name: str) -> Table:
    bunch = _bunch(name)
    inputs, targets = bunch.data.astype(get_default_dtype()), bunch.target.astype(get_default_dtype())
    return Table(inputs, targets.reshape(len(targets), -1), features=list(map(str, bunch.feature_names)))


def _bunch(name: str) -> Any:
    try:
        datasets = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise ImportError(
            f"load_{name}() reads data that come with scikit-learn, which is missing: pip install scikit-learn"
        ) from error
    return getattr(datasets, f"load_{name}")()
