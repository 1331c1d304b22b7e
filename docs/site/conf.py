"""Sphinx's settings for the site. `make docs` builds it; build.py lays out the sources first.

Nothing here is fetched when a page is looked at: styles, fonts and scripts come from the theme and this repository.
"""

import os
import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from gallery_order import runnable  # noqa: E402

project = "lamina"
author = "the authors of lamina"
copyright = f"{author}, BSD-3-Clause"  # noqa: A001 (Sphinx asks for the name)
version = release = installed("lamina")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "formulas",
    "tables",
    "docstrings",
    "after_the_build",
]
root_doc = "index"
exclude_patterns = ["examples", "files", "sg_execution_times.rst", "**/GALLERY_HEADER.rst"]
templates_path = [str(HERE / "templates")]

# ---- Markdown: the pages are those that GitHub shows ----
myst_enable_extensions = ["deflist", "colon_fence", "attrs_inline"]
smartquotes = False  # they would turn --flags and "auto" into something that nobody can type
default_role = "literal"
myst_heading_anchors = 4
suppress_warnings = [
    "misc.highlighting_failure",  # console blocks with what a program printed
]

# ---- The reference, from docstrings ----
autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
autodoc_typehints = "none"  # the docstrings say it, with shapes and units
autodoc_member_order = "groupwise"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the templates list them
numpydoc_xref_param_type = False
# What numpydoc validates: docstrings.py.
nitpicky = True

# ---- The gallery: examples/*.py as they are ----
sphinx_gallery_conf = {
    "examples_dirs": ["examples"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": f"/({'|'.join(runnable(HERE.parents[1] / 'examples'))})[.]py$",
    "ignore_pattern": r"__init__\.py",
    "within_subsection_order": "gallery_order.OfTheReadme",
    "default_thumb_file": str(HERE / "static" / "no-picture.png"),
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "show_api_usage": False,
    "write_computation_times": False,
    "min_reported_time": 1000,
    "capture_repr": (),
    "remove_config_comments": True,
    "abort_on_example_error": False,
    "doc_module": ("lamina",),
    "backreferences_dir": "gallery/using",
    "reset_modules": ("matplotlib",),
    "thumbnail_size": (400, 280),
}

# ---- How it looks ----
html_theme = "pydata_sphinx_theme"
html_title = "lamina"
html_short_title = "lamina"
html_static_path = [str(HERE / "static")]
html_css_files = ["lamina.css"]
html_favicon = html_logo = str(HERE.parents[1] / "src/lamina/laboratory/page/icon.svg")
html_context = {"default_mode": "auto"}
html_extra_path = [str(HERE.parents[1] / "build/site/lab")]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "lamina", "alt_text": "lamina, to the start page"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}
os.environ.setdefault("MPLBACKEND", "Agg")
