"""The stops of the way back: dA[L], dZ, dW and db, dA_prev, the update, and the repetition."""

import numpy as np

from lamina.laboratory.lesson.forward_stops import forward_code
from lamina.laboratory.lesson.parts import (
    Choices,
    Confusion,
    Curve,
    Curves,
    Drawing,
    Grids,
    Product,
    Stop,
    choose,
    number,
    right,
    wrong,
)
from lamina.laboratory.lesson.scene import FASTER, STEPS, Scene, bracketed, place, say, size, sum_of, symbol


def start_back(s: Scene) -> Stop:
    """dA[L], and its minus sign."""
    L, e, other = s.layers, s.example(1), s.example(0)
    A, dA = s[f"A{L}"][0], s[f"dA{L}"][0]
    return Stop(
        "Back: dA[L]",
        "The way back begins: $dA^{[L]}$",
        (
            "Now the question is turned round: were this number a little larger, what would the loss do? The answer "
            "is a derivative, and it is called after the number: $dA$, $dZ$, $dW$, $db$. Each has the shape of what "
            "it is the derivative by.",
            "It starts at the end, where the loss is. Mind the first minus sign: it gets lost easily, and the "
            "lecture as spoken drops it.",
        ),
        (r"dA^{[L]} = -\frac{Y}{A^{[L]}} + \frac{1 - Y}{1 - A^{[L]}}",),
        f"dA{L} = -(Y / A{L}) + (1 - Y) / (1 - A{L})",
        (Drawing((L,), "backward"), Grids((f"A{L}", "Y", f"dA{L}"))),
        (
            choose(
                f"Example {e} has y = 1, and the network says A = {say(A[e])}. What is $dA^{{[{L}]}}$ there?",
                wrong(
                    say(1 / A[e]),
                    "The minus sign got lost. A step against this derivative would push A away from 1.",
                ),
                right(say(dA[e]), "−1 / A: were A larger, the loss would be smaller."),
                wrong(say(1 / (1 - A[e])), "This is the part for y = 0; here 1 − Y is 0."),
                wrong(say(A[e] - 1), "This is A − Y, which is $dZ^{[L]}$: the next stop."),
            ),
        ),
        (
            f"y = 1 leaves −1 / {say(A[e])} = {say(dA[e])}. Example {other} has y = 0, which leaves "
            f"1 / (1 − {say(A[other])}) = {say(dA[other])}: there A should become smaller.",
        ),
        (f"dA{L}",),
        f"dA{L}",
    )


def through_g(s: Scene) -> Stop:
    """dZ = dA * g'(Z)."""
    L, e = s.layers, s.example(1)
    A, dA, dZ = (s[f"{name}{L}"][0, e] for name in ("A", "dA", "dZ"))
    flat = int((s[f"Z{L - 1}"] <= 0).sum())
    return Stop(
        "dZ = dA * g'(Z)",
        "Back through g: $dZ = dA * g'(Z)$",
        (
            "Each number of $Z$ made one number of $A$, and no other. So its derivative is found number by number: "
            "$dA$ times the slope of $g$ at that $Z$. (The star multiplies number by number; it is no matrix "
            "product.)",
            "relu has slope 1 above 0 and slope 0 below: what did not pass forward does not pass back. The sigmoid has "
            f"slope $a (1 - a)$, and with the log loss the product becomes simple: $dZ^{{[{L}]}} = A^{{[{L}]}} - Y$.",
        ),
        (
            r"dZ^{[l]} = dA^{[l]} * g^{[l]\prime}(Z^{[l]})",
            r"dZ^{[L]} = dA^{[L]} * A^{[L]} (1 - A^{[L]}) = A^{[L]} - Y",
        ),
        f"dZ{L} = dA{L} * A{L} * (1 - A{L})",
        (Drawing((L,), "backward"), Grids((f"dA{L}", f"A{L}", "Y", f"dZ{L}"))),
        (
            number(
                f"Example {e}: y = 1, A = {say(A)}, dA = {say(dA)}. Which number is {place(f'dZ{L}', 0, e)}?",
                float(dZ),
                "dA · A · (1 − A), which is A − Y.",
                Confusion(float(dA), "This is dA: the slope of the sigmoid is missing."),
                Confusion(float(A * (1 - A)), "This is the slope alone: multiply it by dA."),
                Confusion(float(1 - A), "This is Y − A: the sign is the other way round."),
                within=0.006,
            ),
            _below_zero(s),
        ),
        (
            f"{place(f'dZ{L}', 0, e)} = {bracketed(dA)} · {say(A)} · {say(1 - A)} = {say(dZ)}, and A − Y is {say(A)} − "
            f"1. Further back, {flat} of the {s[f'dZ{L - 1}'].size} numbers of {symbol(f'dZ{L - 1}')} are 0, because "
            "relu was flat there.",
        ),
        (f"dZ{L}",),
        f"dZ{L}",
    )


