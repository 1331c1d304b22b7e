"""What the library advises in Python, in the words of the command line."""

import re
from typing import Any

ADVISED = r"(?:(?<=use )|(?<=Use )|(?<=or )|(?<=choose )|(?<=\()\b)([a-z][a-z0-9_]+)"  # a setting, not a fact
ADVICE: tuple[tuple[str, Any], ...] = (  # what the library says, and what is said here; earlier lines first
    (r",? or pass (pandas|numpy)\.\w+\(\.\.\.\)", ""),
    (r"pass (pandas|numpy)\.\w+\(\.\.\.\), or ", ""),
    (r"pass (pandas|numpy)\.\w+\(\.\.\.\)", "save the table as CSV or Parquet"),
    (r"Convert the column, e\.g\. pandas\.\S+", "Write it without quotes, or train with this column as text"),
    (r"pass validation data \(X_val, y_val\)", "name a file of validation rows with --validation"),
    (r"leave out X_val, or n_bags", "leave out --validation, or --n-bags"),
    (r"(?<=leave out )n_bags|(?<=, or )n_bags", "--n-bags"),
    (r"(or )?set early_stopping=False", r"\1say --early-stopping false"),
    (r"read it with encoding=\S+( or '\S+')* \(on the command line (--encoding [\w-]+)\)", r"say \2"),
    (r"read it with encoding=\S+, or save it", "save it"),
    (r", or read it with encoding=\S+( or '\S+')*", ""),
    (r"model\.diagnose\(\)", "lamina diagnose MODEL"),
    (r", or ask find_learning_rate|, or ask diagnose what is wrong", ""),
    (r"(?<=[Uu]se )([a-z_]+)=([\d.]+(?:e[-+]?\d+)?)\b", lambda one: f"--{_flag(one[1])} {one[2]}"),
    (r"use a regressor", "say --task regression"),
    (r"use a classifier", "say --task classification"),
    (r"contains NaN( or None)?", "has no value"),
    (r"replace it by NaN", "leave the cell empty"),
    (r"expected None, 'balanced' or a dict of class: weight", "expected none, balanced, or weights like yes=2,no=1"),
    (r"expected None, a whole number, or a RandomState", "expected none or a whole number"),
    (rf"{ADVISED}=(['\"])([^'\"]*)\2", lambda one: f"--{_flag(one[1])} {_quoted(one[3])}"),
    (rf"{ADVISED}=(True|False|None)\b", lambda one: f"--{_flag(one[1])} {one[2].lower()}"),
)


def for_command_line(message: str) -> str:
    """Return a message of the library with its advice for this face."""
    for pattern, words in ADVICE:
        message = re.sub(pattern, words, message)
    return message


def _flag(setting: str) -> str:
    return setting.replace("_", "-")


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"[^\w.+-]", value) else value
