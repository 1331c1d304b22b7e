"""Build the site into build/site/html. `make docs` runs it, in an environment of its own.

    sources.py     docs/*.md, pages/*.md and the examples, laid out as one folder
    reference.py   pages for every public name
    settings.py commands.py equations.py    pages from the tables that the library works with
    conf.py        Sphinx's settings
    docstrings.py formulas.py after_the_build.py    what they plug into Sphinx

Every warning is an error; so are links that lead nowhere, and examples in docstrings that give something else.
"""

import functools
import shutil
import sys
import time
from pathlib import Path

import lamina.computed_once

lamina.computed_once.cached_property = (
    functools.cached_property
)  # which Sphinx knows, and looks at before it is imported

import sources  # noqa: E402
from sphinx.cmd.build import build_main  # noqa: E402

HERE = Path(__file__).parent
PLACE = HERE.parents[1] / "build" / "site"


def main() -> int:
    """Lay out the sources, write the recorded lab, and build; return an exit code."""
    began = time.monotonic()
    if "--fresh" in sys.argv[1:]:
        shutil.rmtree(PLACE, ignore_errors=True)
    source = PLACE / "source"
    sources.lay_out(source)
    html = PLACE / "html"
    words = ["-c", str(HERE), "-d", str(PLACE / "doctrees"), "-j", "2", "-q", "-W", "--keep-going", "-n", str(source)]
    code = build_main(["-b", "html", *words, str(html)]) or build_main(
        ["-b", "doctest", *words, str(PLACE / "doctest")]
    )
    if code:
        shutil.rmtree(
            PLACE / "doctrees", ignore_errors=True
        )  # else the next build would be silent about the same pages
    else:
        print(f"{html / 'index.html'}: {time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
