"""An equation's text with entries or numbers in place of its arrays: "1 - A1²" -> "1 - A1[0, 2]²" -> "1 - 0.76²"."""

import re
from collections.abc import Collection

from lamina.glassbox.entries.terms import Index, Named, block, place, spelled

NAME = re.compile(r"(?<![A-Za-z0-9_'])[A-Za-z_]+\d*(?:_[A-Za-z0-9]+)*(?![A-Za-z0-9_(])")


def arrays_in(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the arrays that a text names, each once, in its order."""
    return tuple(dict.fromkeys(name for name in NAME.findall(text) if name in known))


def with_entries(text: str, a: Named, index: Index) -> str:
    """Return a text with the entries that stand at an index of the result."""
    return NAME.sub(lambda found: _entry(found[0], a, index), text)


def _entry(name: str, a: Named, index: Index) -> str:
    at = place(a[name].shape, index) if name in a else None
    return name if at is None else str(block(name, at))


def with_numbers(text: str, a: Named, index: Index) -> str:
    """Return a text with the numbers that stand at an index of the result."""

    def put(found: re.Match[str]) -> str:
        name = found[0]
        at = place(a[name].shape, index) if name in a else None
        if at is None:
            return name
        value = float(a[name][at])
        before, after = text[: found.start()], text[found.end() :]
        juxtaposed = re.search(r"[\w)] $", before) is not None and re.search(r"\b(log|where|sign) $", before) is None
        signed = value < 0 and (before.rstrip(" ")[-1:] in ("-", "+", "*", "/", "^", "|") or after[:1] == "²")
        return f"({spelled(value)})" if juxtaposed or signed else spelled(value)

    return NAME.sub(put, text)
