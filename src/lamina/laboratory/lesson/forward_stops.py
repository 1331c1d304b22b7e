"""The stops of the way forward: what a network is, its inputs, Z = W A + b, A = g(Z), all layers, the cost."""

import numpy as np

from lamina.laboratory.lesson.parts import (
    Choice,
    Choices,
    Confusion,
    Drawing,
    Grids,
    Product,
    Stop,
    choose,
    number,
    right,
    wrong,
)
from lamina.laboratory.lesson.scene import Scene, listed, place, say, size, sum_of, symbol


def shapes(s: Scene) -> Stop:
    """A network and the shapes of its parameters."""
    n, L = s.units, s.layers
    layers = range(1, L + 1)
    counted = "; ".join(f"layer {k}: {n[k]} · {n[k - 1]} + {n[k]}" for k in layers)
    return Stop(
        "Layers and shapes",
        "A chain of layers",
        (
            f"A network of $L = {L}$ layers is a chain of functions. Layer $l$ takes $A^{{[l-1]}}$ from the layer "
            f"before it and gives $A^{{[l]}}$ to the next. $n^{{[l]}}$ is the number of its units: here {n[0]} "
            f"inputs, then {', '.join(map(str, n[1:-1]))} and {n[-1]} units.",
            "What a layer has learned is in two arrays: a matrix of weights $W^{[l]}$, with a row for each of its "
            "units and a column for each number that comes in, and a column of biases $b^{[l]}$. These are the "
            "parameters.",
        ),
        (r"W^{[l]}:\ (n^{[l]},\, n^{[l-1]})", r"b^{[l]}:\ (n^{[l]},\, 1)"),
        "\n".join(f"assert W{k}.shape == {size(n[k], n[k - 1])} and b{k}.shape == {size(n[k], 1)}" for k in layers),
        (Drawing((2,)), Grids(tuple(f"{role}{k}" for k in layers for role in "Wb"))),
        (
            choose(
                "Layer 2 gets the numbers of layer 1. What is the shape of $W^{[2]}$?",
                wrong(
                    size(n[1], n[2]), "This is the transpose. Rows are the layer's own units, columns what comes in."
                ),
                right(size(n[2], n[1]), "A row for each unit of layer 2, a column for each unit of layer 1."),
                wrong(size(n[2], s.m), "Examples have no place in a parameter: the same weights serve all of them."),
                wrong(size(n[2], 1), "This is the shape of $b^{[2]}$: one bias for each unit."),
            ),
        ),
        (
            f"$W^{{[2]}}$ is {s.shape('W2')}: {n[2]} units with {n[1]} weights each. All the parameters together are "
            f"{s.network.size} numbers ({counted}).",
        ),
        ("W2",),
        "Z1",
    )


def inputs(s: Scene) -> Stop:
    """The batch as A[0]."""
    n0, m, e = s.units[0], s.m, s.example(1)
    values = ", ".join(f"{name} = {say(x)}" for name, x in zip(s.features, s["A0"][:, e], strict=True))
    return Stop(
        "Inputs: A[0] = X",
        "$A^{[0]} = X$: examples are columns",
        (
            "A table has one example in each row. The lecture lays it on its side: $A^{[0]} = X$ has one example in "
            f"each column and one feature in each row. With $m = {m}$ examples of {n0} features it is {size(n0, m)}.",
            "Everything that is computed on the way forward has $m$ columns, and column $i$ always belongs to example "
            "$i$. Parameters have no such columns.",
        ),
        (r"A^{[0]} = X = \begin{bmatrix} x^{(0)} & x^{(1)} & \cdots & x^{(m-1)} \end{bmatrix}",),
        "A0 = X",
        (Grids(("A0", "Y")),),
        (
            choose(
                "You take a single example out of $A^{[0]}$, to send it through the network alone. Which shape should "
                "it have?",
                right(size(n0, 1), "A column: a batch of one. Every equation works for it as it stands."),
                wrong(
                    size(1, n0), "This is a row of the table. $W^{[1]}$ times it does not fit: the lecture has columns."
                ),
                wrong(
                    f"({n0},)",
                    "One axis only. Adding b to W x would then stretch in ways that nobody meant: keep the column.",
                ),
                wrong(size(1, m), "This is one feature of every example: a row of $A^{[0]}$."),
            ),
        ),
        (
            f"Example {e} is the column {values}; its target is y = {say(s['Y'][0, e])}. "
            f"X[:, {e}:{e + 1}] keeps it a column, X[:, {e}] does not.",
        ),
        (),
        "Z1",
    )


