"""Sphinx's configuration. ``make docs`` runs it over the folder that ``build.py`` puts together."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

from sitegen import mentions

HERE = Path(__file__).parent

project = "minigrad"
author = "the minigrad authors"
project_copyright = "the minigrad authors, MIT licence"
release = version = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["project"]["version"]
language = "en"

extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx_copybutton", "sphinx_design"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
root_doc = "index"
smartquotes_action = "D"  # dashes of fields; quotation marks stay as they were written
nitpicky = True
# References into the library itself must lead somewhere; types of Python, NumPy and the internals are only shown.
nitpick_ignore_regex = [("py:.*", r"(?!minigrad\.).*")]

# --- Markdown and notebooks -------------------------------------------------------------------------------------------
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_dmath_double_inline = True  # $$...$$ inside a paragraph too, as Jupyter and GitHub show it
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are committed with their outputs
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # would come from the network
nb_merge_streams = True

# --- the reference ----------------------------------------------------------------------------------------------------
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 84
python_trailing_comma_in_multi_line_signatures = False
toc_object_entries_show_parents = "hide"

# --- how it looks -----------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = f"minigrad {release}"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# MathJax from the package that brings it, as SVG from one file: no fonts, and nothing from the network.
_bundle = importlib.util.find_spec("sphinx-mathjax-offline")
assert _bundle is not None and _bundle.submodule_search_locations
_mathjax = Path(_bundle.submodule_search_locations[0]) / "static" / "mathjax" / "tex-svg-full.js"
html_static_path.append(str(_mathjax))
mathjax_path = _mathjax.name


def setup(app: Any) -> None:
    """Link names in the text of pages to the reference."""
    app.connect("doctree-read", mentions.link)
