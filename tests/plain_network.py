"""Settings of the small networks of many tests: nothing that a preset would bring, and a few batches to an epoch."""

PLAIN = {"preset": "sklearn", "batch_size": 32, "initializer": "suited", "bias_initializer": "zeros"}
