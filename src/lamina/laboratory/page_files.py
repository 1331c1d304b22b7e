"""The files of the page, and the one document that loads them."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
FOLDERS = ("page", "vendor")
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


@cache
def files() -> Mapping[str, Path]:
    """Return every file of the page by its place: "page/main.js"."""
    found = (file for folder in FOLDERS for file in sorted((HERE / folder).iterdir()) if file.suffix in TYPES)
    return {f"{file.parent.name}/{file.name}": file for file in found}


def import_map(address: str) -> str:
    """Return the import map of the modules: "lab/dom.js" is where `address` says."""
    places = {f"lab/{name.removeprefix('page/')}": f"{address}{name}" for name in modules()}
    return json.dumps({"imports": places})


def hash_of(text: str) -> str:
    """Return the hash of an inline script, as a content security policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def modules() -> list[str]:
    """Return the page's own modules."""
    return [name for name in files() if name.startswith("page/") and name.endswith(".js")]


def style_sheets() -> list[str]:
    """Return the page's own style sheets, the one with the tokens first."""
    found = [name for name in files() if name.startswith("page/") and name.endswith(".css")]
    return sorted(found, key=lambda name: (name != "page/lab.css", name))


def document(address: str = "static/") -> str:
    """Return index.html with its style sheets, its import map, and all modules asked for at once."""
    parts = {
        "styles": "\n".join(f'<link rel="stylesheet" href="{address}{name}">' for name in style_sheets()),
        "import map": import_map(f"./{address}"),
        "modules": "\n".join(f'<link rel="modulepreload" href="{address}{name}">' for name in modules()),
        "static": address,
    }
    html = (HERE / "page" / "index.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        html = html.replace(f"{{{{{name}}}}}", text)
    return html
