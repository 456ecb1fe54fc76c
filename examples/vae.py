"""A variational autoencoder of real digits: a bound on their likelihood, a plane of digits, and new ones.

Checks these claims of lecture notes on losses:

- "KL divergence regularises the latent distribution of a VAE towards a prior." Its closed form against sampling, and
  how many of the latent numbers it lets the network use.
- Beyond the notes: whether the evidence lower bound (ELBO) says anything. It is compared, in nats per held-out image,
  with simpler models of the same pixels; and the gradient through the sampling is compared with the general one.

The data come with scikit-learn: 1,797 digits of 8 × 8 pixels, 360 of them held out. Each pixel counts how many of 4 × 4
dots were inked, from 0 to 16, so that the decoder's noise is binomial: 16 dots, inked with the pixel's probability. All
models give probabilities to the same counts and can be compared; that of principal components (probabilistic PCA) is
continuous, and is given the counts with uniform noise added, which bounds their likelihood from below (Theis 2016).

    python examples/vae.py            pictures and a receipt go to runs/vae
    python examples/vae.py --help

Expected (base seeds 0 to 9): sixteen latent numbers save 12 to 15 nats an image over histograms of pixels and
about 160 over binomial pixels; closed-form KL and both gradients agree with sampling; seven in ten digits have a
neighbour of their kind in the plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma

import numpy as np

from minigrad import Tensor, autograd, nn, no_grad, optim, random
from minigrad.data.readers import load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

DOTS, HELD_OUT, BATCH = 16, 360, 64
WAYS = np.array([lgamma(DOTS + 1) - lgamma(n + 1) - lgamma(DOTS - n + 1) for n in range(DOTS + 1)])  # log (16 over n)
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000", "#999999", "#882255")


class VAE(nn.Module):
    """Digits to a few numbers, as a Gaussian for each image, and back."""

    def __init__(self, latent: int, hidden: int = 256) -> None:
        self.latent = latent
        self.encoder = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.GaussianHead(hidden, latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, 64))

    def forward(self, counts: np.ndarray, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Minus the log-likelihood of the pixels, and the divergence from the prior, in nats: both (B,)."""
        mean, log_variance = self.encoder(counts / np.float32(DOTS))  # (B, D)
        noise = generator.standard_normal(mean.shape, np.float32)
        latent = mean + (log_variance / 2).exp() * noise  # gradients reach mean and variance through the sample
        return pixel_loss(self.decoder(latent), counts), F.normal_kl(mean, log_variance, reduction="none")


def pixel_loss(logits: Tensor, counts: np.ndarray) -> Tensor:
    """Minus the logarithm of the binomial probability of an image, (B,)."""
    each = F.binary_cross_entropy_with_logits(logits, counts / np.float32(DOTS), reduction="none")  # (B, 64)
    return DOTS * each.sum(1) - WAYS[counts].sum(1).astype(np.float32)


