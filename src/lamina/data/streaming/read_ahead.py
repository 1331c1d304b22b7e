"""Work that runs ahead in a thread: the next item is made while the last one is used."""

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
END = object()


class ReadAhead(Generic[Item]):
    """The items of an iterator, made in a thread of its own: a few wait, or are made, while the last is used.

    An exception in the thread is raised where the item would have been. `close` ends the thread.
    """

    def __init__(self, items: Callable[[], Iterator[Item]], ahead: int = 1) -> None:
        self._made: SimpleQueue[Any] = SimpleQueue()
        self._wanted = threading.Semaphore(ahead)
        self._closed = False
        self._thread = threading.Thread(target=self._make, args=(items,), name="lamina read-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._made.get()
            if item is END:
                return
            if isinstance(item, _Failure):
                raise item.problem
            self._wanted.release()
            yield item

    def close(self) -> None:
        """End the thread after the item that it makes."""
        self._closed = True
        self._wanted.release()
        self._thread.join()

    def _make(self, items: Callable[[], Iterator[Item]]) -> None:
        try:
            making = items()
            while True:
                self._wanted.acquire()
                item = END if self._closed else next(making, END)
                self._made.put(item)
                if item is END:
                    return
                del item  # the next one is made without it
        except BaseException as problem:
            self._made.put(_Failure(problem))


class _Failure:
    def __init__(self, problem: BaseException) -> None:
        self.problem = problem
