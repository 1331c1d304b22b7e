"""Who is measured: a module each, with the same two functions.

    version()                                   -> which releases did the work
    estimator(task, seed, threads, **options)   -> fit(X, y), then predict_proba(X) and classes_, or predict(X)

X is the frame as it came: numbers, text, missing values. What a library cannot take, its module encodes (`frames.py`).
All settings are the libraries' defaults. docs/accuracy.md says what each is given.
"""

from typing import Any

METHODS: dict[str, tuple[str, dict[str, Any]]] = {  # name: module, options; the cheap ones first
    "sklearn-mlp-raw": ("scikit_learn", {"kind": "raw"}),
    "sklearn-mlp-scaled": ("scikit_learn", {"kind": "scaled"}),
    "sklearn-histgb": ("scikit_learn", {"kind": "boosting"}),
    "lightgbm": ("lightgbm_peer", {}),
    "xgboost": ("xgboost_peer", {}),
    "catboost": ("catboost_peer", {}),
    "realmlp-td-s": ("realmlp", {"variant": "TD_S"}),
    "realmlp-td": ("realmlp", {"variant": "TD"}),
    "lamina": ("lamina_peer", {}),
    "lamina:fast": ("lamina_peer", {"preset": "fast"}),
    "lamina:td": ("lamina_peer", {"preset": "td"}),
    "lamina:members=8": ("lamina_peer", {"n_members": 8}),
    "lamina:sklearn": ("lamina_peer", {"preset": "sklearn"}),
    "lamina:course": ("lamina_peer", {"preset": "course"}),
}


def found(method: str) -> tuple[str, dict[str, Any]]:
    """Return a method's module and options.

    Beside the table, "lamina:NAME=VALUE,NAME=VALUE" gives the constructor any setting, as in "lamina:max_iter=50".
    """
    if method in METHODS:
        return METHODS[method]
    maker, _, settings = method.partition(":")
    if maker != "lamina" or not settings:
        raise KeyError(f"no method {method!r}; there are {', '.join(METHODS)}, and lamina:NAME=VALUE,...")
    return "lamina_peer", dict(_setting(part) for part in _parts(settings))


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