def _below_zero(s: Scene) -> Choices:
    """Ask what passes back through a relu, at a unit of the last hidden layer; one that is below 0 if there is one."""
    layer = s.layers - 1
    Z, dA = s[f"Z{layer}"], s[f"dA{layer}"]
    below = np.argwhere((Z < 0) & (dA != 0))
    i, e = (int(k) for k in [*below, *np.argwhere(Z > 0), (0, 0)][0])
    z, d = float(Z[i, e]), float(dA[i, e])
    slope = float(z > 0)
    return choose(
        f"A relu unit further back: {place(f'Z{layer}', i, e)} = {say(z)} and {place(f'dA{layer}', i, e)} = "
        f"{say(d)}. What is {place(f'dZ{layer}', i, e)}?",
        (right if slope else wrong)(say(d), f"The slope of relu at {say(z)} is {say(slope)}: dA is multiplied by it."),
        (wrong if slope else right)("0", f"The slope of relu at {say(z)} is {say(slope)}."),
        wrong(say(d * z), "This is dA times Z itself: it is multiplied by the slope at Z."),
    )


def gradients(s: Scene) -> Stop:
    """dW and db."""
    L, n, m = s.layers, s.units, s.m
    dZ, A, db = s[f"dZ{L}"], s[f"A{L - 1}"], float(s[f"db{L}"][0, 0])
    j = s.steepest[2]
    first = sum_of(dZ[0, :3], A[j, :3])
    return Stop(
        "dW and db",
        "What the parameters get: $dW$ and $db$",
        (
            "A weight was used for every example, so all of them have a say: the derivative by $W_{ij}$ adds up, "
            "over the examples, $dZ$ of unit $i$ times what came in from unit $j$. A sum over the examples of "
            "products is a matrix product again. It is divided by $m$, because $J$ is a mean.",
            "The bias was added to every column, so its derivative is the mean of $dZ$ along the row, kept as a "
            "column.",
        ),
        (
            r"dW^{[l]} = \frac{1}{m}\, dZ^{[l]} A^{[l-1]\top}",
            r"db^{[l]} = \frac{1}{m} \sum_{i} dZ^{[l](i)}",
        ),
        gradient_code(L),
        (Product(f"dW{L}", f"dZ{L}", f"A{L - 1}", transposed="right", factor=r"\frac{1}{m}", entry=(0, j)),),
        (
            choose(
                f"Shapes tell what to multiply. $dZ^{{[2]}}$ is {size(n[2], m)}, $A^{{[1]}}$ is {size(n[1], m)}, and "
                f"$dW^{{[2]}}$ must be {size(n[2], n[1])}, as $W^{{[2]}}$. Which product is it?",
                wrong(
                    r"$\frac{1}{m}\, A^{[1]} dZ^{[2]\top}$",
                    f"This is {size(n[1], n[2])}: the transpose of what is wanted.",
                ),
                wrong(
                    r"$\frac{1}{m}\, dZ^{[2]} * A^{[1]}$",
                    "Number by number needs equal shapes, and the sum over the examples is missing.",
                ),
                right(
                    r"$\frac{1}{m}\, dZ^{[2]} A^{[1]\top}$",
                    f"{size(n[2], m)} times {size(m, n[1])}: the examples meet and are added up.",
                ),
            ),
            number(
                f"{symbol(f'dZ{L}')} is a row of {m} numbers with the sum {say(dZ.sum())}. What is {symbol(f'db{L}')}?",
                db,
                "The sum divided by m.",
                Confusion(float(dZ.sum()), "This is the sum: the 1/m is missing."),
                Confusion(-db, "The size is right, the sign is not."),
            ),
        ),
        (
            f"{place(f'dW{L}', 0, j)} = (1/{m}) ({first} + ... ), {m} products in all, = {say(s[f'dW{L}'][0, j])}. "
            f"{symbol(f'db{L}')} = {say(dZ.sum())} / {m} = {say(db)}.",
        ),
        (f"dW{L}",),
        f"dW{L}",
    )


