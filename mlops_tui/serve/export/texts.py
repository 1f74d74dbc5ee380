"""The texts of an exported folder: Dockerfile, start command, requirements and a short README."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_store.records import ModelVersion
from mlops_tui.serve.export.code import Code

PROGRAM_FILE = "mlops-tui.pyz"
#: What lies in the folder beside the model and the code.
FILES = (PROGRAM_FILE, "start", "requirements.txt", "Dockerfile", "README.md")
_PORT = 8080


def start(version: ModelVersion) -> str:
    """The start command."""
    name = shlex.quote(f"{version.model}/{version.version}")
    return f"""#!/bin/sh
# Serves the model on http://127.0.0.1:5000; ./start --help tells more. requirements.txt has to be installed.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
exec "${{PYTHON:-python3}}" "$here/{PROGRAM_FILE}" serve "$here/model" --name {name} "$@"
"""


def dockerfile(python_version: str) -> str:
    """An image that serves the model as a user without rights.

    Args:
        python_version: Of the run, such as ``3.11.9``.
    """
    series = ".".join(python_version.split(".")[:2])
    return f"""# docker build -t MODEL . && docker run -e MLOPS_SERVE_TOKEN=... -p 127.0.0.1:{_PORT}:{_PORT} MODEL
FROM python:{series}-slim
RUN useradd --system --uid 10001 --no-create-home model
WORKDIR /srv/model
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER 10001
EXPOSE {_PORT}
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", \
"import urllib.request as request; request.urlopen('http://127.0.0.1:{_PORT}/health', timeout=2)"]
# other machines reach the container: it does not start without a token in MLOPS_SERVE_TOKEN
CMD ["./start", "--host", "0.0.0.0", "--port", "{_PORT}"]
"""


def requirements(packages: Mapping[str, str], python_version: str) -> str:
    """A ``requirements.txt`` with exact versions."""
    lines = "".join(f"{name}=={version}\n" for name, version in packages.items())
    return f"# Python {python_version or 'as it was is not known'}; exact versions, for ./start\n{lines}"


def readme(version: ModelVersion, code: Code, example: Mapping[str, Any] | None, warnings: Sequence[str]) -> str:
    """What the folder is and how it is started."""
    lineage = version.lineage
    run = f"run `{version.run_id}`" if version.run_id else "unknown"
    facts = [
        f"- version {version.version}, digest `{version.digest}`",
        f"- made by: {run}{_code_words(code)}",
        *(f"- {key}: {value:.6g}" for key, value in sorted(lineage.get("metrics", {}).items()) if _is_number(value)),
        *(f"- **{warning}**" for warning in warnings),
    ]
    body = "" if example is None else json.dumps(_first_row(example))
    ask = ""
    if body:
        quoted = body.replace("'", "'\\''")
        ask = f"""
    curl http://127.0.0.1:5000/invocations -H 'Content-Type: application/json' \\
      -d '{quoted}'
"""
    return f"""# {version.model}

{chr(10).join(facts)}

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    PYTHON=.venv/bin/python ./start
{ask}
It speaks MLflow's scoring protocol on this machine only (`./start --help`). For other addresses, and in the container
that `Dockerfile` makes, clients need the token in `MLOPS_SERVE_TOKEN`, sent as `Authorization: Bearer TOKEN`.

`model/` is a model directory of MLflow, `{PROGRAM_FILE}` the server{_code_folder(code)}.
"""


def _code_words(code: Code) -> str:
    if not code.commit:
        return f" ({code.problem})"
    words = f", commit `{code.commit}`"
    if code.patch:
        words += " with uncommitted changes"
    return f"{words} ({code.problem})" if code.problem else words


def _code_folder(code: Code) -> str:
    if not code.is_written:
        return ""
    words = ", `code/` the code that trained it"
    if code.patch == "beside":
        words += " (its uncommitted changes do not fit and lie beside it as a patch)"
    if code.left_out:
        words += f" ({len(code.left_out)} links and large files are left out)"
    return words


def _first_row(example: Mapping[str, Any]) -> Mapping[str, Any]:
    split = example.get("dataframe_split")
    if isinstance(split, dict) and isinstance(split.get("data"), list):
        return {"dataframe_split": {**split, "data": split["data"][:1]}}
    rows = example.get("inputs")
    return {"inputs": rows[:1]} if isinstance(rows, list) else example


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
