"""Written by `make stubs` from the table in learning/hyperparameters.py: edit that, not this."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from lamina.equations.layers import Dense
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss
from lamina.equations.optimisers import Adam, AdamW, GradientDescent, Lion, Momentum, Muon, Nesterov, RMSProp
from lamina.equations.regression_losses import AbsoluteError, Gamma, Huber, Poisson, Quantile, SquaredError
from lamina.equations.types import Layer
from lamina.learning.lbfgs import LBFGS
from lamina.learning.own_losses import OwnLoss
from lamina.learning.schedules import (
    Constant,
    Cosine,
    Exponential,
    FlatThenCosine,
    FourCycle,
    InverseTime,
    OneCycle,
    Plateau,
    Step,
)

ActivationName = Literal[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "hard_swish"
]
Activation = ActivationName | Sequence[ActivationName] | Literal["auto"]
BiasInitializer = Literal["auto", "data", "zeros", "normal", "glorot_uniform"]
HiddenLayerSizes = int | Sequence[int | Layer | Dense] | Literal["auto"]
Initializer = Literal[
    "auto",
    "suited",
    "data",
    "zeros",
    "small_normal",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
]
Loss = (
    str
    | Mapping[str, object]
    | BinaryLogLoss
    | CategoricalLogLoss
    | SquaredError
    | AbsoluteError
    | Huber
    | Quantile
    | Poisson
    | Gamma
    | OwnLoss
    | Callable[..., Any]
)
Optimizer = (
    str | Mapping[str, object] | GradientDescent | Momentum | Nesterov | RMSProp | Adam | AdamW | Lion | Muon | LBFGS
)
Preset = Literal["auto", "fast", "td", "td_s", "sklearn", "course"]
RandomState = int | np.random.RandomState | np.random.Generator | None
Scaling = Literal["auto", "suited", "robust", "standard", "minmax", "quantile", "none"]
Schedule = (
    str
    | Mapping[str, object]
    | Constant
    | Step
    | Exponential
    | InverseTime
    | Cosine
    | OneCycle
    | FlatThenCosine
    | FourCycle
    | Plateau
)

class ClassifierSettings:
    preset: Preset
    hidden_layer_sizes: HiddenLayerSizes
    activation: Activation
    parametric_activation: Literal["auto"] | bool
    normalization: Literal["layer", "batch"] | None
    dropout: float | Literal["auto"]
    dropout_schedule: Schedule
    numeric_embedding: Literal["auto", "periodic"] | None
    numeric_embedding_rate: float | Literal["auto"]
    embedding_size: int
    front_scale: float | Literal["auto"]
    n_members: int | Literal["auto"]
    n_bags: int
    ntk: Literal["auto"] | bool
    initializer: Initializer
    bias_initializer: BiasInitializer
    zero_last_layer: Literal["auto"] | bool
    loss: Loss
    label_smoothing: float | Literal["auto"]
    calibrate: Literal["auto"] | bool
    class_weight: Literal["balanced"] | Mapping[Any, float] | None
    alpha: float | Literal["auto"]
    l1: float
    optimizer: Optimizer
    decay_schedule: Schedule
    learning_rate_init: float | Literal["auto"]
    bias_rate: float | Literal["auto"]
    schedule: Schedule
    batch_size: int | Literal["auto"]
    max_iter: int | Literal["auto"]
    averaging: float | Literal["auto"]
    shuffle: bool
    early_stopping: Literal["auto"] | bool
    validation_fraction: float | Literal["auto"]
    n_iter_no_change: int | Literal["auto"]
    tol: float
    max_time: float | None
    checkpoint_interval: float
    scoring: str | Callable[..., Any] | None
    scaling: Scaling
    missing: Literal["encode", "raise"]
    max_categories: int
    min_frequency: int
    embed_above: int | Literal["auto"] | None
    categorical: str | int | Sequence[str | int] | None
    splines: str | int | Sequence[str | int] | None
    dates: Literal["auto", "number", "parts", "cyclic"]
    warm_start: bool
    random_state: RandomState
    verbose: int | bool
    dtype: Literal["float32", "float64", "bfloat16"]
    engine: Literal["auto", "equations", "kernels", "torch"]
    device: str
    def __init__(
        self,
        hidden_layer_sizes: HiddenLayerSizes = "auto",
        activation: Activation = "auto",
        *,
        preset: Preset = "auto",
        parametric_activation: Literal["auto"] | bool = "auto",
        normalization: Literal["layer", "batch"] | None = None,
        dropout: float | Literal["auto"] = "auto",
        dropout_schedule: Schedule = "auto",
        numeric_embedding: Literal["auto", "periodic"] | None = "auto",
        numeric_embedding_rate: float | Literal["auto"] = "auto",
        embedding_size: int = 8,
        front_scale: float | Literal["auto"] = "auto",
        n_members: int | Literal["auto"] = "auto",
        n_bags: int = 1,
        ntk: Literal["auto"] | bool = "auto",
        initializer: Initializer = "auto",
        bias_initializer: BiasInitializer = "auto",
        zero_last_layer: Literal["auto"] | bool = "auto",
        loss: Loss = "auto",
        label_smoothing: float | Literal["auto"] = "auto",
        calibrate: Literal["auto"] | bool = "auto",
        class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
        alpha: float | Literal["auto"] = "auto",
        l1: float = 0.0,
        optimizer: Optimizer = "auto",
        decay_schedule: Schedule = "auto",
        learning_rate_init: float | Literal["auto"] = "auto",
        bias_rate: float | Literal["auto"] = "auto",
        schedule: Schedule = "auto",
        batch_size: int | Literal["auto"] = "auto",
        max_iter: int | Literal["auto"] = "auto",
        averaging: float | Literal["auto"] = "auto",
        shuffle: bool = True,
        early_stopping: Literal["auto"] | bool = "auto",
        validation_fraction: float | Literal["auto"] = "auto",
        n_iter_no_change: int | Literal["auto"] = "auto",
        tol: float = 0.0001,
        max_time: float | None = None,
        checkpoint_interval: float = 60.0,
        scoring: str | Callable[..., Any] | None = "cost",
        scaling: Scaling = "auto",
        missing: Literal["encode", "raise"] = "encode",
        max_categories: int = 50,
        min_frequency: int = 1,
        embed_above: int | Literal["auto"] | None = "auto",
        categorical: str | int | Sequence[str | int] | None = "auto",
        splines: str | int | Sequence[str | int] | None = "auto",
        dates: Literal["auto", "number", "parts", "cyclic"] = "auto",
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: int | bool = False,
        dtype: Literal["float32", "float64", "bfloat16"] = "float32",
        engine: Literal["auto", "equations", "kernels", "torch"] = "auto",
        device: str = "auto",
    ) -> None: ...

class RegressorSettings:
    preset: Preset
    hidden_layer_sizes: HiddenLayerSizes
    activation: Activation
    parametric_activation: Literal["auto"] | bool
    normalization: Literal["layer", "batch"] | None
    dropout: float | Literal["auto"]
    dropout_schedule: Schedule
    numeric_embedding: Literal["auto", "periodic"] | None
    numeric_embedding_rate: float | Literal["auto"]
    embedding_size: int
    front_scale: float | Literal["auto"]
    n_members: int | Literal["auto"]
    n_bags: int
    ntk: Literal["auto"] | bool
    initializer: Initializer
    bias_initializer: BiasInitializer
    zero_last_layer: Literal["auto"] | bool
    loss: Loss
    scale_target: bool
    clamp: bool
    alpha: float | Literal["auto"]
    l1: float
    optimizer: Optimizer
    decay_schedule: Schedule
    learning_rate_init: float | Literal["auto"]
    bias_rate: float | Literal["auto"]
    schedule: Schedule
    batch_size: int | Literal["auto"]
    max_iter: int | Literal["auto"]
    averaging: float | Literal["auto"]
    shuffle: bool
    early_stopping: Literal["auto"] | bool
    validation_fraction: float | Literal["auto"]
    n_iter_no_change: int | Literal["auto"]
    tol: float
    max_time: float | None
    checkpoint_interval: float
    scoring: str | Callable[..., Any] | None
    scaling: Scaling
    missing: Literal["encode", "raise"]
    max_categories: int
    min_frequency: int
    embed_above: int | Literal["auto"] | None
    categorical: str | int | Sequence[str | int] | None
    splines: str | int | Sequence[str | int] | None
    dates: Literal["auto", "number", "parts", "cyclic"]
    warm_start: bool
    random_state: RandomState
    verbose: int | bool
    dtype: Literal["float32", "float64", "bfloat16"]
    engine: Literal["auto", "equations", "kernels", "torch"]
    device: str
    def __init__(
        self,
        hidden_layer_sizes: HiddenLayerSizes = "auto",
        activation: Activation = "auto",
        *,
        preset: Preset = "auto",
        parametric_activation: Literal["auto"] | bool = "auto",
        normalization: Literal["layer", "batch"] | None = None,
        dropout: float | Literal["auto"] = "auto",
        dropout_schedule: Schedule = "auto",
        numeric_embedding: Literal["auto", "periodic"] | None = "auto",
        numeric_embedding_rate: float | Literal["auto"] = "auto",
        embedding_size: int = 8,
        front_scale: float | Literal["auto"] = "auto",
        n_members: int | Literal["auto"] = "auto",
        n_bags: int = 1,
        ntk: Literal["auto"] | bool = "auto",
        initializer: Initializer = "auto",
        bias_initializer: BiasInitializer = "auto",
        zero_last_layer: Literal["auto"] | bool = "auto",
        loss: Loss = "auto",
        scale_target: bool = True,
        clamp: bool = False,
        alpha: float | Literal["auto"] = "auto",
        l1: float = 0.0,
        optimizer: Optimizer = "auto",
        decay_schedule: Schedule = "auto",
        learning_rate_init: float | Literal["auto"] = "auto",
        bias_rate: float | Literal["auto"] = "auto",
        schedule: Schedule = "auto",
        batch_size: int | Literal["auto"] = "auto",
        max_iter: int | Literal["auto"] = "auto",
        averaging: float | Literal["auto"] = "auto",
        shuffle: bool = True,
        early_stopping: Literal["auto"] | bool = "auto",
        validation_fraction: float | Literal["auto"] = "auto",
        n_iter_no_change: int | Literal["auto"] = "auto",
        tol: float = 0.0001,
        max_time: float | None = None,
        checkpoint_interval: float = 60.0,
        scoring: str | Callable[..., Any] | None = "cost",
        scaling: Scaling = "auto",
        missing: Literal["encode", "raise"] = "encode",
        max_categories: int = 50,
        min_frequency: int = 1,
        embed_above: int | Literal["auto"] | None = "auto",
        categorical: str | int | Sequence[str | int] | None = "auto",
        splines: str | int | Sequence[str | int] | None = "auto",
        dates: Literal["auto", "number", "parts", "cyclic"] = "auto",
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: int | bool = False,
        dtype: Literal["float32", "float64", "bfloat16"] = "float32",
        engine: Literal["auto", "equations", "kernels", "torch"] = "auto",
        device: str = "auto",
    ) -> None: ...
