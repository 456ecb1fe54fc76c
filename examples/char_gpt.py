"""A transformer and an LSTM learn to write from the same text: at this size neither is better.

Both models have as many parameters, read the same windows of 64 characters in the same order, and are trained with the
same optimizer and schedule. They are judged by bits per character on chapters of Python's reference that neither has
seen: what an ideal compressor would spend with the model's predictions. A bigram model, which only counts pairs of
characters, stands beside them. Every paragraph is kept once: many chapters repeat those of others, and the held-out
ones would be known by heart. The rates are tuned: after a million characters, one seed, the LSTM had 2.186, 2.143 and
2.147 bits at 0.015, 0.022 and 0.032, the transformer 2.117 and 2.131 at 0.010 and 0.016.

    python examples/char_gpt.py [--quick] [--prompt "The generator "] [--top-k 5]

With so little text the two end level. The transformer starts more slowly.

Expected: bigram 3.57 bits per character. Quick mode, 1.2 million characters: LSTM 2.10 and 2.11, transformer 2.09 and
2.11 (seeds 0 and 1). Full, 3.1 million characters: LSTM 1.981, transformer 1.984 (seed 0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import manual_seed, nn, no_grad, optim
from minigrad.data.readers import Characters, load_topics
from minigrad.experiment import Experiment, at_least, options
from minigrad.nn import functional as F
from minigrad.nn.utils import clip_grad_norm_
from minigrad.optim.lr_scheduler import warmup_cosine

CONTEXT, BATCH = 64, 16  # characters in a window, windows in a batch
HELD_OUT = ("typesseq", "debugger", "comparisons", "exceptions")  # chapters
WIDTH, HEADS, LAYERS, HIDDEN = 56, 4, 3, 130  # of the transformer; hidden units of the LSTM
RATES = {"GPT": 1e-2, "LSTM": 2.5e-2}
COLOURS = {"GPT": "#0072B2", "LSTM": "#E69F00", "bigram": "#009E73"}


def load() -> tuple[Characters, Characters]:
    """Windows of the training text and of the held-out chapters; every paragraph is in one of them, once."""
    chapters, seen, texts = load_topics(), set[str](), {True: "", False: ""}
    for name in sorted(chapters, key=lambda name: (-len(chapters[name]), name)):
        for paragraph in chapters[name].split("\n\n"):
            words = " ".join(paragraph.split())
            if words not in seen:
                seen.add(words)
                texts[name in HELD_OUT] += paragraph + "\n\n"
    vocabulary = "".join(sorted({*texts[True], *texts[False]}))
    return Characters(texts[False], CONTEXT, vocabulary), Characters(texts[True], CONTEXT, vocabulary, CONTEXT // 2)


class Block(nn.Module):
    """Attention to what came before, then a small network at every position; both add to what is there."""

    def __init__(self) -> None:
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.project, self.join = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.widen, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.turn = nn.RotaryPositionalEncoding(WIDTH // HEADS, CONTEXT, base=100)  # how far away keys are
        nn.init.lecun_normal_(self.project.weight), nn.init.lecun_normal_(self.widen.weight)
        for layer in (self.join, self.narrow):  # 2 · LAYERS of them are added up: each adds its share of variance
            nn.init.normal_(layer.weight, std=(layer.in_features * 2 * LAYERS) ** -0.5)

    def split(self, x: Any) -> tuple[Any, Any, Any]:
        """Queries, keys and values (B, H, T, D) of x (B, T, C)."""
        B, T, C = x.shape
        parts = self.project(self.norm1(x)).reshape(B, T, 3, HEADS, C // HEADS)
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # (3, B, H, T, D)
        return self.turn(q), self.turn(k), v

    def forward(self, x: Any) -> Any:
        """One layer (B, T, C)."""
        q, k, v = self.split(x)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, D)
        x = x + self.join(seen.transpose(1, 2).reshape(x.shape))
        return x + self.narrow(F.gelu(self.widen(self.norm2(x)), approximate="tanh"))

    def attention(self, x: Any) -> np.ndarray:
        """How much each position takes from which (B, H, T, T): what attention to the rows of the identity brings."""
        q, k, _ = self.split(x)
        return F.scaled_dot_product_attention(q, k, np.eye(x.shape[1], dtype=np.float32), is_causal=True).numpy()


class GPT(nn.Module):
    """Characters to vectors, blocks, and scores for the character that follows each."""

    def __init__(self, characters: int) -> None:
        self.embed = nn.Embedding(characters, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, characters)

    def forward(self, codes: Any) -> Any:
        """Codes (B, T) to scores (B, T, V)."""
        return self.head(self.norm(self.blocks(self.embed(codes))))


class LSTM(nn.Module):
    """The same with a recurrent layer, of about as many parameters, in place of the blocks."""

    def __init__(self, characters: int) -> None:
        self.embed = nn.Embedding(characters, 64)
        self.recurrent = nn.LSTM(64, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, characters)

    def forward(self, codes: Any) -> Any:
        """Codes (B, T) to scores (B, T, V)."""
        return self.head(self.recurrent(self.embed(codes))[0])


def loss_of(model: nn.Module, windows: tuple[Any, Any], first: int = 0) -> Any:
    """Mean cross-entropy in nats, of the positions from ``first`` on."""
    scores = model(windows[0])[:, first:]  # (B, T - first, V)
    return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), windows[1][:, first:].reshape(-1))


@no_grad()
def bits(model: nn.Module, held_out: Characters, every: int = 1) -> float:
    """Bits per character, each predicted once, from 32 to 63 before it; of all windows or of every n-th."""
    windows = np.arange(0, len(held_out), every)
    parts = np.array_split(windows, max(len(windows) // 64, 1))
    total = sum(loss_of(model, held_out.batch(part), CONTEXT // 2).item() * len(part) for part in parts)
    return float(total / len(windows) / math.log(2))


def bigram_bits(training: Characters, held_out: Characters) -> float:
    """The same for counts of pairs, each with 0.1 added, so that no pair is impossible."""
    counts = np.full((len(training.vocabulary),) * 2, 0.1)
    np.add.at(counts, (training.codes[:-1], training.codes[1:]), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float(-np.log2(shares[held_out.codes[:-1], held_out.codes[1:]]).mean())


def fit(run: Experiment, name: str, model: nn.Module, steps: int, training: Characters, held_out: Characters) -> None:
    """Train one model; every model sees the same batches. Eight times the receipt gets the bits of some windows."""
    generator = np.random.default_rng(run.seed)
    optimizer = optim.AdamW(model.parameters(), lr=RATES[name], betas=(0.9, 0.99), weight_decay=0.1)
    scheduler = warmup_cosine(optimizer, warmup_steps=steps // 20, total_steps=steps, min_ratio=0.05)
    for step in run.progress(range(1, steps + 1), name):
        loss = loss_of(model, training.batch(generator.integers(0, len(training), BATCH)))
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        scheduler.step()
        if step % (steps // 8) == 0:
            run.receipt.log(step * BATCH * CONTEXT, **{name: bits(model, held_out, every=8)})


@no_grad()
def write(model: nn.Module, text: Characters, settings: Any, temperature: float) -> str:
    """Draw 200 characters after the prompt, each from what the model expects after the last ``CONTEXT``."""
    codes = text.encode(settings.prompt)
    for _ in range(200):
        scores = model(codes[None, -CONTEXT:])[0, -1]  # (V,)
        codes = np.append(codes, F.sample(scores, temperature, settings.top_k).item())
    return text.decode(codes)


@no_grad()
def leak(model: nn.Module, codes: np.ndarray) -> float:
    """The largest change of a score when all that comes after it is read backwards instead, for codes (T,)."""
    before, change = model(codes[None]).numpy()[0], 0.0  # (T, V)
    for cut in range(1, len(codes)):
        other = np.append(codes[:cut], codes[: cut - 1 : -1])
        change = max(change, float(np.abs(model(other[None]).numpy()[0, :cut] - before[:cut]).max()))
    return change


@no_grad()
def draw_attention(figure: Any, model: GPT, text: Characters, sentence: str) -> float:
    """What the heads of the first and the last layer look at; returns the largest weight on a later character."""
    x, letters, weights = model.embed(text.encode(sentence)[None]), sentence.replace(" ", "·"), []  # (1, T, C)
    for block in model.blocks:
        weights.append(block.attention(x)[0])  # (H, T, T)
        x = block(x)
    for row, number in zip(figure.subplots(2, HEADS), (1, LAYERS), strict=True):
        for head, axis in enumerate(row):
            axis.imshow(weights[number - 1][head], cmap="Blues", vmin=0, vmax=1)
            axis.set_xticks(range(len(letters)), letters, fontsize=7, family="monospace")
            axis.set_yticks(range(len(letters)), letters, fontsize=7, family="monospace")
            axis.set_title(f"layer {number}, head {head + 1}", fontsize=10)
    figure.supxlabel("the character that is looked at")
    figure.supylabel("the character that looks")
    return float(np.triu(weights, 1).max())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = options(__doc__, "char_gpt")
    parser.add_argument("--prompt", default="The object ", help="what the models go on from (default: %(default)r)")
    parser.add_argument("--top-k", type=at_least(1), default=20, help="of how many to draw (default: %(default)s)")
    with Experiment(parser, arguments) as run:
        training, held_out = load()
        size, steps = len(training.vocabulary), run.pick(quick=1200, full=3000)
        run.say(f"""{len(training.codes):,} characters to learn from, {len(held_out.codes):,} in held-out chapters,
            {size} different ones: guessing costs {math.log2(size):.2f} bits. Each model sees
            {steps * BATCH * CONTEXT:,} characters.""")
        rows = [{"model": "bigram", "parameters": size * size, "bits": bigram_bits(training, held_out)}]
        models: dict[str, Any] = {}
        for name, kind in (("LSTM", LSTM), ("GPT", GPT)):
            manual_seed(run.seed)
            models[name] = model = kind(size)
            fit(run, name, model, steps, training, held_out)
            count = sum(parameter.numel() for parameter in model.parameters())
            rows.append({"model": name, "parameters": count, "rate": RATES[name], "bits": bits(model, held_out)})
        table = [{**row, "perplexity": 2 ** row["bits"]} for row in rows]
        run.table("held-out text", table, bits=".3f", perplexity=".2f")
        bigram, lstm, gpt = (row["bits"] for row in rows)
        caption = "Measured on an eighth of the held-out text: the LSTM leads at first, and the transformer catches up."
        with run.picture("learning.png", (8, 4.5), caption) as figure:
            axis = figure.subplots()
            for name, curve in run.receipt.state_dict()["curves"].items():
                axis.plot(np.array(curve["steps"]) / 1e6, curve["values"], "o-", color=COLOURS[name], label=name)
            axis.axhline(bigram, color=COLOURS["bigram"], ls="--", label="bigram")
            axis.set(xlabel="characters seen, millions", ylabel="bits per character of held-out text")
            axis.legend(loc="center right")

        run.section("What they write", f"One of the {run.options.top_k} likeliest; low temperatures are careful.")
        for temperature, name in ((0.7, "LSTM"), (0.3, "GPT"), (0.7, "GPT"), (1.2, "GPT")):
            run.say(f"{name} at {temperature}: {write(models[name], training, run.options, temperature)}")
        run.section("Where it looks", "Whatever comes after a place must leave the scores before it as they are.")
        caption = "Rows look at columns and sum to 1; right of the diagonal is nothing. Most look at the last letters."
        with run.picture("attention.png", (14, 7.6), caption) as figure:
            future = draw_attention(figure, models["GPT"], training, "the list of the items in the list")
        change = leak(models["GPT"], held_out.codes[:CONTEXT])
        run.expect("bits of the LSTM below the bigram's", bigram - lstm, at_least=1.2, source="2 seeds")
        run.expect("bits of the GPT below the bigram's", bigram - gpt, at_least=1.2, source="2 seeds", headline=True)
        run.expect("bits of the GPT below the LSTM's", lstm - gpt, at_least=-0.06, at_most=0.06, source="2 seeds")
        run.expect("largest attention to a later character", future, at_least=0, at_most=0, source="causal mask")
        run.expect("change of a score by what comes later", change, at_least=0, at_most=1e-4, source="causal mask")


if __name__ == "__main__":
    main()
