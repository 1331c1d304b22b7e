"""Trainings written down elsewhere: MLflow, TensorBoard, JSON Lines ([tracking](tracking.md)).

told.py         what every tracker is told of a training, and what becomes of faults on the way
mlflow_runs.py  runs of MLflow
tensorboard.py  event files of TensorBoard
json_lines.py   a file of JSON Lines
trackers.py     the table of them, and `KIND=PLACE`
"""

from lamina.tracking.told import FAILED, FINISHED, KILLED, Told, Tracked, Tracker, passing_file, with_text_keys
from lamina.tracking.trackers import trackers_of

__all__ = [
    "FAILED",
    "FINISHED",
    "KILLED",
    "Told",
    "Tracked",
    "Tracker",
    "passing_file",
    "trackers_of",
    "with_text_keys",
]
