"""One call starts a group: `launched(cluster, work)` runs `work(group)` in every worker."""

from collections.abc import Callable
from typing import Any, TypeVar

from lamina.cluster.places import Cluster, Place, place_of
from lamina.learning.group import Group, Silence

Result = TypeVar("Result")
Work = Callable[[Group], Result]


def launched(cluster: str | Cluster, work: Work[Result], *, shown: Any = None) -> Result:
    """Run `work(group)` in every worker of a group, and return what the first of them returns.

    Parameters
    ----------
    cluster : str or Cluster
        See `places`.
    work : callable
        A function that other processes can have: of a module, or a `functools.partial` of one. It is called anew, in
        new workers, after one of them was lost: what is to be kept until then is in its checkpoint.
    shown : optional
        What shows progress and text of the workers, a `lamina.cluster.board.Shown`.

    Raises
    ------
    SettingError
        `cluster` is not understood.
    MissingExtraError
        A library is missing.
    ClusterError
        Workers do not start, or are lost again and again.
    LaminaError
        What `work` raised in a worker.
    """
    place = place_of(cluster)
    return LAUNCHERS[place.kind](place, work, shown)


def _alone(place: Place, work: Work[Result], shown: Any) -> Result:
    return work(Group(Silence(), together=place.together))


def _by_mpi(place: Place, work: Work[Result], shown: Any) -> Result:
    from lamina.cluster.mpi import in_group

    return in_group(work, place.together)


def _by_ray(place: Place, work: Work[Result], shown: Any) -> Result:
    from lamina.cluster.ray_train import run

    return run(place, work, shown)


LAUNCHERS: dict[str, Callable[[Place, Work[Any], Any], Any]] = {
    "alone": _alone,
    "local": _by_ray,
    "ray": _by_ray,
    "mpi": _by_mpi,
}
