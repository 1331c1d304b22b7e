"""JAX: a pass is one compiled `lax.scan` over its batches, with the state's memory given away to the next."""

import jax
import jax.numpy as jnp
import numpy as np
from tasks import Task, Work, calls, expect_float32, expect_plain, in_blocks

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "gelu": lambda Z: jax.nn.gelu(Z, approximate=False)}

LOSSES = {
    "binary_log_loss": lambda Z, Y: jnp.mean(jax.nn.softplus(Z) - Y * Z),
    "categorical_log_loss": lambda Z, Y: -jnp.mean(jnp.sum(Y * jax.nn.log_softmax(Z), axis=1)),
    "squared_error": lambda Z, Y: jnp.mean((Z - Y) ** 2) / 2,
}


def about() -> dict[str, str]:
    return {"jax": jax.__version__, "jaxlib": jax.lib.__version__}


def training(task: Task) -> Work:
    expect_float32(task)
    epoch, order = _epoch_of(task), jnp.asarray(task.order, jnp.int32)
    rows = jnp.asarray(task.X), jnp.asarray(task.Y)

    def start():
        p = [jnp.array(array) for layer in task.layers for array in layer]
        zeros = [jnp.zeros_like(array) for array in p]
        return jax.block_until_ready((p, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(0)))

    def run(state):
        for _ in range(task.case.passes):
            state = epoch(state, order, *rows)
        return jax.block_until_ready(state)

    return Work(start, run, lambda state: [np.asarray(array) for array in state[0]])


def predicting(task: Task) -> Work:
    expect_plain(task)
    forward, p = _forward_of(task), [jnp.array(array) for layer in task.layers for array in layer]
    of_Z = jax.nn.sigmoid if task.case.loss == "binary_log_loss" else jax.nn.softmax
    output = jax.jit(lambda p, X: of_Z(forward(p, X)))
    return calls(task, in_blocks(lambda X: np.asarray(output(p, X)), 8192))


def _forward_of(task: Task):
    g = ACTIVATIONS[task.case.activation]

    def forward(p, A):
        for W, b in zip(p[:-2:2], p[1:-2:2], strict=True):
            A = g(A @ W.T + b)
        return A @ p[-2].T + p[-1]

    return forward


def _epoch_of(task: Task):
    forward, loss, rate = _forward_of(task), LOSSES[task.case.loss], task.case.rate

    def step(state, rows, X, Y):
        p, m, v, t = state
        grads = jax.grad(lambda p: loss(forward(p, X[rows]), Y[rows]))(p)
        t = t + 1
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        m = [0.9 * m_ + 0.1 * g_ for m_, g_ in zip(m, grads, strict=True)]
        v = [0.999 * v_ + 0.001 * g_ * g_ for v_, g_ in zip(v, grads, strict=True)]
        p = [p_ - rate * (m_ / c1) / (jnp.sqrt(v_ / c2) + 1e-8) for p_, m_, v_ in zip(p, m, v, strict=True)]
        return (p, m, v, t), None

    def epoch(state, order, X, Y):
        return jax.lax.scan(lambda state, rows: step(state, rows, X, Y), state, order)[0]

    return jax.jit(epoch, donate_argnums=0)
