"""Solutions to the exercises of 06_optimizers.ipynb: each block replaces the cell of that name."""

# ruff: noqa: F821 (the names that these blocks use are defined in the notebook)


# %% exercise-1
# z = -1 in z² - (1 + β - ηλ) z + β = 0 gives 1 + (1 + β - ηλ) + β = 0, so ηλ = 2 (1 + β). Momentum makes larger rates
# stable, up to twice as large, although each of its steps adds up to 1 / (1 - β) of them.
def momentum_limit(steepest, beta):
    """The rate from which descent with momentum ``beta`` diverges in a bowl of largest curvature ``steepest``."""
    return 2 * (1 + beta) / steepest


# %% exercise-2
# The decay does not pass through the two means, so all weights decay alike.
def adamw_step(w, g, state, lr=0.001, weight_decay=0.01):
    """The new weights after one step of AdamW."""
    return adam_step(w * (1 - lr * weight_decay), g, state, lr=lr)


# %% exercise-3
# One factor for all keeps the direction. Clipping each array by itself would turn it.
def clip(gradients, largest):
    """New arrays, of which the norm taken together is at most ``largest``."""
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * min(1.0, largest / norm) for g in gradients]


# %% exercise-4
# Half a cosine goes from cos 0 = 1 to cos π = -1; adding 1 and halving brings it between 1 and 0.
def warmup_then_cosine(step, warmup_steps, total_steps):
    """The factor on the base rate at ``step``, counted from 0."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return 0.5 * (1 + np.cos(np.pi * progress))
