"""A client that asks a service over HTTP, on a processor of its own.

It never sleeps: it sends each request when it is due, and notes each answer when it arrives, to some microseconds.
"""

import os
import select
import socket
from collections import deque
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

PATIENCE = 4  # seconds after the last request was due: what is not answered by then is lost


class Found(NamedTuple):
    """What a client saw."""

    took: np.ndarray  # seconds from the moment at which each request was due to the end of its answer
    lost: int  # requests that were not answered with 200
    rate: float  # answers a second
    late: float  # the longest time for which the client itself did not look, in seconds
    waited: float  # seconds for which the service's first thread could run, and had no processor


def requests_of(path, bodies):
    """Return the bytes of a request for each body."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]


class Client:
    """Connections that are kept, with one request at a time on each.

    Parameters
    ----------
    port : int
        On 127.0.0.1.
    requests : list of bytes
        Sent one after the other, again and again.
    connections : int
    """

    def __init__(self, port, requests, connections):
        self.requests, self.poll, self.places, self.started = requests, select.epoll(), {}, {}
        for _ in range(connections):
            place = socket.create_connection(("127.0.0.1", port))
            place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            place.setblocking(False)
            self.places[place.fileno()] = place
            self.poll.register(place, select.EPOLLIN)
        self.idle, self.buffers = deque(self.places), dict.fromkeys(self.places, b"")
        self.took, self.lost, self.sent, self.late = [], 0, 0, 0.0

    def send(self, due):
        """Send the next request, which was due at a time."""
        one = self.idle.popleft()  # the one that is idle longest: none is closed for being idle
        self.places[one].sendall(self.requests[self.sent % len(self.requests)])
        self.started[one] = due
        self.sent += 1

    def receive(self):
        """Take what has arrived."""
        for one, _ in self.poll.poll(0):
            data = self.places[one].recv(1 << 16)
            if not data:
                raise ConnectionError("the service closed a connection")
            self.buffers[one] += data
            head, end, body = self.buffers[one].partition(b"\r\n\r\n")
            if end and len(body) >= int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0]):
                took = perf_counter() - self.started[one]
                if head[9:12] == b"200":
                    self.took.append(took)
                else:
                    self.lost += 1
                self.buffers[one] = b""
                self.idle.append(one)

    def close(self):
        """End."""
        self.poll.close()
        for place in self.places.values():
            place.close()


def steadily(port, requests, rate, seconds, pid, connections=64):
    """Send by the clock, whether or not answers have come back (an open loop).

    An answer counts from the moment at which its request was due. So a service that stalls cannot hide it (no
    coordinated omission).
    """
    client, due = Client(port, requests, connections), deque()
    before, start, count = waited(pid), perf_counter() + 0.05, int(rate * seconds)
    due.extend(start + i / rate for i in range(count))
    now = start
    while len(client.took) + client.lost < count and now < start + seconds + PATIENCE:
        last, now = now, perf_counter()
        client.late = max(client.late, now - last)
        while due and due[0] <= now and client.idle:
            client.send(due.popleft())
        client.receive()
    client.close()
    lost = count - len(client.took)
    return Found(np.array(client.took), lost, len(client.took) / (now - start), client.late, waited(pid) - before)


def one_after_another(port, requests, seconds, pid, connections=8):
    """Send the next request on each connection when the last is answered (a closed loop)."""
    client = Client(port, requests, connections)
    before, start = waited(pid), perf_counter()
    now = start
    while now < start + seconds:
        last, now = now, perf_counter()
        client.late = max(client.late, now - last)
        while client.idle:
            client.send(now)
        client.receive()
    client.close()
    return Found(np.array(client.took), client.lost, len(client.took) / seconds, client.late, waited(pid) - before)


def waited(pid):
    """Return for how many seconds a process could have run, and had no processor (Linux; else nan)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return np.nan


def own_processor():
    """Give the client the last processor; return the others, for services."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    *others, last = sorted(os.sched_getaffinity(0))
    if not others:
        return None
    os.sched_setaffinity(0, {last})
    return others
