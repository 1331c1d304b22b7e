"""Callbacks that scikit-learn 1.9 does not have yet, for any estimator that calls its callbacks.

    EarlyStopping   ends training when a value no longer improves
    Checkpoint      writes the estimator to a file while it trains
    Log             writes a line of JSON at the end of every task
    MLflow          logs every fit as a run of MLflow
    TensorBoard     writes files that TensorBoard shows

Set them with `estimator.set_callbacks(...)`. A task is what scikit-learn calls one: a fit, and each of its iterations.
"""

from lamina.callbacks.checkpoint import Checkpoint
from lamina.callbacks.early_stopping import EarlyStopping
from lamina.callbacks.log import Log
from lamina.callbacks.mlflow import MLflow
from lamina.callbacks.tensorboard import TensorBoard

__all__ = ["Checkpoint", "EarlyStopping", "Log", "MLflow", "TensorBoard"]
