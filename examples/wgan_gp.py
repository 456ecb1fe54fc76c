"""A generator of handwritten digits, trained against a critic whose gradient is held at norm 1.

A Wasserstein GAN needs a critic whose slope is 1 at most. A gradient penalty asks for it in the loss: the norm of
dcritic/dimage, so that training differentiates a gradient, autograd.grad(..., create_graph=True). The older way is to
clip the critic's weights. Both are judged by how far their images are from digits that nobody trained on.

    python examples/wgan_gp.py            pictures and a receipt go to runs/wgan_gp
    python examples/wgan_gp.py --help

Expected: the gradient of the penalised critic has norm 1 within 0.15, the estimated distance falls to at most 0.7 of
its peak, the energy distance to held-out digits is at most 0.08, 0.25 in quick mode (noise: 3.8, real digits: 0) and
at most half of that with clipping, and every digit is drawn. Over the base seeds 0 to 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, autograd, nn, no_grad, optim
from minigrad.data.readers import load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#777777"
LATENT, WIDTH, PIXELS, BATCH, CRITIC_STEPS = 16, 128, 64, 64, 3
PENALTY, CLIP = 10.0, 0.01  # as in their papers, Gulrajani et al. 2017 and Arjovsky et al. 2017


# --- the two networks -------------------------------------------------------------------------------------------------
def make_generator() -> nn.Module:
    """From (B, 16) noise to (B, 64) pixels from -1 to 1."""
    hidden = [nn.Linear(LATENT, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(WIDTH, PIXELS), nn.Tanh())


def make_critic() -> nn.Module:
    """From (B, 64) pixels to (B, 1) scores, high for real images."""
    hidden = [nn.Linear(PIXELS, WIDTH), nn.LeakyReLU(0.2), nn.Linear(WIDTH, WIDTH), nn.LeakyReLU(0.2)]
    return nn.Sequential(*hidden, nn.Linear(WIDTH, 1))


def slopes(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """The norm of dcritic/dimage at random points between real and generated images: (B,), to be differentiated."""
    share = mg.rand(len(real), 1)  # (B, 1)
    between = (share * real + (1 - share) * fake).detach().requires_grad_()  # (B, 64)
    (gradient,) = autograd.grad(critic(between).sum(), between, create_graph=True)  # (B, 64)
    return (gradient.square().sum(dim=1) + 1e-12).sqrt()


def train(images: np.ndarray, steps: int, penalty: bool, run: Experiment) -> tuple[nn.Module, list[float], list[float]]:
    """The trained generator, and by step the critic's estimate of the distance and the mean of its slope."""
    random = mg.manual_seed(run.seed)
    generator, critic = make_generator(), make_critic()
    of_generator = optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.9))
    of_critic = optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9))
    distances, norms = [], []
    for _ in run.progress(range(steps), "gradient penalty" if penalty else "weight clipping"):
        for critic_step in range(CRITIC_STEPS):
            real = Tensor(images[random.integers(0, len(images), BATCH)])  # (B, 64)
            with no_grad():
                fake = generator(mg.randn(BATCH, LATENT))  # (B, 64)
            distance = critic(real).mean() - critic(fake).mean()
            loss = -distance
            if penalty or critic_step == 0:  # with clipping it is only looked at
                norm = slopes(critic, real, fake)  # (B,)
            if penalty:
                loss = loss + PENALTY * (norm - 1).square().mean()
            of_critic.zero_grad()
            loss.backward()
            of_critic.step()
            if not penalty:
                with no_grad():
                    for weights in critic.parameters():
                        weights.clamp_(-CLIP, CLIP)
        of_generator.zero_grad()
        (-critic(generator(mg.randn(BATCH, LATENT))).mean()).backward()
        of_generator.step()
        distances.append(distance.item())
        norms.append(norm.mean().item())
    return generator, distances, norms


# --- judging ----------------------------------------------------------------------------------------------------------
def energy_distance(one: np.ndarray, other: np.ndarray) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'|: 0 exactly if both sets come from one distribution (Székely 2003)."""

    def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return mg.cdist(a.astype(np.float64), b.astype(np.float64)).numpy()

    def within(a: np.ndarray) -> float:  # without the pairs of an image and itself
        return float(apart(a, a).sum() / (len(a) * (len(a) - 1)))

    return 2 * float(apart(one, other).mean()) - within(one) - within(other)


