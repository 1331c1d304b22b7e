"""How long a worker waits for another: every wait has an end."""

import os

from lamina.errors import SettingError

TIMEOUT = "LAMINA_CLUSTER_TIMEOUT"
SECONDS = 300.0  # the slowest worker may read, or write a checkpoint, so long


def seconds_to_wait() -> float:
    """Return how long a worker waits for the others before it gives up.

    Raises
    ------
    SettingError
        The variable LAMINA_CLUSTER_TIMEOUT is not a number of seconds.
    """
    given = os.environ.get(TIMEOUT, "")
    try:
        seconds = float(given) if given else SECONDS
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise SettingError(f"{TIMEOUT}={given!r}: expected a number of seconds above 0")
    return seconds
