"""Encoded rows on disk: of workers on one machine the first writes them, and the others wait."""

import threading
import time

import numpy as np

from lamina.data.examples import Block
from lamina.data.streaming.encoded_rows import stored
from lamina.data.streaming.stripes import Stripes


class Slow:
    """A source that takes its time, and counts who reads it."""

    def __init__(self):
        self.readers = 0

    def read(self, stripes, sequence):
        self.readers += 1
        for i in sequence:
            time.sleep(0.1)
            yield Block(np.full((int(stripes.count[i]), 2), float(i)), np.zeros((int(stripes.count[i]), 1)), None)

    def block(self, part):
        return part


def test_one_worker_writes_and_the_others_wait(tmp_path):
    every, n = np.arange(4), np.full(4, 10)
    stripes, source, found = Stripes(every, every * 0, every * 10, n, n), Slow(), []
    work = [threading.Thread(target=lambda: found.append(stored(tmp_path, "x", source, stripes))) for _ in range(3)]
    for one in work:
        one.start()
    for one in work:
        one.join(30)
    assert source.readers == 1
    assert len({one.path for one in found}) == 1
    assert len(found) == 3
    assert [one.name for one in tmp_path.iterdir()] == [found[0].path.name]  # neither a part nor a lock is left
    assert [int(block.X[0, 0]) for block in found[2].read(stripes, every)] == [0, 1, 2, 3]
