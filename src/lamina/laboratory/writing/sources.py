"""The library's own functions as text: a script shows the lines that the library runs.

Type hints are left out, and what comes from SciPy is said in NumPy.
"""

import ast
import inspect
from collections.abc import Iterable
from types import ModuleType

from lamina.equations import activations

# What stands in for functions that need SciPy.
IN_NUMPY = {
    "sigmoid": 'def sigmoid(Z):\n    """1 / (1 + e^-Z)."""\n    return 1 / (1 + np.exp(-Z))',
    "erf": "erf = np.vectorize(math.erf, otypes=[float])",
}
NEEDS_MATH = {"erf"}


def functions(names: Iterable[str], module: ModuleType = activations) -> dict[str, str]:
    """Return the source of functions and constants of a module by name, those that they use before them."""
    tree = ast.parse(inspect.getsource(module))
    defined: dict[str, ast.stmt] = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            defined[node.targets[0].id] = node
    found: dict[str, str] = {}

    def add(name: str) -> None:
        if name in found:
            return
        if name in IN_NUMPY:
            found[name] = IN_NUMPY[name]
        elif name in defined:
            node = defined[name]
            for inside in ast.walk(node):
                if isinstance(inside, ast.Name) and inside.id != name:
                    add(inside.id)
            found[name] = ast.unparse(_bare(node))

    for name in names:
        add(name)
    return found


def _bare(node: ast.stmt) -> ast.stmt:
    """Return a function without type hints."""
    if isinstance(node, ast.FunctionDef):
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
    return node
