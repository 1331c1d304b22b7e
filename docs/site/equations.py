"""A page with the equations of the lecture's network and of every part, from the tables of the glass box."""

from collections.abc import Iterator

from lamina import Dense, Linear, Network, equations_of
from lamina.equations.losses import LOSSES, BinaryLogLoss
from lamina.equations.optimisers import OPTIMISERS
from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.equation import PARTS_OF_A_PASS
from lamina.glassbox.optimiser_equations import MATRIX_EQUATIONS, RULE_EQUATIONS

UNITS = {"categorical_log_loss": 3}  # outputs of a loss; others have one


def pages() -> dict[str, str]:
    """Return the page by name."""
    lecture = Network(5, [Dense(4, "relu"), Dense(3, "relu"), Linear(1)], BinaryLogLoss())
    parts = [HEAD, *of_network(lecture), ACTIVATIONS_HEAD, *of_activations(), LOSSES_HEAD, *of_losses()]
    return {"reference/equations.md": "\n\n".join([*parts, OPTIMISERS_HEAD, *of_optimisers()]) + "\n"}


def of_network(network: Network) -> Iterator[str]:
    """Yield the equations of a network, each part in a block."""
    found = equations_of(network)
    for part in PARTS_OF_A_PASS:
        rows = [one.latex.replace(" = ", " &= ", 1) for one in found if one.part == part]
        if rows:
            yield f"*{part.capitalize()}*\n\n{aligned(rows)}"


def of_activations() -> Iterator[str]:
    """Yield a table of g and g'."""
    rows = (
        f"| `{name}` | {inline(one.latex('z'))} | {inline(one.d_latex('z', 'a'))} |"
        for name, one in ACTIVATION_EQUATIONS.items()
    )
    yield "| activation | $g(z)$ | $g'(z)$, with $a = g(z)$ |\n|---|---|---|\n".replace("$", "`") + "\n".join(rows)


def of_losses() -> Iterator[str]:
    """Yield what each loss computes from Z of the last layer, of a network without hidden ones."""
    for name, loss in LOSSES.items():
        found = equations_of(Network(2, [Linear(UNITS.get(name, 1))], loss()))
        rows = [one.latex.replace(" = ", " &= ", 1) for one in found if one.result in {"A1", "loss", "dA1", "dZ1"}]
        yield f"### {name}\n\n{aligned([row.replace('^{[1]}', '') for row in rows])}"


def of_optimisers() -> Iterator[str]:
    """Yield the direction in which each optimiser moves, at its defaults and in step t."""
    for name, rule in OPTIMISERS.items():
        words = RULE_EQUATIONS[name].latex(rule(), "g", rule().remembers, "t")
        yield f"### {name}\n\n{aligned([rf'd &= {words}'])}"
        if name in MATRIX_EQUATIONS:
            words = MATRIX_EQUATIONS[name].latex(rule(), "g", rule().remembers, "t")
            yield f"{OF_MATRICES}\n\n{aligned([rf'd &= {words}', *NEWTON_SCHULZ])}"


def aligned(rows: list[str]) -> str:
    """Return lines of LaTeX as a block."""
    return "```{math}\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n```"


def inline(latex: str) -> str:
    """Return LaTeX within a line of a table."""
    return f"{{math}}`{latex}`"


HEAD = r"""# Equations

What each part of a network computes, as [`lamina.equations_of`](../glassbox.md#the-equations-and-a-replay) says it of
your own network: in text, in LaTeX, and as NumPy that a replay of a trace runs. The names are those of
[notation](../notation.md).

## The lecture's network

Five inputs, hidden layers of four and three units with relu, one output:"""

ACTIVATIONS_HEAD = "## Activations"
LOSSES_HEAD = """## Losses

Of one example, from the Z of the last layer. Several outputs count by their mean, classes by their sum."""
OPTIMISERS_HEAD = r"""## Optimisers

The direction {math}`d` in which {math}`W := W - \text{rate} \cdot (d + \text{decay} \cdot W)` goes, from the gradient
{math}`g` and the memory before step {math}`t`, with the default settings."""

OF_MATRICES = """For {math}`W` of every linear layer but the last:"""
NEWTON_SCHULZ = (
    r"\mathrm{NS}_0(u) &= u \, / \, \lVert u \rVert_F",
    r"\mathrm{NS}_{i+1} &= 3.4445 X - 4.7750 A X + 2.0315 A^2 X \quad \text{with } X = \mathrm{NS}_i, \ A = X X^\top",
)
