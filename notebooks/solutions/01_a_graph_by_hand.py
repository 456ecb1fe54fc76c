# The notebook defines the names that these parts use.
# ruff: noqa: F821

# %% exercise-1
# Forward: s = w x + b, p = sigmoid(s), L = -log p. Backward: dL/dp = -1/p, and the slope p (1 - p) of the sigmoid
# cancels the 1/p. What is left, p - 1, is "prediction minus target": notebook 5 says why this is no accident.
def gradients_by_hand(w, b, x):
    p = 1 / (1 + math.exp(-(w * x + b)))
    dp = -1 / p
    ds = dp * p * (1 - p)
    return ds * x, ds


# %% exercise-2
# Only local slopes are needed; backward does the rest. The slope of the exponential is its own value.
def divide(p, q):
    return Number(p.value / q.value, [(p, 1 / q.value), (q, -p.value / q.value**2)])


def exponential(p):
    value = math.exp(p.value)
    return Number(value, [(p, value)])


# %% exercise-3
# The walk of backward with 1 in place of every slope: a product of ones is 1, so the sum counts the paths.
def count_paths(end, leaf):
    paths = {end: 1}
    for number in ancestors(end):
        for parent, _ in number.parents:
            paths[parent] = paths.get(parent, 0) + paths[number]
    return paths.get(leaf, 0)


# %% exercise-4
# The same sums in the other order. One sweep for every leaf: a million sweeps for a million weights, where backward
# needs one for all. (With one input and many outputs it is the other way round.)
def forward_slope(end, leaf):
    slopes = {}
    for number in reversed(ancestors(end)):
        slopes[number] = sum(slopes[parent] * slope for parent, slope in number.parents)
        if number is leaf:
            slopes[number] = 1.0
    return slopes[end]
