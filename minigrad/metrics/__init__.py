"""Metrics for training and evaluation: functions of all values, and classes that see a batch at a time.

Predictions come first and truth second, as in losses. Values equal scikit-learn's, whose ``roc_auc`` is called.
"""

from .classification import accuracy, confusion_matrix, f1_score, precision, recall, roc_auc, top_k_accuracy
from .numbers import mean_absolute_error, perplexity, r2_score, root_mean_squared_error
from .ranking import mean_reciprocal_rank, ndcg_at_k, neighbor_purity, recall_at_k
from .streaming import Accuracy, ConfusionMatrix, Mean, Metric, Perplexity

__all__ = [
    "Accuracy", "ConfusionMatrix", "Mean", "Metric", "Perplexity", "accuracy", "confusion_matrix", "f1_score",
    "mean_absolute_error", "mean_reciprocal_rank", "ndcg_at_k", "neighbor_purity", "perplexity", "precision",
    "r2_score", "recall", "recall_at_k", "roc_auc", "root_mean_squared_error", "top_k_accuracy",
]  # fmt: skip
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
