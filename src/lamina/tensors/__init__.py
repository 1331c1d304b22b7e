"""ENGINE 3, torch: the equations once more, for tensors on a GPU or wherever else torch computes.

The lecture's part stands under the names that it has in lamina.equations: activations.py, layers.py (and
column_layers.py, normalisation.py), losses.py, optimisers.py, random.py. Forward and backward are these equations;
torch derives nothing. What makes a device fast stands beside them:

    devices.py    which device, and what is said where there is none
    plan.py       a network made ready on a device: its layers in order, cost and gradient as one flat tensor
    rows.py       rows that stay on the device, or travel there
    stepping.py   training steps without a look at the device between them; graphs.py replays them on a GPU
    verbs.py      the verbs of the contract, on NumPy's arrays

Torch is imported by the files of this room only, and this room only where `engine="torch"` or a device asks for it.
"""
