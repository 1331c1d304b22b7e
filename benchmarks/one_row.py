"""One row in Python, again and again, without HTTP, on one thread: `python benchmarks/one_row.py`."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS, ROWS = 30, 100


def ways():
    """Train on the packaged census data; return rows in each form, and what predicts them, by name."""
    import onnxruntime
    import pyarrow.parquet as pq

    import lamina
    from lamina import native
    from lamina.data import datasets
    from lamina.exporting import onnx_inputs

    native.set_threads(1)
    table = pq.read_table(datasets.path("adult")).slice(0, 5000)
    X = table.drop_columns(["income"])
    model = lamina.DeepClassifier(max_iter=5, random_state=0).fit(X, table["income"]).model_
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with TemporaryDirectory() as folder:
        path = Path(folder) / "census.onnx"
        model.to_onnx(path)
        session = onnxruntime.InferenceSession(str(path), options)
    rows = X.slice(0, ROWS).to_pylist()
    columns = [{name: [value] for name, value in row.items()} for row in rows]
    return {
        "RowPredictor, a row": (lamina.RowPredictor(model).predict_proba, rows),
        "predict_proba, columns": (model.predict_proba, columns),
        "ONNX Runtime, arrays": (lambda feed: session.run(None, feed), [onnx_inputs(model, one) for one in columns]),
    }


def main():
    """Print the median time of one row in each way, and the least."""
    table = ways()
    found = {name: [] for name in table}
    for _ in range(ROUNDS):  # in turns, so that a noisy moment meets all of them
        for name, (predict, rows) in table.items():
            start = time.perf_counter()
            for row in rows:
                predict(row)
            found[name].append((time.perf_counter() - start) / len(rows) * 1e6)
    for name, took in found.items():
        took = sorted(took)
        print(f"{name:24} median {took[len(took) // 2]:6.0f} µs   least {took[0]:6.0f} µs")


if __name__ == "__main__":
    main()
