"""lamina: a thin layer. A deep network is a stack of them.

Every public name is imported when it is first asked for, so that ``import lamina`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina import callbacks, course, equations, errors, exporting
    from lamina.cluster.places import Cluster
    from lamina.data.tables.row_streams import rows_of
    from lamina.equations.dropout import Dropout
    from lamina.equations.layers import Activation, Dense, Linear, Residual
    from lamina.equations.network import Network
    from lamina.equations.normalisation import BatchNorm, LayerNorm
    from lamina.equations.optimisers import Adam, AdamW, GradientDescent, Lion, Momentum, Muon, Nesterov, RMSProp
    from lamina.equations.scales import Scale
    from lamina.estimators import DeepClassifier, DeepRegressor
    from lamina.explaining import contributions, explain
    from lamina.glassbox.equations_of import equations_of
    from lamina.glassbox.trace import Trace
    from lamina.glassbox.trace_file import load_trace
    from lamina.glassbox.tracing import trace
    from lamina.laboratory.notebook.lab import lab
    from lamina.layer_features import LayerFeatures
    from lamina.learning.gradient_check import gradient_check
    from lamina.learning.own_losses import OwnLoss
    from lamina.model import Model
    from lamina.model_file import load, save
    from lamina.one_row import RowPredictor
    from lamina.tuning import Search, tune

    __version__: str

__all__ = [
    "Activation",
    "Adam",
    "AdamW",
    "BatchNorm",
    "Cluster",
    "DeepClassifier",
    "DeepRegressor",
    "Dense",
    "Dropout",
    "GradientDescent",
    "LayerFeatures",
    "LayerNorm",
    "Linear",
    "Lion",
    "Model",
    "Momentum",
    "Muon",
    "Nesterov",
    "Network",
    "OwnLoss",
    "RMSProp",
    "Residual",
    "RowPredictor",
    "Scale",
    "Search",
    "Trace",
    "__version__",
    "callbacks",
    "contributions",
    "course",
    "equations",
    "equations_of",
    "errors",
    "explain",
    "exporting",
    "gradient_check",
    "lab",
    "load",
    "load_trace",
    "rows_of",
    "save",
    "trace",
    "tune",
]

_SUBMODULES = {"callbacks", "course", "equations", "errors", "exporting"}

_HOME = {
    "DeepClassifier": "estimators",
    "DeepRegressor": "estimators",
    "LayerFeatures": "layer_features",
    "Cluster": "cluster.places",
    "Model": "model",
    "load": "model_file",
    "save": "model_file",
    "RowPredictor": "one_row",
    "rows_of": "data.tables.row_streams",
    "explain": "explaining",
    "OwnLoss": "learning.own_losses",
    "contributions": "explaining",
    "gradient_check": "learning.gradient_check",
    "lab": "laboratory.notebook.lab",
    "tune": "tuning",
    "Search": "tuning",
    "trace": "glassbox.tracing",
    "load_trace": "glassbox.trace_file",
    "Trace": "glassbox.trace",
    "equations_of": "glassbox.equations_of",
    "Network": "equations.network",
    "Linear": "equations.layers",
    "Activation": "equations.layers",
    "Dense": "equations.layers",
    "Residual": "equations.layers",
    "Dropout": "equations.dropout",
    "LayerNorm": "equations.normalisation",
    "BatchNorm": "equations.normalisation",
    "Scale": "equations.scales",
    "GradientDescent": "equations.optimisers",
    "Momentum": "equations.optimisers",
    "Muon": "equations.optimisers",
    "Nesterov": "equations.optimisers",
    "RMSProp": "equations.optimisers",
    "Adam": "equations.optimisers",
    "AdamW": "equations.optimisers",
    "Lion": "equations.optimisers",
}


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"lamina.{name}")
    if name in _HOME:
        value = getattr(import_module(f"lamina.{_HOME[name]}"), name)
    elif name == "__version__":
        value = import_module("importlib.metadata").version("lamina")
    else:
        raise AttributeError(f"module 'lamina' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
