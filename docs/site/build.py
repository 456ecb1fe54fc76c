"""Build the site: pages, reference, notebooks and experiments in one place, which opens without a network.

``python docs/site/build.py`` writes ``runs/site/html/index.html``. With ``--pictures runs/losses runs/vae ...`` it
first takes over into ``docs/experiments`` what those experiments drew and measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT), str(HERE)]  # the minigrad that is described is the one beside this folder

from sitegen import assemble, experiments, links  # noqa: E402


def main(argv: list[str] | None = None) -> int:
    """Build and check; the exit status."""
    parser = argparse.ArgumentParser(description="Build the site.")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "site", help="folder of the site")
    parser.add_argument("--fresh", action="store_true", help="remove what an earlier build left")
    parser.add_argument("--pictures", type=Path, nargs="+", metavar="RUN", default=[], help="runs to take pictures of")
    settings = parser.parse_args(argv)
    try:
        from sphinx.cmd.build import main as sphinx
    except ImportError:
        sys.exit("docs/site/build.py needs Sphinx and its extensions, which are missing: make docs")

    for run in settings.pictures:
        print(f"{run} -> {experiments.from_run(run, ROOT / 'docs' / 'experiments', ROOT).relative_to(ROOT)}")
    source, html, trees = (settings.out / name for name in ("source", "html", "trees"))
    if settings.fresh:
        for folder in (source, html, trees):
            assemble.clear(folder)
    assemble.assemble(ROOT, source)
    strict = ["-W", "--keep-going", "-n", "-q"]
    code = sphinx([*strict, "-b", "html", "-c", str(HERE), "-d", str(trees), str(source), str(html)])
    if code:
        return int(code)
    findings = links.check(html)
    (settings.out / "external_links.txt").write_text("\n".join(sorted(findings.external)) + "\n", encoding="utf-8")
    for line in (*findings.broken, *findings.fetched):
        print(f"error: {line}", file=sys.stderr)
    print(f"{len(list(html.rglob('*.html')))} pages, {len(findings.broken)} broken links, "
          f"{len(findings.fetched)} things from the network, {len(findings.external)} links to other sites "
          f"(listed in {settings.out / 'external_links.txt'}, not fetched)")  # fmt: skip
    print(f"Open {html / 'index.html'}")
    return 1 if findings.broken or findings.fetched else 0


if __name__ == "__main__":
    sys.exit(main())
