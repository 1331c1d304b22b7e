"""Models in formats of others: ONNX, with the encoder in the graph (docs/onnx.md).

graphs          formulas that become nodes
*_nodes         what becomes of layers, activations, encodings, dates, answers; each file ends with its table
onnx_model      all of it, checked, described and written
inputs          rows as onnxruntime takes them
pipelines       a converter, so that skl2onnx exports pipelines that end in an estimator of lamina
skops_types     the types that are trusted when skops reads an estimator
"""

from lamina.exporting.inputs import onnx_inputs
from lamina.exporting.onnx_model import onnx_model, to_onnx
from lamina.exporting.pipelines import register_skl2onnx
from lamina.exporting.skops_types import skops_types

__all__ = ["onnx_inputs", "onnx_model", "register_skl2onnx", "skops_types", "to_onnx"]