def gradient_code(layer: int) -> str:
    """Return the lines of dW and db in NumPy."""
    return f"dW{layer} = dZ{layer} @ A{layer - 1}.T / m\ndb{layer} = np.sum(dZ{layer}, axis=1, keepdims=True) / m"


def chain(s: Scene) -> Stop:
    """dA_prev = Wᵀ dZ, and the same again down to layer 1."""
    n, m, L = s.units, s.m, s.layers
    i, e = (int(k) for k in np.unravel_index(int(np.argmax(np.abs(s["dA1"]))), s["dA1"].shape))
    back = [_layer_back_code(layer) for layer in range(L - 1, 0, -1)]
    return Stop(
        "dA_prev = Wᵀ dZ",
        "On to the layer before: $dA^{[l-1]} = W^{[l]\\top} dZ^{[l]}$",
        (
            "A unit of the layer before fed every unit of this one, through its column of $W$. So its derivative "
            "adds up, over these units, weight times $dZ$. That is a product with the transpose. There is no $1/m$ "
            "in it: $dA$ and $dZ$ belong to each example alone, and $m$ divides where a parameter gets its "
            "derivative.",
            "And then the same three lines again, layer by layer, down to the first. $dA^{[0]}$ would be the "
            "derivative by the inputs; learning does not need it.",
        ),
        (r"dA^{[l-1]} = W^{[l]\top} dZ^{[l]}",),
        "\n".join(back),
        (
            Product("dA1", "W2", "dZ2", transposed="left", entry=(i, e)),
            Drawing(tuple(range(L, 0, -1)), "backward"),
        ),
        (
            choose(
                f"$W^{{[2]}}$ is {size(n[2], n[1])}, $dZ^{{[2]}}$ is {size(n[2], m)}, and $dA^{{[1]}}$ must be "
                f"{size(n[1], m)}, as $A^{{[1]}}$. Which product is it?",
                right(
                    r"$W^{[2]\top} dZ^{[2]}$", f"{size(n[1], n[2])} times {size(n[2], m)}: the units of layer 2 meet."
                ),
                wrong(
                    r"$W^{[2]} dZ^{[2]}$",
                    f"{size(n[2], n[1])} times {size(n[2], m)}: without the transpose it is no way back.",
                ),
                wrong(
                    r"$\frac{1}{m}\, W^{[2]\top} dZ^{[2]}$",
                    "The shape fits, but the 1/m belongs to dW and db. Taken "
                    "here too, every layer further back would learn m times more slowly.",
                ),
            ),
        ),
        (
            f"{place('dA1', i, e)} = {sum_of(s['W2'][:, i], s['dZ2'][:, e])} = {say(s['dA1'][i, e])}: one product for "
            f"each of the {n[2]} units of layer 2.",
        ),
        ("dA1",),
        "dA1",
    )


def _layer_back_code(layer: int) -> str:
    return f"dA{layer} = W{layer + 1}.T @ dZ{layer + 1}\ndZ{layer} = dA{layer} * (Z{layer} > 0)\n{gradient_code(layer)}"


def update(s: Scene) -> Stop:
    """W := W - alpha dW."""
    name, i, j = s.steepest
    W, dW, new = (float(s[one][i, j]) for one in (name, f"d{name}", f"{name}_new"))
    return Stop(
        "The update",
        "The update: $W := W - \\alpha\\, dW$",
        (
            "A derivative points to where $J$ grows. So each parameter takes a step the other way. How long the "
            f"step is, the learning rate $\\alpha$ says: here {say(s.rate)}.",
            "All parameters move together, after the way back is done. Were $W^{[2]}$ moved before $dA^{[1]}$ is "
            "computed, the derivatives further back would be those of two networks at once.",
        ),
        (r"W^{[l]} := W^{[l]} - \alpha\, dW^{[l]}", r"b^{[l]} := b^{[l]} - \alpha\, db^{[l]}"),
        "\n".join(
            f"{role}{k}_new = {role}{k} - alpha * d{role}{k}" for k in range(1, s.layers + 1) for role in ("W", "b")
        ),
        (Grids((name, f"d{name}", f"{name}_new")),),
        (
            number(
                f"{place(name, i, j)} = {say(W)}, its derivative is {say(dW)}, $\\alpha$ = {say(s.rate)}. Where does "
                "it go?",
                new,
                "W − α dW.",
                Confusion(W + s.rate * dW, "This is W + α dW: uphill, J grows."),
                Confusion(W - dW, "This is W − dW: the learning rate is missing."),
                Confusion(-s.rate * dW, "This is the step alone: it is added to W."),
                Confusion(W, "It stayed where it was."),
                within=max(abs(s.rate * dW) / 8, 1e-3 * abs(W)),
            ),
        ),
        (
            f"{say(W)} − {say(s.rate)} · {bracketed(dW)} = {say(new)}. After all {s.network.size} parameters have "
            f"moved, $J$ goes from {say(s['cost'])} {_ended(s.costs[1.0][:2], 1)}.",
        ),
        (f"{name}_new",),
        f"{name}_new",
    )


