"""Without negatives all words become alike; with them, products of word vectors tell how much likelier a pair is.

    python examples/word_vectors.py             tables and a picture, in runs/word_vectors
    python examples/word_vectors.py --quick
    python examples/word_vectors.py --help

Checked here, on the words of help(), the chapters on the language that every Python carries: that embeddings of
unrelated things end up close to each other when "we only focus on the positive examples", and that "instead of using
every single negative example we should pick a sample of negatives". Drawing K of them for every pair has a theory: the
best product of two vectors is log P(a, b) / P(a) P(b) - log K (Levy & Goldberg 2014).

Expected (base seeds 0 to 9 in quick mode, 0 to 2 in full mode, with the chapters of Python 3.11): a mean cosine of two
words above 0.88 without negatives and below 0.3 with them, and learned products of slope 1.0 to 1.1 over the theory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn, no_grad, optim
from minigrad.data import NegativeSampler
from minigrad.data.readers import load_topics
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F
from minigrad.optim import lr_scheduler

BLUE, ORANGE = "#0072B2", "#E69F00"
WINDOW, DRAWN = 4, 5  # words to each side that stand near; negatives for every pair of words
SHOWN = "list class exception string import float raise".split()
STOP = set(  # words that stand near everything
    "the and that are for with this not when can used only see from same its but which all may also will have must "
    "there they any such has does more than other these into then their been being was were what how both each "
    "some".split()
)


def neighbours_of(texts: Sequence[str], size: int) -> tuple[list[str], Any]:
    """The most frequent words, and how often each stands near each other: (size, size), symmetric."""
    chapters = [[word for word in re.findall(r"[a-z_]{3,}", text.lower()) if word not in STOP] for text in texts]
    words = [word for word, _ in Counter(word for chapter in chapters for word in chapter).most_common(size)]
    number = {word: i for i, word in enumerate(words)}
    counts = np.zeros((len(words), len(words)))
    for chapter in chapters:
        line = np.array([number.get(word, -1) for word in chapter])
        for distance in range(1, WINDOW + 1):
            one, other = line[:-distance], line[distance:]
            known = (one >= 0) & (other >= 0)
            np.add.at(counts, (one[known], other[known]), 1)
            np.add.at(counts, (other[known], one[known]), 1)
    return words, counts


def word_vectors(counts: Any, drawn: int, steps: int, generator: np.random.Generator) -> tuple[Any, Any]:
    """Vectors of words, and of words as neighbours, (words, 32) each, from pairs and ``drawn`` negatives for each."""
    tables = [nn.Embedding(len(counts), 32) for _ in range(2)]
    with no_grad():
        for table in tables:
            table.weight.mul_(0.05)
    words, near = tables
    sampler = NegativeSampler(counts.sum(1), generator=generator)
    pairs, draw = np.argwhere(counts), NegativeSampler(counts[counts > 0], generator=generator)
    optimizer = optim.Adam([table.weight for table in tables], lr=0.02)
    schedule = lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        one, other = pairs[draw.sample(2048)].T
        if drawn:
            loss = F.negative_sampling_loss(words(one), other, near.weight, sampler, drawn)
        else:
            loss = F.softplus(-(words(one) * near(other)).sum(-1)).mean()  # what is left of it: -log σ(score)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return words.weight.detach().numpy(), near.weight.detach().numpy()


def cosines(vectors: Any) -> Any:
    """Of all vectors with all."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    with Experiment(options(__doc__, "word_vectors"), arguments) as run:
        size, steps = run.pick(quick=400, full=600), run.pick(quick=1000, full=3000)
        vocabulary, counts = neighbours_of(sorted(set(load_topics().values())), size)
        run.section(
            "The words of help()",
            f"""{int(counts.sum()) // 2} pairs of the {size} most frequent words, at most {WINDOW} words apart, from the
            chapters of Python's own help.""",
        )
        collapsed, collapsed_near = word_vectors(counts, 0, steps, mg.manual_seed(run.seed))
        vectors, near = word_vectors(counts, DRAWN, steps, mg.manual_seed(run.seed))
        alike = {"positives only": cosines(collapsed), "with negatives": cosines(vectors)}
        different = ~np.eye(size, dtype=bool)
        rows = []
        for word in SHOWN:
            row = {"word": word}
            for name, table in alike.items():
                order = np.argsort(-table[vocabulary.index(word)])
                row[f"nearest, {name}"] = " ".join(vocabulary[i] for i in order[1:5])
            rows.append(row)
        run.table("neighbours", rows)
        share = counts.sum(1) / counts.sum()
        often = counts >= 5  # rarer pairs are counted too badly to compare
        theory = np.log(counts[often] / counts.sum() / np.outer(share, share)[often]) - np.log(DRAWN)
        scores = (vectors @ near.T)[often]
        slope, _ = np.polyfit(theory, scores, 1)
        run.say(
            f"""Without negatives every pair of words wants a larger product and nothing wants a smaller one: all words
            move into one direction, and the products say nothing of how likely a pair is. With {DRAWN} negatives for
            every pair, the best product is log P(a, b) / P(a) P(b) - log {DRAWN}, and 32 numbers per word come close to
            it."""
        )
        means = {name: float(table[different].mean()) for name, table in alike.items()}
        run.expect(
            "mean cosine of two words, positives only", means["positives only"], at_least=0.88, source="theory: 1"
        )
        run.expect("mean cosine of two words, with negatives", means["with negatives"], at_most=0.3, source="10 seeds")
        run.expect("products over theory, slope", slope, at_least=0.9, at_most=1.2, source="Levy & Goldberg 2014: 1")
        correlation = np.corrcoef(theory, scores)[0, 1]
        meaningless = np.corrcoef(theory, (collapsed @ collapsed_near.T)[often])[0, 1]
        run.expect("products and theory, correlation", correlation, at_least=0.8, headline=True, source="10 seeds")
        run.expect("the same, positives only", meaningless, at_most=0.2, source="10 seeds")
        caption = """Left: without negatives all words are alike. Right: each dot is a pair of words that stand near
        each other at least 5 times; the learned products lie along the line of theory."""
        with run.picture("words.png", (10, 4.4), caption) as figure:
            left, right = figure.subplots(1, 2)
            for (name, table), color in zip(alike.items(), (ORANGE, BLUE), strict=True):
                left.hist(table[different], bins=np.linspace(-0.5, 1, 61), color=color, alpha=0.8, label=name)
            left.set(xlabel="cosine of two words", ylabel="pairs of words")
            left.legend(loc="upper center")
            right.plot(theory, scores, ".", color=BLUE, markersize=2)
            right.axline((0, 0), slope=1, color=ORANGE, label="theory")
            right.set(xlabel=f"log P(a, b) / P(a) P(b) - log {DRAWN}", ylabel="learned product")
            right.legend()


if __name__ == "__main__":
    main()
