"""Solutions to the exercises of 09_recurrent_networks.ipynb: each block replaces the cell of that name."""

# ruff: noqa: F821 (the names that these blocks use are defined in the notebook)


# %% exercise-1
# The gate must be f = 2 ** (-1 / k), and the bias is what the sigmoid turns into f: log(f / (1 - f)).
def forget_bias_for(half_life):
    """The bias b with sigmoid(b) ** half_life = 1/2."""
    gate = 0.5 ** (1 / half_life)
    return np.log(gate / (1 - gate))


# %% exercise-2
# The reset gate decides how much of the old state the new proposal sees, the update gate how much of it stays.
def gru_step(x, h, cell):
    """The next state (B, H) from x (B, D) and h (B, H), with the weights of an nn.GRUCell."""
    gates_x = x @ cell.weight_ih.T + cell.bias_ih  # (B, 3H): the x parts of r, z and n
    gates_h = h @ cell.weight_hh.T + cell.bias_hh  # (B, 3H)
    reset_x, update_x, new_x = gates_x.chunk(3, dim=1)
    reset_h, update_h, new_h = gates_h.chunk(3, dim=1)
    reset, update = mg.sigmoid(reset_x + reset_h), mg.sigmoid(update_x + update_h)
    new = mg.tanh(new_x + reset * new_h)
    return (1 - update) * new + update * h


# %% exercise-3
# A detached state is a number like any other: the next piece starts from it, and backward stops there.
def in_pieces(rnn, x, length):
    """The states (B, T, H) of rnn over x (B, T, D), with the state detached after every ``length`` steps."""
    pieces, state = [], None
    for start in range(0, x.shape[1], length):
        states, state = rnn(x[:, start : start + length], state)
        pieces.append(states)
        state = state.detach()
    return mg.cat(pieces, dim=1)


# %% exercise-4
# A pair that was never seen has n3 = N3 = 0, and is left with the bigram's probability.
def trigram_bits(train, test):
    """Bits per character of test[2:], given the two before each, from counts in ``train``."""
    triples = Counter(zip(train[:-2].tolist(), train[1:-1].tolist(), train[2:].tolist(), strict=True))
    before = Counter(zip(train[:-2].tolist(), train[1:-1].tolist(), strict=True))
    total = 0.0
    for a, b, c in zip(test[:-2].tolist(), test[1:-1].tolist(), test[2:].tolist(), strict=True):
        total -= np.log2((triples[a, b, c] + 5 * table[b, c]) / (before[a, b] + 5))
    return total / (len(test) - 2)
