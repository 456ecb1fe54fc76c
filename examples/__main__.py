"""The experiments: list them, run one, check them all, make one report of them.

python -m examples                     what there is
python -m examples run saturation      the same as python examples/saturation.py; its options follow
python -m examples check               run them all in quick mode, and compare with what is expected
python -m examples report              the same, with all pictures and tables, in runs/report/report.html
"""

from __future__ import annotations

import argparse
import ast
import difflib
import runpy
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from minigrad.experiment import at_least, write_report
from minigrad.receipts import read

FOLDER = Path(__file__).resolve().parent
WIDTH = 100  # columns of the list
ORDER = (  # that of a course; what is not named here comes after
    "initialization", "initialization_in_training", "order_and_chaos", "saturation", "zero_centred", "dead_relu",
    "activation_race", "gradient_flow", "gradient_cures", "batch_norm", "losses", "outliers", "probabilities",
    "confidence", "imbalance", "multilabel", "uncertainty", "positive", "descent", "batch_noise", "step_size",
    "regularization", "digits", "train_like_a_pro", "cnn", "embeddings", "word_vectors", "factorization", "recommender",
    "contrastive", "two_views", "gnn", "oversmoothing", "vae", "wgan_gp", "char_rnn", "char_gpt",
)  # fmt: skip


def scripts() -> dict[str, Path]:
    """Every script by its name."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if not path.stem.startswith("_")}
    return {name: found[name] for name in [*filter(found.get, ORDER), *sorted(set(found) - set(ORDER))]}


def title(script: Path) -> str:
    """The first line of its docstring."""
    return (ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "").partition("\n")[0]


@dataclass(frozen=True)
class Run:
    """One script, run to its end."""

    name: str
    receipt: Path
    code: int
    said: str
    seconds: float

    @property
    def last_line(self) -> str:
        return self.said.strip().rpartition("\n")[2]

    @property
    def good(self) -> bool:
        """Whether it ended well and every result is as expected."""
        if self.code or not self.receipt.is_file():
            return False
        rows = read(self.receipt)["tables"].get("expected and measured", [])
        return bool(rows) and all(row["as expected"] for row in rows)  # what expects nothing shows nothing


def run(name: str, script: Path, out: Path, options: Sequence[str]) -> Run:
    """Run a script in a process of its own."""
    folder, start = out / name, time.perf_counter()
    (folder / "receipt.json").unlink(missing_ok=True)  # no older run shall stand for this one
    done = subprocess.run(
        [sys.executable, str(script), *options, "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Run(name, folder / "receipt.json", done.returncode, done.stdout, time.perf_counter() - start)


def run_all(names: Sequence[str], out: Path, options: Sequence[str], jobs: int) -> list[Run]:
    """Run scripts, some at a time, and tell about each as it ends."""
    known = scripts()
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(run, name, known[name], out, options) for name in names]
        runs = []
        try:
            for each in waiting:
                runs.append(done := each.result())
                verdict = "ok    " if done.good else "FAILED"
                print(f"{verdict} {done.name:28} {done.seconds:5.0f} s   {done.last_line}", flush=True)
                if done.code:
                    print(done.said)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)  # or the end of the block would run all that still wait
            sys.exit(130)
    return runs


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", metavar="list, run, check or report")
    commands.add_parser("list", help="what there is (the default)")
    one = commands.add_parser("run", help="run one experiment; its own options follow", add_help=False)
    one.add_argument("name", nargs="?", default="", metavar="NAME")
    one.add_argument("options", nargs=argparse.REMAINDER)
    for command, text in (("check", "run them and compare"), ("report", "run them and write one page of HTML")):
        many = commands.add_parser(command, help=text)
        many.add_argument("names", nargs="*", help="some of them (default: all)")
        many.add_argument("--full", action="store_true", help="not in quick mode")
        many.add_argument("--seed", type=at_least(0), default=0, help="base seed (default: %(default)s)")
        many.add_argument("--jobs", type=at_least(1), default=2, help="how many at a time (default: %(default)s)")
        many.add_argument("--out", type=Path, default=Path("runs/report"), help="folder (default: %(default)s)")
    settings = parser.parse_args(arguments)
    known = scripts()
    names = [settings.name] if settings.command == "run" else getattr(settings, "names", [])
    if names == [""]:
        parser.error("run which one? python -m examples lists them")
    if unknown := [name for name in names if name not in known]:
        near = difflib.get_close_matches(unknown[0], known, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "python -m examples lists them"
        parser.error(f"there is no experiment {unknown[0]!r}: {hint}")
    if settings.command in (None, "list"):
        for name, script in known.items():
            print(textwrap.fill(f"{name:28} {title(script)}", WIDTH, subsequent_indent=" " * 29))
        print("\nOne of them: python -m examples run NAME [--quick] [--seed 1]. All of them: python -m examples check")
        return 0
    if settings.command == "run":
        sys.argv = [str(known[settings.name]), *settings.options]
        runpy.run_path(sys.argv[0], run_name="__main__")
        return 0
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"cannot write to {settings.out} ({error.strerror}): name another folder with --out")
    options = ["--seed", str(settings.seed), *([] if settings.full else ["--quick"])]
    runs = run_all(settings.names or [*known], settings.out, options, settings.jobs)
    failed = [each.name for each in runs if not each.good]
    if settings.command == "report":
        page = settings.out / "report.html"
        receipts = [each.receipt for each in runs if each.receipt.is_file()]
        failures = {each.name: each.said for each in runs if not each.receipt.is_file()}
        write_report(page, receipts, title="minigrad: expected and measured", failures=failures)
        print(f"The report: {page}")
    print(f"{len(runs) - len(failed)} of {len(runs)} experiments as expected", end="")
    print(f"; not so: {', '.join(failed)}" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
