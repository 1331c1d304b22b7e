"""Who is measured: a module each, with the same two functions.

    version()                                   -> which releases did the work
    estimator(task, seed, threads, **options)   -> fit(X, y), then predict_proba(X) and classes_, or predict(X)

    fit_with(model, X, y, held, groups)         -> None; where a module has it, for splits by time and by group: which
                                                rows are for validation, and the groups of all (None: by time)
    TAKES_DATES = True                          where dates are given as they are, not as numbers

X is the frame as it came: numbers, text, missing values. What a library cannot take, its module encodes (`frames.py`).
All settings are the libraries' defaults. docs/accuracy.md says what each is given.
"""

from typing import Any, NamedTuple


class Method(NamedTuple):
    """Who is measured, with which options of its module; the slow ones on fewer splits."""

    module: str
    options: dict[str, Any]
    slow: bool = False


METHODS = {  # the cheap ones first
    "sklearn-mlp-raw": Method("scikit_learn", {"kind": "raw"}),
    "sklearn-mlp-scaled": Method("scikit_learn", {"kind": "scaled"}),
    "sklearn-histgb": Method("scikit_learn", {"kind": "boosting"}),
    "lightgbm": Method("lightgbm_peer", {}),
    "xgboost": Method("xgboost_peer", {}),
    "lamina": Method("lamina_peer", {}),
    "lamina:fast": Method("lamina_peer", {"preset": "fast"}),
    "lamina:sklearn": Method("lamina_peer", {"preset": "sklearn"}),
    "lamina:course": Method("lamina_peer", {"preset": "course"}, slow=True),
    "lamina:members=8": Method("lamina_peer", {"n_members": 8}, slow=True),
    "lamina:td": Method("lamina_peer", {"preset": "td"}, slow=True),
    "catboost": Method("catboost_peer", {}, slow=True),
    "realmlp-td-s": Method("realmlp", {"variant": "TD_S"}, slow=True),
    "realmlp-td": Method("realmlp", {"variant": "TD"}, slow=True),
    "tabm": Method("tabm_peer", {}, slow=True),
}
GROUPS = {
    "quick": tuple(name for name, one in METHODS.items() if not one.slow),
    "slow": tuple(name for name, one in METHODS.items() if one.slow),
}


def found(method: str) -> Method:
    """Return a method of the table, or one with settings.

    Beside the table, "lamina:NAME=VALUE,NAME=VALUE" gives the constructor any setting, as in "lamina:max_iter=50".
    """
    if method in METHODS:
        return METHODS[method]
    maker, _, settings = method.partition(":")
    if maker != "lamina" or not settings:
        raise KeyError(
            f"no method {method!r}; there are {', '.join(METHODS)}, lamina:NAME=VALUE,... and {' and '.join(GROUPS)}"
        )
    return Method("lamina_peer", dict(_setting(part) for part in _parts(settings)))


def in_groups(named: list[str]) -> tuple[str, ...]:
    """Return the methods that are meant, the groups among them written out."""
    return tuple(dict.fromkeys(one for name in named for one in GROUPS.get(name, (name,))))


def _parts(settings: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for letter in settings:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _setting(part: str) -> tuple[str, Any]:
    from ast import literal_eval

    name, equals, value = part.partition("=")
    if not equals:
        return "preset", name
    try:
        return {"members": "n_members"}.get(name, name), literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value  # a word
