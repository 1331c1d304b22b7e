"""Text of users and files made harmless: a terminal obeys control characters, and a line break tears a table."""

import unicodedata

# Format characters that letters and emoji need: between two of them, or to say how one is drawn.
JOINERS = {"\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}"}
ESCAPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format (which may reverse what follows), surrogates, separators


def printable(text: str) -> str:
    r"""Return text on one line, with control characters as Python spells them: \n, \t, \x1b, \u202e."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(one) if _is_control(one) else one for one in text)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ESCAPED and character not in JOINERS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