def data(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (N, 64) to train with, counts held out, and what these show."""
    table = load_digits()
    order = np.random.default_rng(seed).permutation(len(table.targets))
    counts = table.inputs.reshape(-1, 64).astype(np.uint8)[order]
    return counts[HELD_OUT:], counts[:HELD_OUT], table.targets[order][:HELD_OUT]


def train(counts: np.ndarray, latent: int, seed: int, epochs: int) -> VAE:
    """Minimise minus the ELBO."""
    generator = random.manual_seed(seed)
    model = VAE(latent)
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in np.array_split(generator.permutation(len(counts)), len(counts) // BATCH):
            reconstruction, divergence = model(counts[batch], generator)
            cost = (reconstruction + divergence).mean()
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
        schedule.step()
    return model


# --- simpler models ---------------------------------------------------------------------------------------------------
def binomial_pixels(counts: np.ndarray, held_out: np.ndarray) -> float:
    """Nats per image if every pixel is binomial by itself."""
    p = (counts.sum(0) + 0.5) / (DOTS * len(counts) + 1)
    return float(pixel_loss(Tensor(np.log(p / (1 - p))).expand(len(held_out), 64), held_out).mean().item())


def histogram_pixels(counts: np.ndarray, held_out: np.ndarray) -> float:
    """Nats per image if every pixel has a histogram of its own."""
    share = np.stack([(counts == n).sum(0) + 0.1 for n in range(DOTS + 1)], 1)  # (64, 17)
    share /= share.sum(1, keepdims=True)
    return float(-np.log(share[np.arange(64), held_out]).sum(1).mean())


def principal_components(counts: np.ndarray, held_out: np.ndarray, number: int, seed: int) -> float:
    """Nats per image by probabilistic PCA of the counts with uniform noise, whose likelihood is a Gaussian's."""
    rng = np.random.default_rng(seed)
    x, y = (each + rng.random(each.shape) for each in (counts, held_out))
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    rest, kept = values[:-number].mean(), values[-number:]
    error = y - x.mean(0)
    along = error @ vectors[:, -number:]
    distance = (along**2 / kept).sum(1) + (np.square(error).sum(1) - np.square(along).sum(1)) / rest
    return float(0.5 * (distance.mean() + np.log(kept).sum() + (64 - number) * np.log(rest) + 64 * np.log(2 * np.pi)))


# --- the sections -----------------------------------------------------------------------------------------------------
def likelihoods(run: Experiment) -> tuple[VAE, VAE]:
    run.section("Likelihood", "Nats per held-out image: lower is better. For the VAE it is minus the ELBO, a bound.")
    rows, epochs, models = [], run.pick(quick=120, full=250), {}
    for seed in run.progress(run.seeds(run.pick(quick=1, full=3)), "networks"):
        counts, held_out, _ = data(seed)
        found = {
            "binomial pixels": binomial_pixels(counts, held_out),
            "histograms of pixels": histogram_pixels(counts, held_out),
            "PCA, 2 dimensions": principal_components(counts, held_out, 2, seed),
            "PCA, 16 dimensions": principal_components(counts, held_out, 16, seed),
        }
        rows += [{"model": name, "nats": value} for name, value in found.items()]
        for latent in (2, 16):
            models[latent] = model = train(counts, latent, seed, epochs)
            with no_grad():
                parts = np.mean(
                    [[p.mean().item() for p in model(held_out, np.random.default_rng(k))] for k in range(10)], 0
                )
            rows.append({"model": f"VAE, {latent} dimensions", "nats": parts.sum(), "pixels": parts[0], "KL": parts[1]})
    means = []
    for name in dict.fromkeys(row["model"] for row in rows):
        of_model = [row for row in rows if row["model"] == name]
        means.append({"model": name} | {c: float(np.mean([r[c] for r in of_model])) for c in [*of_model[0]][1:]})
    run.table("nats per held-out image", means, nats=".1f", pixels=".1f", KL=".1f")
    nats = {row["model"]: row["nats"] for row in means}
    saved = {name: nats[name] - nats["VAE, 16 dimensions"] for name in nats}
    run.say(
        f"""Sixteen latent numbers save {saved["binomial pixels"]:.0f} nats an image over the same noise without any,
        and {saved["histograms of pixels"]:.0f} over histograms, which fit each pixel better but know nothing of the
        others. Two numbers are too few: they give a picture of the plane, not a good likelihood."""
    )
    run.expect("VAE's lead over histograms (nats)", saved["histograms of pixels"], at_least=8.0, at_most=30.0,
               form=".1f", source="10 base seeds", headline=True)  # fmt: skip
    for name, least in (("binomial pixels", 100), ("PCA, 16 dimensions", 30)):
        lead = saved[name]
        run.expect(f"VAE's lead over {name} (nats)", lead, at_least=least, form=".1f", source="10 base seeds")
    return models[2], models[16]


def divergences(run: Experiment, model: VAE) -> None:
    run.section("Divergence", "KL of each latent number, from the closed form and from 100,000 samples.")
    _, held_out, _ = data(run.seeds(run.pick(quick=1, full=3))[-1])
    rng = np.random.default_rng(run.seed)
    with no_grad():
        mean, log_variance = (part.numpy().astype(np.float64) for part in model.encoder(held_out / np.float32(DOTS)))
    each = np.array([F.normal_kl(mean[:, k : k + 1], log_variance[:, k : k + 1]).item() for k in range(model.latent)])
    m, s = mean[0], np.exp(log_variance[0] / 2)
    noise = rng.standard_normal((100_000, model.latent))
    ratio = (-np.log(s) - noise**2 / 2 + (m + s * noise) ** 2 / 2).sum(1)  # log q - log p at samples of q
    error = ratio.std() / np.sqrt(len(ratio))
    exact = F.normal_kl(mean[0], log_variance[0]).item()
    run.table("KL of latent numbers, held out", [{"latent number": k, "KL (nats)": kl} for k, kl in enumerate(each)])
    run.expect("KL: sampled less closed form, standard errors", (ratio.mean() - exact) / error, at_least=-4, at_most=4,
               form=".2f", source=f"{exact:.3f} nats ± {error:.3f}")  # fmt: skip
    run.expect("latent numbers in use (KL above 0.1)", int(np.sum(each > 0.1)), at_least=12, at_most=16, form=".0f")

    run.section("Gradient through a sample", "Of the pixels' mean loss for one image, by the encoder's mean.")
    number = run.pick(quick=4000, full=20000)
    noise = rng.standard_normal((number, model.latent)).astype(np.float32)
    centre, width = mean[0].astype(np.float32), s.astype(np.float32)
    latent = Tensor(centre + width * noise, requires_grad=True)
    losses = pixel_loss(model.decoder(latent), np.repeat(held_out[:1], number, 0))
    through = autograd.grad(losses.sum(), latent)[0].numpy().astype(np.float64)  # d loss / d mean = d loss / d z
    values = losses.detach().numpy().astype(np.float64)
    score = (values - values.mean())[:, None] * noise / width  # loss · d log q / d mean, with a baseline
    apart = np.abs(through.mean(0) - score.mean(0)) / np.sqrt((through.var(0) + score.var(0)) / number)
    calmer = float(np.mean(score.var(0)) / np.mean(through.var(0)))
    run.say(
        f"""Both ways agree within {apart.max():.1f} standard errors of {number:,} samples. The sample written as mean +
        deviation · noise lets the gradient through, with {calmer:.0f} times less variance than the general formula,
        loss · ∂ log q, even with a baseline: that is why a VAE trains with one sample an image."""
    )
    run.expect(
        "both gradients, largest distance (standard errors)", apart.max(), at_most=5, form=".2f", source="the same mean"
    )
    run.expect("variance saved by reparameterising, times", calmer, at_least=5, form=".1f", source="10 base seeds")


def pictures(run: Experiment, plane: VAE, model: VAE) -> None:
    _, held_out, digits = data(run.seeds(run.pick(quick=1, full=3))[-1])
    rng = np.random.default_rng(run.seed)
    with no_grad():
        decoded = F.sigmoid(model.decoder(model.encoder(held_out[:10] / np.float32(DOTS))[0])).numpy()
        drawn = F.sigmoid(model.decoder(rng.standard_normal((20, model.latent)).astype(np.float32))).numpy()
        position = plane.encoder(held_out / np.float32(DOTS))[0].numpy()
    rows = [held_out[:10] / DOTS, decoded, drawn[:10], drawn[10:]]
    with run.picture("digits.png", (8, 3.6), "Held-out digits, what sixteen numbers keep of them, and two rows of"
                     " new digits, decoded from numbers drawn from the prior.") as figure:  # fmt: skip
        axes = figure.subplots(4, 10)
        for row, images, name in zip(axes, rows, ("held out", "decoded", "new", "new"), strict=True):
            for ax, image in zip(row, images, strict=True):
                ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
                ax.set(xticks=[], yticks=[])
            row[0].set_ylabel(name)
    with run.picture("plane.png", (6.4, 5), "Held-out digits in the plane of the VAE with two latent numbers. It was"
                     " never told what the digits are.") as figure:  # fmt: skip
        ax = figure.subplots()
        for digit in range(10):
            ax.plot(*position[digits == digit].T, "o", ms=4, color=COLOURS[digit], label=str(digit))
        ax.set(xlabel="first latent number", ylabel="second latent number", aspect="equal")
        ax.legend(title="digit", loc="center left", bbox_to_anchor=(1, 0.5))
    apart = np.square(position[:, None] - position[None]).sum(2) + np.diag(np.full(len(position), np.inf))
    same = float(np.mean(digits[apart.argmin(1)] == digits))
    run.expect("plane: nearest neighbour shows the same digit", same, at_least=0.55, form=".1%", source="chance: 10 %")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "vae"), arguments) as run:
        plane, model = likelihoods(run)
        divergences(run, model)
        pictures(run, plane, model)


if __name__ == "__main__":
    main()
