"""The target side: labels to Y and back, numbers to Y and back.

task          y                                  Y
binary        one of two classes                 (m, 1)  1 for the second class
multiclass    one of K classes                   (m, K)  1 for the class of the row
multilabel    (m, K) of 0 and 1                  (m, K)  the same
numbers       (m,) or (m, k)                     (m, k)  (y - location) / scale
"""

from lamina.data.labels import Labels
from lamina.data.number_targets import Numbers
from lamina.data.target_values import detect_task

__all__ = ["Labels", "Numbers", "detect_task"]
