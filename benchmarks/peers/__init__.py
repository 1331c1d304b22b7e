"""Who is measured: a module each, with the same three functions.

    about()           -> dict of names and versions
    training(task)    -> Work    Adam steps from the given weights, over the given batches, in float32
    predicting(task)  -> Work    A[L] of rows, or an estimator's labels

A peer without one of them raises `NotOfferedError`. Each lives in a process of its own (`serve.py`), so that no two
libraries share threads or memory.
"""

PEERS = {  # name: module
    "lamina": "lamina",
    "equations": "equations",
    "scikit-learn": "scikit_learn",
    "PyTorch": "pytorch",
    "torch.compile": "pytorch_compiled",
    "JAX": "jax",
    "ONNX Runtime": "onnx_runtime",
}
