"""lamina export: a model in a format that others run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lamina.cli.files import check_files, check_place
from lamina.cli.options import ModelFile
from lamina.cli.terminal import Terminal, counted
from lamina.errors import SettingError
from lamina.exporting import onnx_model
from lamina.exporting.columns import MEANING, Input, Layout, inputs_of
from lamina.exporting.graphs import OPSET
from lamina.model import Model
from lamina.model_file import load
from lamina.sealed_file import replacing

SHOWN = 20  # inputs


class Format(NamedTuple):
    """A format of others."""

    ending: str
    content: Callable[[Model, Layout], Any]


def export(
    model: ModelFile, /, *, to: Literal["onnx"] = "onnx", out: Path | None = None, inputs: Layout = "columns"
) -> int:
    """Write a model as a file that other programs run, its encoding of columns included.

    Parameters
    ----------
    to
        onnx: for onnxruntime, in Python, C#, Java, C++, JavaScript and on phones; needs the library onnx.
    out
        The file to write; by default the model's name with the ending .onnx, in the current folder.
    inputs
        columns: an input for each column, under its name. matrix: one input X for all columns, where none is text.
    """
    chosen = FORMATS[to]
    out = Path(f"{model.stem}{chosen.ending}") if out is None else out
    if out.suffix.lower() != chosen.ending:
        raise SettingError(f"--out {out}: expected a name that ends in {chosen.ending}")
    check_files({"MODEL": model}, {"--out": out})
    check_place("--out", out)
    terminal, loaded = Terminal(), load(model)
    with terminal.working(f"exporting {model}"):
        made = chosen.content(loaded, inputs)
    content = made.SerializeToString()
    with replacing(out) as file:
        file.write(content)
    terminal.say(f"{out}: {to} of opset {OPSET}, {-(-len(content) // 1024):,} KiB, predicts {loaded.target_name!r}")
    listed = [(one.name, *_type_and_meaning(one)) for one in inputs_of(loaded.encoder, inputs)]
    terminal.table(["input", "type", "holds"], listed[:SHOWN], right=())
    if len(listed) > SHOWN:
        terminal.say(f"(and {counted(len(listed) - SHOWN, 'input')} more)")
    terminal.table(["output", "type"], [_output(one) for one in made.graph.output], right=())
    return 0


def _type_and_meaning(one: Input) -> tuple[str, str]:
    return f"{'string' if one.kind == 'text' else 'double'} (rows, {one.width})", MEANING[one.kind]


def _output(one: Any) -> tuple[str, str]:
    from onnx import TensorProto

    tensor = one.type.tensor_type
    shape = ", ".join(size.dim_param or str(size.dim_value) for size in tensor.shape.dim)
    return one.name, f"{TensorProto.DataType.Name(tensor.elem_type).lower()} ({shape})"


FORMATS = {"onnx": Format(".onnx", lambda model, inputs: onnx_model(model, inputs=inputs))}