def train_judge(images: np.ndarray, labels: np.ndarray) -> nn.Module:
    """A classifier of real digits, which tells what a generated one shows and how sure it is."""
    judge = nn.Sequential(nn.Linear(PIXELS, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer, random = optim.Adam(judge.parameters(), lr=5e-3), mg.random.default_generator()
    for _ in range(400):
        batch = random.integers(0, len(images), 64)
        optimizer.zero_grad()
        F.cross_entropy(judge(images[batch]), labels[batch]).backward()
        optimizer.step()
    return judge


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "wgan_gp"), arguments) as run:
        random = mg.random.default_generator()
        digits, steps = load_digits(), run.pick(quick=500, full=3000)
        images = digits.inputs.reshape(-1, PIXELS) / 8 - 1  # (1797, 64) from -1 to 1
        order = random.permutation(len(images))
        known, held_out = order[:1397], order[1397:]
        judge = train_judge(images[known], digits.targets[known])

        run.section("Training")
        run.say(f"""A generator makes images of 8 x 8 pixels from noise. A critic gives each image a number; the mean
            over real ones minus the mean over generated ones estimates how far apart the two are, if the critic is
            nowhere steeper than 1. {steps} steps of the generator, with {CRITIC_STEPS} of the critic before each; once
            with a gradient penalty, once with weights clipped to ±{CLIP}.""")
        results = {name: train(images[known], steps, name == "gradient penalty", run)
                   for name in ("gradient penalty", "weight clipping")}  # fmt: skip
        smooth = {
            name: [np.convolve(c, np.ones(30) / 30, "valid") for c in result[1:]] for name, result in results.items()
        }
        caption = """Left: the critic's estimate, means over 30 steps: it rises while the critic learns and falls while
            the generator does. Right: the slope of the critic between real and generated images. The penalty holds it
            at 1; weights clipped to ±0.01 leave it far below, so that the critic's numbers are no distances."""
        with run.picture("training.png", (10, 3.8), caption) as figure:
            for axis, which, label in zip(figure.subplots(1, 2), (0, 1), ("critic's estimate of the distance",
                                          "mean norm of dcritic/dimage"), strict=True):  # fmt: skip
                for name, colour in (("gradient penalty", BLUE), ("weight clipping", ORANGE)):
                    axis.semilogy(smooth[name][which], color=colour, label=name)
                axis.set(xlabel="step of the generator", ylabel=label)
                axis.grid(alpha=0.3)
            axis.axhline(1, color="black", linewidth=0.8, linestyle=":")
            axis.legend()

        run.section("Samples")
        run.say("""The energy distance is 0, but for chance, if and only if two sets come from one distribution. It is
            measured to 400 digits that neither network has seen. Beside it stand: digits from the training set, a
            Gaussian with their mean and covariance, and noise. A classifier, trained on real digits, says what the
            images show and how sure it is on average.""")
        sets = {"training digits": images[known][:1000]}
        with no_grad():
            for name, result in results.items():
                sets[name] = result[0](mg.randn(1000, LATENT)).numpy()  # (1000, 64)
        gaussian = random.multivariate_normal(images[known].mean(axis=0), np.cov(images[known].T), 1000)
        sets["Gaussian"] = np.clip(gaussian, -1, 1).astype(np.float32)
        sets["noise"] = random.uniform(-1, 1, (1000, PIXELS)).astype(np.float32)
        rows = {}
        for name, drawn in sets.items():
            with no_grad():
                sure = judge(drawn).softmax(dim=1).numpy()  # (1000, 10)
            counts = np.bincount(sure.argmax(axis=1), minlength=10)
            rows[name] = {"images": name, "energy distance": energy_distance(drawn, images[held_out]),
                          "sure": sure.max(axis=1).mean(), "rarest digit": counts.min() / len(drawn)}  # fmt: skip
        run.table("how good the images are", rows.values(), **{"energy distance": ".3f", "sure": ".1%",
                  "rarest digit": ".1%"})  # fmt: skip
        caption = "The first that came: one row of real digits, four made with a gradient penalty, two with clipping."
        with run.picture("samples.png", (9, 5.6), caption) as figure:
            shown = [*images[held_out][:12], *sets["gradient penalty"][:48], *sets["weight clipping"][:24]]
            axes = figure.subplots(7, 12, subplot_kw={"xticks": [], "yticks": []})
            for axis, image in zip(axes.flat, shown, strict=True):
                axis.imshow(image.reshape(8, 8), cmap="gray_r", vmin=-1, vmax=1)
            for axis, label in zip(axes[:, 0], ["real", *["penalty"] * 4, *["clipping"] * 2], strict=True):
                axis.set_ylabel(label, rotation=0, ha="right", va="center")

        made, rival = rows["gradient penalty"], rows["Gaussian"]
        run.say(f"""The Gaussian is a hard rival in this distance, because its mean and covariance are right by
            construction: {rival["energy distance"]:.3f} against {made["energy distance"]:.3f} of the generator, which
            takes more steps than quick mode has to win clearly. The classifier is surer of the generator's digits:
            {made["sure"]:.0%} against {rival["sure"]:.0%}.""")
        distance, norm = smooth["gradient penalty"]
        energy = {name: row["energy distance"] for name, row in rows.items()}
        clipped = smooth["weight clipping"][1][-1]
        run.expect("slope of the critic, weight clipping", clipped, at_most=0.3, form=".3f", source="10 seeds")
        run.expect("slope of the critic, gradient penalty", norm[-1], at_least=0.85, at_most=1.15,
                   form=".3f", source="the penalty asks for 1")  # fmt: skip
        run.expect("critic's estimate: end / peak", distance[-1] / distance.max(), at_most=0.7, form=".2f",
                   source="10 seeds")  # fmt: skip
        run.expect("energy distance, gradient penalty", energy["gradient penalty"], form=".3f", source="10 seeds",
                   at_most=run.pick(quick=0.25, full=0.08), headline=True)  # fmt: skip
        run.expect("energy distance: weight clipping / gradient penalty", energy["weight clipping"] /
                   energy["gradient penalty"], at_least=2, form=".1f", source="10 seeds")  # fmt: skip
        surer = made["sure"] - rival["sure"]
        run.expect("classifier surer of generated digits than of the Gaussian's by", surer, at_least=0.01, form=".1%",
                   source="10 seeds")  # fmt: skip
        run.expect("energy distance, training digits", energy["training digits"], at_most=0.03, form=".3f",
                   source="the floor: 0 but for chance")  # fmt: skip
        run.expect("share of the rarest digit, gradient penalty", rows["gradient penalty"]["rarest digit"],
                   at_least=0.01, form=".1%", source="10 seeds")  # fmt: skip


if __name__ == "__main__":
    main()