def linear(s: Scene) -> Stop:
    """Z = W A + b for all units and examples, and how b is stretched."""
    W, A, b, Z = s["W1"], s["A0"], s["b1"], s["Z1"]
    products = W[0] @ A[:, 0]
    return Stop(
        "Z = W A + b",
        "$Z = W A + b$, for all examples at once",
        (
            "A unit multiplies each number that comes in by its weight, adds the products up, and adds its bias. "
            "For one unit and one example that is one number. The matrix product does it for every unit and every "
            f"example: row $i$ of {symbol('W1')} meets column $e$ of {symbol('A0')}. No loop over the examples is "
            "written.",
            f"{symbol('b1')} has a single column. NumPy stretches it over the {s.m} columns of "
            "$W A$, so that every example gets the same biases. This is called broadcasting.",
        ),
        (r"Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}",),
        "Z1 = W1 @ A0 + b1",
        (Product("Z1", "W1", "A0", plus="b1"),),
        (
            number(
                f"Unit 0 and example 0: row 0 of {symbol('W1')} times column 0 of {symbol('A0')}, plus the bias. Which "
                f"number is {place('Z1', 0, 0)}? (Two digits will do.)",
                float(Z[0, 0]),
                "The sum of products, plus the bias.",
                Confusion(float(products), "The bias is missing."),
                Confusion(float(Z[0, 1]), "This is the next example: column 1."),
                *(Confusion(float(z), "This is the next unit: row 1.") for z in Z[1:2, 0]),
                Confusion(-float(Z[0, 0]), "The size is right, the sign is not."),
                within=max(0.006, 0.02 * abs(float(Z[0, 0]))),
            ),
            _flat_b(s),
        ),
        (
            f"{place('Z1', 0, 0)} = {sum_of(W[0], A[:, 0])} + {say(b[0, 0])} = {say(Z[0, 0])}. In the same line the "
            f"other {Z.size - 1} numbers of {symbol('Z1')}, {s.shape('Z1')}, were computed.",
        ),
        ("Z1",),
        "Z1",
    )


def _flat_b(s: Scene) -> Choices:
    """Ask what a b without its second axis does: NumPy lines shapes up from the right."""
    n1, m = s.units[1], s.m
    because = f"NumPy lines shapes up from the right: ({n1},) is taken as a row, {size(1, n1)}"
    fails = n1 not in (1, m)
    return choose(
        f"Somebody made b with shape ({n1},) instead of {size(n1, 1)}. What does $W A + b$ do?",
        Choice("The same as before", n1 == 1, f"{because}, and not as a column."),
        Choice("It stops with an error", fails, f"{because}, and a row of {n1} cannot be added to {size(n1, m)}."),
        Choice(
            "It adds wrong numbers, without a word",
            n1 == m != 1,
            f"{because}. This happens where m is {n1}: then every example gets a bias of its own, and nothing is said.",
        ),
    )


def activation(s: Scene) -> Stop:
    """A = g(Z), and the cache."""
    A, zeros = s["A1"], int((s["A1"] == 0).sum())
    return Stop(
        "A = g(Z), the cache",
        "$A = g(Z)$, and what is kept for the way back",
        (
            "Without something in between, two layers would be no more than one: $W^{[2]} (W^{[1]} A)$ is a matrix "
            "times $A$ again. So each layer ends with a function that is no straight line, applied to every number "
            "alone. In the hidden layers it is relu, $g(z) = \\max(0, z)$; at the end the sigmoid, whose values lie "
            "between 0 and 1.",
            "Before it goes on, a layer puts into its cache what the way back will ask for: $A^{[l-1]}$, $W^{[l]}$, "
            "$b^{[l]}$ and $Z^{[l]}$.",
        ),
        (r"A^{[l]} = g^{[l]}(Z^{[l]})", r"\text{relu: } g(z) = \max(0, z)"),
        "A1 = np.maximum(0, Z1)",
        (Grids(("Z1", "A1")),),
        (
            number(
                f"Look at the {A.size} numbers of {symbol('Z1')}. How many of those in {symbol('A1')} are 0?",
                zeros,
                "As many as are not above 0 before relu.",
                Confusion(A.size - zeros, "These are the ones that pass: relu keeps what is above 0."),
                Confusion(int((s["Z1"][0] <= 0).sum()), "This is the first unit alone."),
                within=0.5,
            ),
            choose(
                "Why does the layer keep $Z^{[l]}$, although $A^{[l]}$ is handed on?",
                wrong("To compute $A^{[l]}$ again", "It is not computed again: the next layer has it."),
                right("The way back needs the slope $g'(Z^{[l]})$", "And that is taken at Z, number by number."),
                wrong("The update of $W^{[l]}$ reads it", "The update reads $dW^{[l]}$, which is made of $A^{[l-1]}$."),
            ),
        ),
        (
            f"{zeros} of the {A.size} numbers are 0. Unit 0 turned {listed(s['Z1'][0, :4])}, ... into "
            f"{listed(A[0, :4])}, ...",
        ),
        ("A1",),
        "A1",
    )


