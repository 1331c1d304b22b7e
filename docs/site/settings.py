"""The pages of all settings and of what the presets choose, from the tables of lamina.learning."""

from typing import Any

from lamina.learning.hyperparameters import GROUPS, SETTINGS, Setting
from lamina.learning.presets import PRESETS, Facts

ROWS = 10_000  # of the table that the presets are asked for: some choices follow from it
BY_NAME = {one.name: one for one in SETTINGS}
FROM_ROWS = {"batch_size"}  # left at "auto", it has a rule of its own


def pages() -> dict[str, str]:
    """Return the two pages by name."""
    return {"reference/settings.md": settings_page(), "reference/presets.md": presets_page()}


def settings_page() -> str:
    """Return every setting with its default, its range and its meaning, by group."""
    lines = [SETTINGS_HEAD, ""]
    for title, names in GROUPS.items():
        lines += [f"## {title}", ""]
        lines += [line for name in names for line in entry(BY_NAME[name])]
    return "\n".join(lines)


def entry(one: Setting) -> list[str]:
    """Return a setting as an item of a definition list, with an anchor of its name."""
    only = f" Only for a {one.only_for}." if one.only_for else ""
    return [f"({one.name})=", f"`{one.name}` = `{one.default!r}`", f": {one.help}{only}", "", *expected(one), ""]


def expected(one: Setting) -> list[str]:
    """Return what a setting may be."""
    text = one.kind.text
    return [f"  *Takes* {text}."] if text else []


def presets_page() -> str:
    """Return a table with a row for each setting that some preset chooses."""
    chosen = {
        name: [preset(Facts(task, ROWS)) for task in ("classifier", "regressor")] for name, preset in PRESETS.items()
    }
    names = [name for name in BY_NAME if any(name in both[0] for both in chosen.values())]
    head = "| setting | " + " | ".join(f"`{name}`" for name in chosen) + " |"
    rows = [row(name, list(chosen.values())) for name in names]
    return "\n".join([PRESETS_HEAD, "", head, "|---" * (len(chosen) + 1) + "|", *rows, ""])


def row(name: str, chosen: list[list[dict[str, Any]]]) -> str:
    """Return a row of the table: one value, or that of a classifier and that of a regressor."""
    cells = [" / ".join(dict.fromkeys(spelled(one.get(name, "auto")) for one in both)) for both in chosen]
    return f"| [`{name}`](settings.md#{name}) | " + " | ".join(cells) + " |"


def spelled(value: Any) -> str:
    """Return a value as code."""
    return f"`{value:.4g}`" if isinstance(value, float) else f"`{value!r}`"


SETTINGS_HEAD = """# Settings

Every setting of `DeepClassifier` and `DeepRegressor`, with its default. On the command line `learning_rate_init` is
`--learning-rate-init`, and in a TOML file (`lamina init` writes one with all of these) it is as here. A setting at
`"auto"` is filled in by the [preset](presets.md)."""

PRESETS_HEAD = f"""# What each preset chooses

For a table of {ROWS:,} rows; where two values stand, the first is that of a classifier, the second that of a regressor.
[Which preset when](../presets.md) says which to take. After a fit, `settings_` has what was used."""
