"""The columns of each model as an OpenAPI document, and what the Open Inference Protocol says of a model."""

from typing import Any

from lamina.data.targets import Labels
from lamina.exporting.columns import InputKind
from lamina.serving.answering import DATATYPES, PROBABILITIES, first_output
from lamina.serving.asking import TYPES
from lamina.serving.catalogue import Catalogue, Served

MOST_LEVELS = 50  # that the document lists
SCHEMAS: dict[InputKind, dict[str, Any]] = {
    "number": {"type": ["number", "boolean", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date-time", "examples": ["2020-01-31", "2020-01-31T12:30:00"]},
    "text": {"type": ["string", "number", "boolean", "null"]},
}
PLAIN_OF: dict[InputKind, type] = {"number": float, "boolean": bool, "date": str, "text": str}
TENSORS: dict[InputKind, str] = {"number": "FP64", "boolean": "BOOL", "date": "BYTES", "text": "BYTES"}
ARROW = "application/vnd.apache.arrow.stream"


def description(served: Served) -> dict[str, Any]:
    """Return what the plain interface says of a model."""
    model = served.model
    found: dict[str, Any] = {
        "name": served.name,
        "version": served.version,
        "predicts": model.target_name,
        "columns": [{"name": name, "holds": kind} for name, kind in served.columns.items()],
    }
    if isinstance(model.target, Labels):
        found["classes"] = model.target.classes.tolist()
    return found


def metadata(served: Served) -> dict[str, Any]:
    """Return what the Open Inference Protocol says of a model."""
    target, outputs = served.model.target, []
    kind = DATATYPES[target.classes.dtype.kind] if isinstance(target, Labels) else "FP64"
    outputs.append({"name": first_output(served), "datatype": kind, "shape": [-1]})
    if isinstance(target, Labels):
        if target.task == "multilabel":
            outputs[0]["shape"] = [-1, len(target.classes)]
        outputs.append({"name": PROBABILITIES, "datatype": "FP64", "shape": [-1, len(target.classes)]})
    elif not target.flat:
        outputs[0]["shape"] = [-1, target.n_targets]
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": "lamina",
        "inputs": [{"name": name, "datatype": TENSORS[kind], "shape": [-1]} for name, kind in served.columns.items()],
        "outputs": outputs,
    }


def document(catalogue: Catalogue, release: str) -> dict[str, Any]:
    """Return the OpenAPI document: for each model its paths, with its columns."""
    paths: dict[str, Any] = {
        "/v2/health/live": _answers("whether the process runs"),
        "/v2/health/ready": _answers("whether requests are taken"),
        "/v1/models": _answers("the models"),
        "/metrics": _answers("numbers for Prometheus"),
    }
    schemas: dict[str, Any] = {}
    for name in catalogue.names:
        served = catalogue.get(name)
        schemas[name] = _row(served)
        rows = {"type": "array", "minItems": 1, "items": {"$ref": f"#/components/schemas/{name}"}}
        listed = {name: {"type": "array", "items": kind} for name, kind in schemas[name]["properties"].items()}
        columns = {"type": "object", "required": list(listed), "properties": listed}
        body = {"oneOf": [_object("rows", rows), _object("columns", columns)]}
        paths[f"/v1/models/{name}"] = _answers(f"what {name} predicts, and from which columns")
        paths[f"/v1/models/{name}/predict"] = _asks(f"predict {served.model.target_name}", body, arrow=True)
        paths[f"/v2/models/{name}"] = _answers(f"{name} by the Open Inference Protocol")
        paths[f"/v2/models/{name}/ready"] = _answers(f"whether {name} is ready")
        tensors = _object("inputs", _tensors(served))
        paths[f"/v2/models/{name}/infer"] = _asks(f"predict {served.model.target_name}, an input a column", tensors)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Models of lamina", "version": release},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
    }


def _row(served: Served) -> dict[str, Any]:
    properties = {name: dict(SCHEMAS[kind]) for name, kind in served.columns.items()}
    for piece in served.model.encoder.categories:
        if len(piece.levels) <= MOST_LEVELS:
            known = ", ".join(piece.levels)
            properties[served.model.encoder.names_in[piece.at]]["description"] = f"known from training: {known}"
    return {"type": "object", "required": list(properties), "properties": properties}


def _tensors(served: Served) -> dict[str, Any]:
    """An input for each column, in any order; the schema shows theirs."""
    inputs = [
        {
            "type": "object",
            "required": ["name", "shape", "datatype", "data"],
            "properties": {
                "name": {"const": name},
                "shape": {"type": "array", "items": {"type": "integer"}, "description": "[rows] or [rows, 1]"},
                "datatype": {"enum": [one for one, plain in TYPES.items() if PLAIN_OF[kind] in plain]},
                "data": {"type": "array"},
            },
        }
        for name, kind in served.columns.items()
    ]
    return {"type": "array", "minItems": len(inputs), "prefixItems": inputs}


def _object(key: str, value: dict[str, Any]) -> dict[str, Any]:
    coverage = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "description": "of intervals or sets"}
    more = {} if key == "inputs" else {"coverage": coverage}
    return {"type": "object", "required": [key], "properties": {key: value, **more}}


def _answers(summary: str) -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": {"200": {"description": "OK"}}}}


def _asks(summary: str, body: dict[str, Any], arrow: bool = False) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": body}} | ({ARROW: {}} if arrow else {})
    refusals = {"400": "no such body", "413": "too large", "422": "rows that cannot be used; names the column"}
    responses = {"200": "OK", **refusals, "503": "too much to do"}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": content},
            "responses": {status: {"description": what} for status, what in responses.items()},
        }
    }