def repeat(s: Scene) -> Stop:
    """Again and again: the cost falls; the gradient check; hyperparameters."""
    (slow, usual, fast), check = (s.costs[faster] for faster in FASTER), s.slopes
    at = check.nudges[4]
    name, i, j = s.steepest
    return Stop(
        "Again and again",
        "Again and again",
        (
            "Forward, cost, backward, update: one step of gradient descent. Repeat it, and the cost falls. That is "
            "all: the code is short, and nobody wrote a rule about these examples into it. Much of the magic comes "
            "from the data.",
            "Is the derivative right? Move one number by a small $\\varepsilon$ both ways, and see what $J$ does: "
            "the gradient check. It is how every line of the way back can be tested.",
            "Parameters are learned. What you choose is called hyperparameters: the learning rate, the number of "
            "steps, the number of layers and of units, the functions $g$. They decide which $W$ and $b$ come out.",
        ),
        (r"\frac{J(w + \varepsilon) - J(w - \varepsilon)}{2 \varepsilon} \approx dw",),
        _loop_code(s),
        (
            Curves(
                f"J over {STEPS} steps from here",
                tuple(
                    Curve(f"α = {say(faster * s.rate)}", costs)
                    for faster, costs in zip(FASTER, (slow, usual, fast), strict=True)
                ),
            ),
        ),
        (
            _after_many(s),
            choose(
                "Which of these is no hyperparameter?",
                wrong(r"the learning rate $\alpha$", "It is chosen: no step changes it."),
                wrong("the number of units $n^{[1]}$", "It is chosen, before there is a W at all."),
                right("the bias $b^{[2]}$", "It is learned, as W is: a parameter."),
                wrong("the activation $g^{[1]}$", "It is chosen, as the shapes are."),
            ),
        ),
        (
            f"In {STEPS} steps with α = {say(s.rate)}, $J$ goes from {say(s['cost'])} {_ended(usual)}; with "
            f"α = {say(FASTER[0] * s.rate)} {_ended(slow)}; with α = {say(FASTER[2] * s.rate)} {_ended(fast)}.",
            f"The check of {place(name, i, j)} with ε = 10⁻⁵: the slope is {say(at.two_sided, 8)}, "
            f"{place(f'd{name}', i, j)} is {say(check.analytic, 8)}.",
        ),
        ("curves",),
        "slopes",
    )


def _after_many(s: Scene) -> Choices:
    costs, first = s.costs[1.0], float(s["cost"])
    fell = len(costs) == STEPS + 1 and costs[-1] < first
    ending = f"From {say(first)} {_ended(costs)}."
    return choose(
        f"$J$ is {say(first)} now. What is it after {STEPS} steps with α = {say(s.rate)}?",
        (right if fell else wrong)("lower", ending),
        wrong("the same", f"Only where every derivative is 0 does nothing move. {ending}"),
        (wrong if fell else right)("higher", f"That happens where the learning rate is too large. {ending}"),
    )


def _ended(costs: tuple[float, ...], steps: int = STEPS) -> str:
    """Return where J went in so many steps, if it did not fail on the way."""
    return f"to {say(costs[-1])}" if len(costs) == steps + 1 else f"beyond all numbers, in step {len(costs)}"


def _loop_code(s: Scene) -> str:
    L = s.layers
    lines = [forward_code(s, layer) for layer in range(1, L + 1)]
    lines += [f"dZ{L} = A{L} - Y", gradient_code(L), *(_layer_back_code(layer) for layer in range(L - 1, 0, -1))]
    lines += [f"{role}{k} = {role}{k} - alpha * d{role}{k}" for k in range(1, L + 1) for role in ("W", "b")]
    body = "\n".join(lines).replace("\n", "\n    ")
    return f"for step in range({STEPS}):\n    {body}"