def forward(s: Scene) -> Stop:
    """All layers up to A[L]."""
    L, A, Y = s.layers, s[f"A{s.layers}"][0], s["Y"][0]
    agree = int(((A > 0.5) == (Y > 0.5)).sum())
    return Stop(
        "Forward, all layers",
        "Forward through all layers",
        (
            "The next layer does the same with what this one gave, and so on: a loop over the layers, $l = 1, ..., "
            "L$. It is the one loop that stays. Only the last layer has another $g$.",
            f"What comes out, $A^{{[{L}]}} = \\hat{{Y}}$, has one number for each example, between 0 and 1: how "
            "probable the network thinks it that y is 1.",
        ),
        (
            r"\text{for } l = 1, \ldots, L: \quad Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]},\ \ A^{[l]} = g^{[l]}(Z^{[l]})",
            r"A^{[L]} = \sigma(Z^{[L]}) = \frac{1}{1 + e^{-Z^{[L]}}}",
        ),
        "\n".join(forward_code(s, layer) for layer in range(2, L + 1)),
        (Drawing(tuple(range(1, L + 1))), Grids((f"Z{L}", f"A{L}", "Y"))),
        (
            choose(
                "The loop over the examples is gone. Can the loop over the layers go too?",
                wrong(
                    "Yes, matrices do that as well",
                    "Examples do not wait for one another, layers do: Z of a layer is made of A of the one before.",
                ),
                right("No, it has to stay", "$A^{[2]}$ is made of $A^{[1]}$: one layer after the other."),
                wrong("Only on the way forward", "The way back is a chain too, from the last layer to the first."),
            ),
        ),
        (
            f"$A^{{[{L}]}}$ = ({listed(A)}). Read as “y is 1” where it is above 0.5, it agrees with Y in {agree} of "
            f"{s.m} examples at this step.",
        ),
        (),
        f"A{L}",
    )


def forward_code(s: Scene, layer: int) -> str:
    """Return the two lines of one layer in NumPy."""
    g = f"1 / (1 + np.exp(-Z{layer}))" if layer == s.layers else f"np.maximum(0, Z{layer})"
    return f"Z{layer} = W{layer} @ A{layer - 1} + b{layer}\nA{layer} = {g}"


def cost(s: Scene) -> Stop:
    """The log loss and its mean."""
    name = f"A{s.layers}"
    A, Y, loss = s[name][0], s["Y"][0], s["loss"][0]
    most, least = int(loss.argmax()), int(loss.argmin())
    between = int(np.abs(loss - np.median(loss)).argmin())
    kind = f"−log({say(A[most])})" if Y[most] else f"−log(1 − {say(A[most])})"
    return Stop(
        "The cost",
        "The cost: how far off it is",
        (
            "The loss of one example is small where the network is right and sure of it. Where y is 1 it is $-\\log "
            "a$, where y is 0 it is $-\\log(1 - a)$; the formula picks one of the two, because the other is "
            "multiplied by 0. A network that is sure and wrong pays most.",
            "The cost $J$ is the mean over the examples. Learning is to make this one number small.",
        ),
        (
            r"\mathcal{L}(a, y) = -\left(y \log a + (1 - y) \log(1 - a)\right)",
            r"J = \frac{1}{m} \sum_{i} \mathcal{L}(a^{(i)}, y^{(i)})",
        ),
        f"loss = -(Y * np.log({name}) + (1 - Y) * np.log(1 - {name}))\nJ = loss.sum() / m",
        (Grids((name, "Y", "loss")),),
        (
            choose(
                "Which of these examples costs most?",
                wrong(_called(s, least), "Here the network is most nearly right: this one costs least."),
                right(_called(s, most), "Here A is farthest from y."),
                wrong(_called(s, between), "At least half of the examples cost as much, or more."),
            ),
        ),
        (
            f"Its loss is {kind} = {say(loss[most])}. The mean over all {s.m} is $J$ = {say(s['cost'])}. Saying 0.5 of "
            f"every example would cost log 2 = {say(np.log(2))}.",
        ),
        ("loss",),
        "cost",
    )


def _called(s: Scene, e: int) -> str:
    return f"Example {e}: y = {say(s['Y'][0, e])}, A = {say(s[f'A{s.layers}'][0, e])}"
