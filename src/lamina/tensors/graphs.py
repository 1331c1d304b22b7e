"""Work on a CUDA device that is recorded once and replayed: one call of the host for some hundred kernels."""

from collections.abc import Callable
from typing import Any

import torch


class Graph:
    """Work whose tensors keep their addresses, recorded.

    It must have been done once before, on whatever stream: libraries get ready the first time. Recording does nothing
    of the work itself.

    Parameters
    ----------
    work : function
        Asks nothing of the host, and allocates nothing but what it computes.

    Raises
    ------
    RuntimeError
        It cannot be recorded.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._graph: Any = torch.cuda.CUDAGraph()
        own = torch.cuda.Stream()  # of the current device: the default is that of the first graph of all
        with torch.cuda.graph(self._graph, stream=own, capture_error_mode="thread_local"):
            work()

    def __call__(self) -> None:
        self._graph.replay()
