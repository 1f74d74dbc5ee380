"""The beginning of an artifact as text: never more than can be shown, whatever the file is."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass

from rich.cells import cell_len
from textual.app import ComposeResult

from mlops_store import artifacts
from mlops_store.records import Artifact
from mlops_tui.ui import shown
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue, clean, fit
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView

READ_BYTES = 64 * 1024
LINES = 500
_CELL_WIDTH = 28
_MAGIC = {
    b"\x89PNG": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF8": "GIF image",
    b"PAR1": "Parquet file",
    b"PK\x03\x04": "zip archive",
    b"%PDF": "PDF document",
    b"\x1f\x8b": "gzip archive",
    b"\x93NUMPY": "NumPy array",
}


@dataclass(frozen=True, slots=True)
class ArtifactText:
    """The beginning of an artifact, line by line."""

    artifact: Artifact | None = None
    lines: tuple[CellValue, ...] = ()


class ArtifactPreview(Pane[ArtifactText]):
    """A look into the artifact under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._artifact: Artifact | None = None

    def compose(self) -> ComposeResult:
        """Lines of text."""
        yield TextView()

    def preview(self, artifact: Artifact | None) -> None:
        """Shows another artifact."""
        if artifact != self._artifact:
            self._artifact = artifact
            self.reload(restart=True)

    def load(self, session: Session) -> ArtifactText:
        """Reads the beginning of the file."""
        artifact = self._artifact
        if artifact is None or session.store is None:
            return ArtifactText()
        try:
            with artifacts.open_object(session.store.objects_dir, artifact.digest) as file:
                head = file.read(READ_BYTES)
        except OSError as error:
            problem = Cell(f"its bytes cannot be read: {error.strerror}", "error")
            return ArtifactText(artifact, (problem, Cell(artifact.digest, "dim")))
        return ArtifactText(artifact, tuple(text_of(artifact, head)))

    def show(self, records: ArtifactText) -> None:
        """Draws the lines."""
        artifact = records.artifact
        self.entitle(artifact.path if artifact else "", shown.size(artifact.size_bytes) if artifact else "")
        self.query_one(TextView).show(records.lines)


def text_of(artifact: Artifact, head: bytes) -> list[CellValue]:
    """The beginning of a file as lines.

    Args:
        artifact: Its name decides how it is read.
        head: Its first bytes.
    """
    kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")
    if kind or b"\x00" in head:
        return [kind or "Not a text file", "", Cell(f"sha256 {artifact.digest}", "dim")]
    is_whole = len(head) >= artifact.size_bytes
    text = head.decode("utf-8", "replace")
    name = artifact.path.lower()
    lines: list[CellValue]
    if name.endswith((".csv", ".tsv")):
        lines = _table(text, "\t" if name.endswith(".tsv") else ",", is_whole)
    elif name.endswith(".json") and is_whole:
        lines = list(_indented(text).splitlines())
    else:
        lines = list(text.splitlines())
    rest = [] if is_whole and len(lines) <= LINES else [Cell("… and more", "dim")]
    return [*lines[:LINES], *rest] or [Cell("empty", "dim")]


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _table(text: str, delimiter: str, is_whole: bool) -> list[CellValue]:
    """Rows with their columns below each other."""
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=delimiter))[: LINES + 1]
    except csv.Error:
        return list(text.splitlines())
    if not is_whole and len(rows) > 1:
        rows.pop()  # the last row may be cut
    cleaned = [[clean(cell, _CELL_WIDTH) for cell in row] for row in rows]
    widths = [0] * max((len(row) for row in cleaned), default=0)
    for row in cleaned:
        for place, cell in enumerate(row):
            widths[place] = max(widths[place], min(_CELL_WIDTH, cell_len(cell)))
    lines = ["  ".join(fit(cell, widths[place]) for place, cell in enumerate(row)) for row in cleaned]
    return [Cell(lines[0], "strong"), *lines[1:]] if lines else []
