"""ONNX models: a graph of known operators and its numbers, run by ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import Written, reason

MODEL_FILE, WEIGHTS_FILE = "model.onnx", "model.onnx.data"
#: Protocol buffers cannot be larger than 2 GiB: the numbers of such a model lie in a file of their own.
_LARGEST_BYTES = (1 << 31) - (1 << 20)
_DISTRIBUTIONS = ("onnx", "onnxruntime", "onnxruntime-gpu", "numpy", "pandas")
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(string)": "object",
    **{f"tensor({name})": name for name in ("int64", "int32", "int16", "int8", "uint8", "bool")},
}


def write(model: Any, directory: str) -> Written:
    """Writes a ``ModelProto``.

    Raises:
        Refused: It is not a valid model, or cannot be run.
    """
    onnx = import_module("onnx")
    path = os.path.join(directory, MODEL_FILE)
    try:
        is_large = model.ByteSize() > _LARGEST_BYTES
        onnx.save_model(model, path, save_as_external_data=is_large, location=WEIGHTS_FILE if is_large else None)
    except (ValueError, TypeError, OSError) as error:
        raise Refused(f"the ONNX model cannot be written ({reason(error)})") from error
    return adopt(path, directory)


def adopt(path: str, directory: str) -> Written:
    """Describes a model's file that was copied into a directory.

    Raises:
        Refused: It is damaged, of another kind, or keeps its numbers in files outside of the directory.
    """
    entry = os.path.relpath(path, directory)
    loaded = _opened(path, directory, ModelInfo("onnx", "", 0, {}))
    onnx = import_module("onnx")
    native = {
        "data": entry,
        "onnx_version": onnx.__version__,
        "providers": ["CUDAExecutionProvider", "CPUExecutionProvider"],
        "code": None,
    }
    function = {"loader_module": "mlflow.onnx", "data": entry}
    summary = f"ONNX graph of {', '.join(output.name for output in loaded.native.get_outputs())}"
    flavors = {"onnx": native, "python_function": function}
    return Written(entry, "onnx.ModelProto", summary[:200], _DISTRIBUTIONS, flavors, loaded.apply)


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """A session that runs the model on the CPU.

    Raises:
        Refused: The file is damaged, of another kind, or names files outside of the directory.
    """
    return _opened(os.path.join(directory, info.entry), directory, info)


def _opened(path: str, directory: str, info: ModelInfo) -> Loaded:
    onnx, runtime = import_module("onnx"), import_module("onnxruntime")
    name = os.path.basename(path)
    try:
        model = onnx.load_model(path, load_external_data=False)
        for location in _locations(model):
            _require_inside(name, os.path.dirname(path), directory, location)
        onnx.checker.check_model(path)
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # its errors are ours to tell
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Refused:
        raise
    except Exception as error:  # protobuf, the checker and the runtime have an error class each
        raise Refused(f"{name} is damaged or no ONNX model ({reason(error)})") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()

    def run(rows: Any) -> list[Any]:
        found: list[Any] = session.run(None, _feed(inputs, rows))
        return found

    def apply(rows: Any) -> Any:
        import numpy as np

        first = np.asarray(run(rows)[0])
        return first[:, 0] if first.ndim == 2 and first.shape[1] == 1 else first

    def proba(rows: Any) -> Any:
        import numpy as np

        found = run(rows)[1]
        # converters of scikit-learn's classifiers give a list of {label: probability}
        return np.asarray([list(row.values()) for row in found] if isinstance(found, list) else found)

    is_classifier = len(outputs) == 2 and "prob" in outputs[1].name.lower()
    return Loaded(info, session, apply, proba if is_classifier else None)


def _feed(inputs: Sequence[Any], rows: Any) -> dict[str, Any]:
    """The model's inputs: a single one takes the whole table, several take the column of their name each."""
    import numpy as np

    if isinstance(rows, dict):
        return rows
    if len(inputs) == 1:
        values = rows.to_numpy() if hasattr(rows, "to_numpy") else np.asarray(rows)
        return {inputs[0].name: values.astype(_DTYPES.get(inputs[0].type, values.dtype))}
    if not hasattr(rows, "columns"):
        raise Refused(f"the model takes {len(inputs)} inputs by name", "give a data frame with a column for each")
    return {
        entry.name: rows[entry.name]
        .to_numpy()
        .astype(_DTYPES.get(entry.type))
        .reshape((-1, 1) if len(entry.shape or ()) == 2 else (-1,))
        for entry in inputs
    }


def _locations(model: Any) -> Iterator[str]:
    """The files that a model names for its numbers, wherever in it a tensor may stand."""
    graphs, holders = [model.graph], list(model.functions)
    while graphs or holders:
        if graphs:
            graph = graphs.pop()
            tensors = [*graph.initializer]
            for sparse in graph.sparse_initializer:
                tensors += [sparse.values, sparse.indices]
            nodes = graph.node
        else:
            tensors, nodes = [], holders.pop().node
        for node in nodes:
            for attribute in node.attribute:
                tensors += [attribute.t, *attribute.tensors, attribute.sparse_tensor.values]
                graphs += [attribute.g] if attribute.HasField("g") else []
                graphs += attribute.graphs
        for tensor in tensors:
            for entry in tensor.external_data:
                if entry.key == "location":
                    yield entry.value


def _require_inside(name: str, folder: str, directory: str, location: str) -> None:
    full = os.path.realpath(os.path.join(folder, location))
    if os.path.isabs(location) or os.path.commonpath((full, os.path.realpath(directory))) != os.path.realpath(
        directory
    ):
        raise Refused(f"{name} keeps its numbers in {location!r}, outside of the model", "export it as one file")
    if not os.path.isfile(full):
        raise Refused(f"{name} keeps its numbers in {location!r}, which is not there", "register the whole directory")
