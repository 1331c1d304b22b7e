"""What others serve: FastAPI on uvicorn, as its documentation has it, with a pipeline of scikit-learn or its graph.

python serving_peers.py train FOLDER
python serving_peers.py constant|scikit-learn|onnxruntime FOLDER PORT
"""

import sys
from pathlib import Path


def train(folder):
    """Write a pipeline (one-hot columns, a scaler, a perceptron of the same widths), and its graph."""
    import joblib
    import pandas as pd
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import make_column_transformer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from lamina.data import datasets

    frame = pd.read_parquet(datasets.path("adult"))[:5000].fillna(
        {"workclass": "", "occupation": "", "native_country": ""}
    )
    X, y = frame.drop(columns="income"), frame["income"].astype(str)
    text = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
    numbers = [name for name in X if name not in text]
    X = X.astype(dict.fromkeys(numbers, "float32") | dict.fromkeys(text, object))
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), text), (StandardScaler(), numbers))
    pipeline = make_pipeline(encode, MLPClassifier((160, 160), max_iter=5, random_state=0)).fit(X, y)
    joblib.dump((pipeline, list(X), text), Path(folder) / "pipeline.joblib")
    kinds = [(name, StringTensorType([None, 1]) if name in text else FloatTensorType([None, 1])) for name in X]
    graph = to_onnx(pipeline, initial_types=kinds, options={"zipmap": False}, target_opset=18)
    (Path(folder) / "pipeline.onnx").write_bytes(graph.SerializeToString())


def application(peer, folder):
    """Return the application of a peer."""
    import joblib
    import numpy as np
    import pandas as pd
    from fastapi import FastAPI
    from pydantic import BaseModel

    pipeline, names, text = joblib.load(Path(folder) / "pipeline.joblib")

    class Rows(BaseModel):
        rows: list[dict[str, float | str | None]]

    def by_sklearn(rows):
        X = pd.DataFrame(rows, columns=names).fillna(dict.fromkeys(text, ""))
        return pipeline.predict_proba(X)

    if peer == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(Path(folder) / "pipeline.onnx"), options)

    def by_graph(rows):
        feed = {
            name: np.array([[row[name] or ""] for row in rows], object)
            if name in text
            else np.array([[row[name]] for row in rows], np.float32)
            for name in names
        }
        return session.run(None, feed)[1]

    predict, classes, app = by_graph if peer == "onnxruntime" else by_sklearn, pipeline.classes_.tolist(), FastAPI()

    @app.post("/predict")
    async def answer(asked: Rows):
        shares = predict(asked.rows)
        labels = [classes[i] for i in shares.argmax(axis=1)]
        return {"predictions": labels, "classes": classes, "probabilities": shares.tolist()}

    return app


async def constant(scope, receive, send):
    """Answer every request with the bytes of one answer: what uvicorn takes, and the machine."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


ANSWER = (
    b'{"predictions":["<=50K"],"classes":["<=50K",">50K"],"probabilities":[[0.9123456789012345,0.0876543210987655]]}'
)


def main():
    """Train, or serve."""
    if sys.argv[1] == "train":
        train(sys.argv[2])
        return
    import uvicorn

    served = constant if sys.argv[1] == "constant" else application(*sys.argv[1:3])
    uvicorn.run(served, port=int(sys.argv[3]), log_level="critical", access_log=False)


if __name__ == "__main__":
    main()
