"""Many machines: what carries messages between workers, and what starts them (docs/cluster.md).

    places.py         "local[2]", "auto", an address, "mpi": where a group is; Cluster: how it moves together
    launching.py      the table of launchers: launched(cluster, work) calls work(group) in every worker
    ray_train.py      workers of a Ray cluster, started anew after a fault; ray_worker.py: one of them; board.py: what
                      they tell the process that started them
    turns.py          predictions: each worker predicts its pieces of the rows
    mpi.py            workers that mpiexec or srun started
    pipes.py          sums on one machine, by sockets that are files
    rabit.py gloo.py  sums over TCP, by xgboost's collective or by torch

Nothing here knows about networks: `work` is a fit, as one process would do it.
"""
