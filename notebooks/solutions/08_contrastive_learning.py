"""Solutions to the exercises of 08_contrastive_learning.ipynb: each block replaces the cell of that name."""

# ruff: noqa: F821 (the names that these blocks use are defined in the notebook)


# %% exercise-1
# -log softmax(s)[i] = logsumexp(s) - s[i], and logsumexp subtracts the largest number by itself.
def info_nce(query, positive, temperature):
    """The mean over i of -log softmax_j(cosine(query_i, positive_j) / temperature)[i], for Tensors (N, D)."""
    scores = F.normalize(query, dim=1) @ F.normalize(positive, dim=1).T / temperature  # (N, N)
    return (scores.logsumexp(1) - scores.diagonal()).mean()


# %% exercise-2
# A score of -inf on the diagonal has probability 0: a view cannot choose itself.
def nt_xent(one, two, temperature):
    """SimCLR's loss for Tensors (N, D)."""
    n = len(one)
    z = F.normalize(mg.cat([one, two]), dim=1)  # (2N, D)
    scores = (z @ z.T / temperature).masked_fill(np.eye(2 * n, dtype=bool), -np.inf)
    twins = np.concatenate([np.arange(n, 2 * n), np.arange(n)])
    return F.cross_entropy(scores, twins)


# %% exercise-3
# Σλ is the trace, and Σλ² the sum of the squares of all entries, so that no eigenvalue need be computed.
def effective_dimensions(vectors):
    """The participation ratio of the covariance of an array (N, D)."""
    covariance = np.cov(vectors, rowvar=False)
    return np.trace(covariance) ** 2 / np.sum(covariance**2)


# %% exercise-4
# The columns of a matrix are the rows of its transpose.
def clip_loss(pictures, texts, scale):
    """The mean of the two cross-entropies of scale · cosines, along rows and along columns."""
    scores = scale * F.normalize(pictures, dim=1) @ F.normalize(texts, dim=1).T  # (N, N)
    own = np.arange(len(scores))
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2
