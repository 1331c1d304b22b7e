"""Engine 1: the definition, in NumPy, readable aloud: activations, layers, losses, optimisers and walk first.

Every array has features down and examples across: `A` is (units, m). Nothing here checks its arguments (the faces and
`data/` do) and nothing here is tuned for speed (`kernels/` is).
"""
