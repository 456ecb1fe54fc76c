# The notebook defines the names that these parts use.
# ruff: noqa: F821

# %% exercise-1
# Half of the z are positive and keep their square, the other half keep a² of it: E[h²] = (1 + a²) / 2 E[z²]. For a = 0
# this is Kaiming's 2/n, for a = 1 (no bend at all) 1/n.
def kaiming_std(inputs, a):
    return math.sqrt(2 / ((1 + a**2) * inputs))


# %% exercise-2
# The expectation is an integral against the normal density; on a fine, even grid a sum is as good as exact.
def gain(activation):
    z = np.linspace(-10, 10, 20_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return 1 / math.sqrt(np.sum(activation(z) ** 2 * density) * (z[1] - z[0]))


# %% exercise-3
# The order matters: the input of a layer is only known when all layers below it have their final weights.
def rescale(weights, activation, x):
    result, h = [], x
    for weight in weights:
        result.append(weight / (h @ weight).std())
        h = activation(h @ result[-1])
    return result


# %% exercise-4
# Q R is the only such factorisation if R's diagonal is positive; moving its signs into Q makes Q uniform among all
# orthogonal matrices.
def orthogonal(n, rng):
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))
