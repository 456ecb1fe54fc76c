"""Solutions to the exercises of 07_normalization_and_skips.ipynb: each block replaces the cell of that name."""

# ruff: noqa: F821 (the names that these blocks use are defined in the notebook)


# %% exercise-1
# The batch is normalised by the variance that divides by n; the running one estimates that of all data, so n - 1.
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """Return (y, running_mean, running_var); in evaluation the running values are used and returned as they are."""
    if not training:
        return (x - running_mean) / np.sqrt(running_var + eps), running_mean, running_var
    mean, variance = x.mean(0), x.var(0)
    y = (x - mean) / np.sqrt(variance + eps)
    running_mean = (1 - momentum) * running_mean + momentum * mean
    running_var = (1 - momentum) * running_var + momentum * x.var(0, ddof=1)
    return y, running_mean, running_var


# %% exercise-2
# Channels are neighbours in memory, so a reshape makes the groups.
def group_norm(x, groups, eps=1e-5):
    """Normalise x (N, C, H, W) over each of ``groups`` groups of neighbouring channels."""
    rows = x.reshape(len(x), groups, -1)  # (N, groups, C / groups * H * W)
    rows = (rows - rows.mean(2, keepdims=True)) / np.sqrt(rows.var(2, keepdims=True) + eps)
    return rows.reshape(x.shape)


# %% exercise-3
# At alpha = 0 the linear layer has no gradient, but alpha has one: it moves first, and then everything learns.
class GentleBlock(nn.Module):
    """h + alpha * linear(relu(h)), with a learned alpha that starts at 0."""

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.alpha = nn.Parameter(mg.zeros(1))

    def forward(self, h):
        return h + self.alpha * self.linear(F.relu(h))


# %% exercise-4
# norm(z) = factor · (z - mean) + shift, with z = x Wᵀ + b: the factor goes into the rows of W, the rest into the bias.
def fold(linear, norm):
    """One nn.Linear that does what ``norm.eval()(linear(x))`` does."""
    factor = norm.weight / (norm.running_var + norm.eps) ** 0.5
    one = nn.Linear(linear.in_features, linear.out_features)
    with mg.no_grad():
        one.weight.copy_(linear.weight * factor.reshape(-1, 1))
        one.bias.copy_((linear.bias - norm.running_mean) * factor + norm.bias)
    return one
