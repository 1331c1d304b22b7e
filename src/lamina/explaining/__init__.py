"""What moves the predictions: `explain` over many rows, `contributions` for single ones."""

from lamina.explaining.paths import Contributions, contributions
from lamina.explaining.strengths import ROWS, Explanation, explain

__all__ = ["ROWS", "Contributions", "Explanation", "contributions", "explain"]
