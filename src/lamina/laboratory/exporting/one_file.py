"""The page in one document: styles, fonts, scripts and modules inside it, and a policy that allows just these.

Modules are data URLs of the import map. The policy of the document names the hash of every script and style in it, so
nothing else runs, and nothing is fetched from anywhere.
"""

import base64
import json
import re
from functools import cache
from pathlib import Path

from lamina.laboratory.page_files import TYPES, files, hash_of, style_sheets

LIBRARIES = ("vendor/katex.min.js", "vendor/uPlot.iife.min.js")
LIBRARY_STYLES = ("vendor/katex.min.css", "vendor/uPlot.min.css")
URL = re.compile(r"""url\(["']?(?!data:)([^"')]+)["']?\)""")
START = 'import "lab/main.js";'


def one_file(recorded: str = "", *, title: str = "lamina lab") -> str:
    """Return the page as one document.

    Parameters
    ----------
    recorded : str
        Recorded answers as JSON; without them the page talks to the window that it is framed in.
    title : str
    """
    scripts = [_text(name) for name in LIBRARIES]
    styles = "\n".join(_style(name) for name in (*LIBRARY_STYLES, *style_sheets()))
    modules = _import_map()
    runs = " ".join(hash_of(one) for one in (*scripts, modules, START))
    policy = (
        f"default-src 'none'; script-src {runs} data:; style-src {hash_of(styles)}; font-src data:; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_escaped(title)}</title>",
        f'<link rel="icon" href="{_data_url("page/icon.svg")}">',
        f"<style>{styles}</style>",
        f'<script type="importmap">{modules}</script>',
        *(f"<script>{one}</script>" for one in scripts),
        "</head>",
        "<body>",
        "<noscript>The lab is drawn by scripts of its own: please allow them for this page.</noscript>",
        *([f'<script type="application/json" id="recorded">{in_script(recorded)}</script>'] if recorded else []),
        f'<script type="module">{START}</script>',
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def in_script(text: str) -> str:
    """Return JSON or a script so that nothing in it ends the element that it stands in."""
    return text.replace("<", "\\u003c")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@cache
def _text(name: str) -> str:
    found = files()[name].read_text(encoding="utf-8")
    if "</script" in found.lower() or "<!--" in found:
        raise AssertionError(f"{name} cannot stand within a document: it holds the end of a script")
    return found


@cache
def _data_url(name: str) -> str:
    file: Path = files()[name]
    kind = TYPES[file.suffix].partition(";")[0]
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


@cache
def _style(name: str) -> str:
    folder = name.partition("/")[0]
    text = files()[name].read_text(encoding="utf-8")
    return URL.sub(lambda found: f"url({_data_url(f'{folder}/{found[1]}')})", text)


@cache
def _import_map() -> str:
    modules = [name for name in files() if name.startswith("page/") and name.endswith(".js")]
    places = {f"lab/{name.removeprefix('page/')}": _data_url(name) for name in modules}
    return in_script(json.dumps({"imports": places}))
