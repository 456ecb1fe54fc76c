# The notebook defines the names that these parts use.
# ruff: noqa: F821

# %% exercise-1
# The gradient goes to the larger one. Where both are equal neither is larger, and each gets half. Broadcasting needs
# no care here: backward sums to the shape of each parent.
def maximum(x, y):
    x, y = as_value(x), as_value(y)
    share = np.where(x.data == y.data, 0.5, x.data > y.data)  # of x
    return Value(np.maximum(x.data, y.data), [(x, lambda g: g * share), (y, lambda g: g * (1 - share))])


# %% exercise-2
# The pull of each value cuts its piece out of the gradient. A function that makes the pull binds the borders now; a
# lambda in the loop would use those of the last value for all.
def concatenate(values, axis):
    values = [as_value(value) for value in values]
    ends = np.cumsum([value.data.shape[axis] for value in values])

    def cut(start, stop):
        return lambda g: np.take(g, range(start, stop), axis=axis)

    parents = [(value, cut(end - value.data.shape[axis], end)) for value, end in zip(values, ends, strict=True)]
    return Value(np.concatenate([value.data for value in values], axis), parents)


# %% exercise-3
# g (diag(p) - p pT) = g p - (g . p) p: a product and one sum for each row, where the Jacobian would have had C x C
# entries for each row.
def softmax(x):
    powers = np.exp(x.data - x.data.max(axis=-1, keepdims=True))
    p = powers / powers.sum(axis=-1, keepdims=True)
    return Value(p, [(x, lambda g: p * (g - (g * p).sum(axis=-1, keepdims=True)))])


# %% exercise-4
# Both sides see the gradient only through its product with the direction. A wrong gradient would have to be wrong at a
# right angle to a random direction to go unnoticed, which has probability 0.
def directional_error(value, arrays, rng, step=1e-6):
    directions = [rng.normal(size=array.shape) for array in arrays]
    leaves = [Value(array) for array in arrays]
    value(*leaves).backward()
    predicted = sum((leaf.grad * d).sum() for leaf, d in zip(leaves, directions, strict=True))
    ahead, behind = (
        value(*(Value(array + sign * step * d) for array, d in zip(arrays, directions, strict=True))).data.item()
        for sign in (1, -1)
    )
    return abs((ahead - behind) / (2 * step) - predicted)
