"""Networks, rows and starts drawn at random, as hard for a gradient check as those of users."""

import numpy as np

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import BatchNorm, Dense, Dropout, LayerNorm, Linear, Residual, Scale
from lamina.equations.losses import LOSSES
from lamina.equations.network import Network
from lamina.learning.initialisers import INITIALISERS, starting_parameters

ROWS = {
    "normal": lambda rng, m, n: rng.normal(size=(m, n)),
    "with a row of zeros": lambda rng, m, n: rng.normal(size=(m, n)) * (np.arange(m) > 0)[:, None],
    "bits": lambda rng, m, n: rng.integers(0, 2, (m, n)).astype(float),
    "pixels": lambda rng, m, n: rng.integers(0, 256, (m, n)).astype(float),
    "all alike": lambda rng, m, n: np.tile(rng.normal(size=n), (m, 1)),
    "large": lambda rng, m, n: rng.normal(size=(m, n)) * 1e8,
    "small": lambda rng, m, n: rng.normal(size=(m, n)) * 1e-6,
}
STARTS = {
    "of an initialiser": lambda rng, start: start,
    "with biases": lambda rng, start: start + 0.1 * rng.normal(size=start.size),
    "small": lambda rng, start: 0.01 * rng.normal(size=start.size),
    "large": lambda rng, start: 5 * start,
    "rounded": lambda rng, start: np.round(start, 1),
}


def random_network(rng, activation):
    """Return a network of up to four layers, and its starting parameters."""
    layers = [Scale()] if rng.random() < 0.1 else []
    for _ in range(rng.integers(1, 5)):
        layers.append(Dense(int(rng.integers(1, 6)), activation))
        extra = rng.random()
        if extra < 0.05:
            layers.append(LayerNorm())
        elif extra < 0.1:
            layers.append(BatchNorm())
        elif extra < 0.15:
            layers.append(Dropout(0.3))
        elif extra < 0.2:
            layers.append(Residual([Dense(int(layers[-1].units), activation)]))
    kind = list(LOSSES)[rng.integers(len(LOSSES))]
    loss = LOSSES[kind]()
    layers.append(Linear(max(loss.units(1), 2 if kind == "categorical_log_loss" else 1)))
    l1, l2 = (float(rng.random() < 0.1) * 0.1 for _ in range(2))
    network = Network(int(rng.integers(1, 6)), layers, loss, l1=l1, l2=l2)
    how = ["suited", *INITIALISERS][rng.integers(len(INITIALISERS) + 1)] if rng.random() < 0.5 else "suited"
    return network, starting_parameters(network, how, int(rng.integers(1000)), np.float64)


def random_case(seed):
    """Return network, X, Y and parameters; what they are is in the name, for a message."""
    rng = np.random.default_rng(seed)
    activation = list(ACTIVATIONS)[seed % len(ACTIVATIONS)]
    network, start = random_network(rng, activation)
    rows, starts = list(ROWS)[rng.integers(len(ROWS))], list(STARTS)[rng.integers(len(STARTS))]
    m = int(rng.integers(1, 9))
    X = ROWS[rows](rng, m, network.n_inputs)
    Y = network.loss.sample_targets(rng, m, network.n_outputs // network.loss.units(1))
    name = f"{seed}: {activation}, {network.loss.kind}, rows {rows}, start {starts}"
    return name, network, X, Y, STARTS[starts](rng, start)
