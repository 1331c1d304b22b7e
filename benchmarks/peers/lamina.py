"""lamina: one `train_steps` for every pass, by the kernels where they are built and know the network."""

import os
from dataclasses import replace

import numpy as np
from networks import flat, network_of, unflattened
from tasks import Task, Work, calls, in_blocks

import lamina
from lamina.engine import Engine, EngineName, choose
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.steps import Steps
from lamina.estimators import DeepClassifier
from lamina.learning import precision
from lamina.native import Predictor, _kernels


def about(engine: EngineName = "auto") -> dict[str, str]:
    return {"lamina": lamina.__version__, "numpy": np.__version__}


def training(task: Task, engine: EngineName = "auto") -> Work:
    case, network = task.case, with_operands(network_of(task.case), task.case.operands)
    verbs, order, rates = choose(network, engine), task.order.reshape(-1), np.full(task.case.steps, task.case.rate)

    def start() -> tuple[np.ndarray, np.ndarray]:
        params = flat(network, task.layers)
        return params, np.zeros((2, params.size), np.float32)

    def run(state: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        params, memory = state
        for number in range(case.passes):
            steps = Steps(case.batch, rates, step=number * case.steps, examples=case.rows)
            verbs.train_steps(network, Adam(), params, memory, task.X, task.Y, None, order, steps)
        return params

    return Work(start, run, lambda params: unflattened(network, params), _how(verbs))


def with_operands(network: Network, operands: str) -> Network:
    """Return the network with the products that `dtype` asks for."""
    return replace(network, layers=precision.with_operands(network.layers, operands))


def predicting(task: Task, engine: EngineName = "auto") -> Work:
    network = network_of(task.case)
    params, verbs = flat(network, task.layers), choose(network, engine)
    if task.case.work == "estimator":
        return calls(task, _estimator(task, engine, params).predict, _how(verbs))

    def by_verb(X: np.ndarray) -> np.ndarray:
        return verbs.predict(network, params, X)

    if verbs.name == "equations":
        return calls(task, in_blocks(by_verb, 8192), _how(verbs))
    return calls(task, by_verb if task.case.work == "verb" else Predictor(network, params), _how(verbs))


def _how(verbs: Engine) -> str:
    """Return the engine and, of the kernels, the instruction set."""
    if verbs.name == "equations":
        return "by the equations"
    return f"by the kernels for {os.environ.get('LAMINA_ISA') or _kernels.paths()[0]}"


def _estimator(task: Task, engine: EngineName, params: np.ndarray) -> DeepClassifier:
    """Return a fitted classifier of this network and these weights, which takes the columns as they are."""
    some = slice(0, 256)
    estimator = DeepClassifier(
        preset="sklearn",
        hidden_layer_sizes=task.case.widths[1:-1],
        activation=task.case.activation,
        scaling="none",
        max_iter=1,
        engine=engine,
    ).fit(task.X[some], task.labels()[some])
    estimator.model_ = replace(estimator.model_, params=params)
    return estimator
