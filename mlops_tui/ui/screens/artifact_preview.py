"""A look into an artifact: text, table or picture; never more than can be shown, whatever the file is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from textual.app import ComposeResult

from mlops_store import artifacts
from mlops_store.errors import Refused
from mlops_store.records import Artifact
from mlops_tui.artifacts import pictures, tables, texts
from mlops_tui.artifacts.pictures import Picture
from mlops_tui.artifacts.tables import TableHead
from mlops_tui.ui import shown
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.picture_view import PictureView
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import Row, WindowTable

LINES = 2000
_CELL_WIDTH = 28
_MAGIC = {
    b"PK\x03\x04": "a zip archive",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3\0": "an SQLite database",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
}
Content: TypeAlias = "tuple[CellValue, ...] | TableHead | Picture"
_NUMBERS = ("int", "float", "double", "decimal", "uint")


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of an artifact: lines, the beginning of a table, or a picture.

    Attributes:
        artifact: None before one is chosen.
        kind: A remark beside its name.
        content: What to draw.
    """

    artifact: Artifact | None = None
    kind: str = ""
    content: Content = ()


class ArtifactPreview(Pane[Look]):
    """A look into the artifact under the cursor."""

    DEFAULT_CSS = """
    ArtifactPreview > PictureView, ArtifactPreview > WindowTable { display: none; }
    ArtifactPreview.-table > TextView, ArtifactPreview.-picture > TextView { display: none; }
    ArtifactPreview.-table > WindowTable, ArtifactPreview.-picture > PictureView { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._artifact: Artifact | None = None

    def compose(self) -> ComposeResult:
        """A text, a table and a picture, one of which is shown."""
        yield TextView(id="artifact-text")
        yield WindowTable((), id="artifact-table")
        yield PictureView()

    @property
    def artifact(self) -> Artifact | None:
        """What is looked into."""
        return self._artifact

    def preview(self, artifact: Artifact | None) -> None:
        """Shows another artifact."""
        if artifact != self._artifact:
            self._artifact = artifact
            self.reload(restart=True)

    def preview_folder(self, folder: str, files: int, size_bytes: int) -> None:
        """Says what is in a folder."""
        self.preview(None)
        self.entitle(folder, f"{shown.count(files, 'file')} · {shown.size(size_bytes)}")

    def load(self, session: Session) -> Look:
        """Reads the beginning of the file."""
        artifact = self._artifact
        if artifact is None or session.store is None:
            return Look()
        try:
            return look_into(artifact, artifacts.object_path(session.store.objects_dir, artifact.digest))
        except FileNotFoundError:
            problem = "its bytes are gone: the object was deleted from the store"
        except OSError as error:
            problem = f"its bytes cannot be read: {error.strerror}"
        return Look(artifact, "", (Cell(problem, "error"), Cell(f"sha256 {artifact.digest}", "dim")))

    def show(self, records: Look) -> None:
        """Draws what was read."""
        artifact, content = records.artifact, records.content
        note = " · ".join(part for part in (shown.size(artifact.size_bytes), records.kind) if part) if artifact else ""
        if artifact:
            self.entitle(artifact.path, note)
        had_focus = self.has_focus_within
        self.set_class(isinstance(content, TableHead), "-table")
        self.set_class(isinstance(content, Picture), "-picture")
        if isinstance(content, TableHead):
            self._show_table(content)
        elif isinstance(content, Picture):
            self.query_one(PictureView).show(content)
        else:
            view = self.query_one("#artifact-text", TextView)
            view.show(content)
            view.scroll_to(y=0, animate=False)
        if had_focus:
            self.focus_inside()

    def focus_inside(self) -> None:
        """Gives the focus to what is shown."""
        name = "PictureView" if self.has_class("-picture") else "#artifact-table" if self.has_class("-table") else ""
        self.query_one(name or "#artifact-text").focus()

    def _show_table(self, table: TableHead) -> None:
        view = self.query_one(WindowTable)
        view.set_columns(
            [
                Column(str(place), name, 3, _CELL_WIDTH, min(place, 1), right=kind.startswith(_NUMBERS))
                for place, (name, kind) in enumerate(zip(table.columns, table.types, strict=True))
            ]
        )
        types = Row("types", tuple(Cell(kind, "accent") for kind in table.types))
        view.show([types, *(Row(place, row) for place, row in enumerate(table.rows))])
        view.action_top()


def look_into(artifact: Artifact, full: str) -> Look:
    """What is shown of a file.

    Args:
        artifact: Its name helps to tell what it is.
        full: Where its bytes are.

    Raises:
        OSError: They cannot be read.
    """
    with open(full, "rb") as file:
        head = file.read(texts.HEAD_BYTES)
        try:
            if pictures.is_picture(artifact.path, head):
                file.seek(0)
                picture = pictures.read(file, artifact.size_bytes)
                return Look(artifact, _picture_kind(picture), picture)
            if tables.is_table(artifact.path, head) and head:
                table = tables.read(full, artifact.path)
                return Look(artifact, _table_kind(table), table)
        except Refused as error:
            refusal = Cell(error.message, "warning")
            return _text(artifact, head, refusal, "")
        if artifact.path.lower().endswith(".json") and artifact.size_bytes <= texts.JSON_BYTES:
            head += file.read(texts.JSON_BYTES)
            return _json(artifact, head)
    return _text(artifact, head)


def _json(artifact: Artifact, whole: bytes) -> Look:
    text = texts.decode(whole)
    if text is None:
        return _text(artifact, whole)
    table = tables.of_json(text.content)
    if table is not None:
        return Look(artifact, _table_kind(table), table)
    return Look(artifact, "JSON", _lines(texts.laid_out(text.content), True))


def _text(artifact: Artifact, head: bytes, *before: CellValue) -> Look:
    kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")
    text = texts.decode(head) if not kind else None
    if text is None:
        return Look(artifact, "", (*before, *_as_it_is(artifact, head, kind)))
    lines = _lines(text.content, len(head) >= artifact.size_bytes)
    if artifact.path.lower().endswith((".html", ".htm", ".svg")):
        before = (*before, Cell("e writes it to a file, which a browser shows", "accent"), "")
    return Look(artifact, text.encoding, (*before, *lines))


def _lines(content: str, is_whole: bool) -> tuple[CellValue, ...]:
    lines: list[CellValue] = list(content.splitlines())
    rest = [] if is_whole and len(lines) <= LINES else [Cell("… and more: e writes all of it to a file", "dim")]
    return (*lines[:LINES], *rest) or (Cell("empty", "dim"),)


def _as_it_is(artifact: Artifact, head: bytes, kind: str = "") -> tuple[CellValue, ...]:
    """Of what is no text its first bytes."""
    rows: list[CellValue] = []
    for start in range(0, min(len(head), 256), 16):
        part = head[start : start + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        rows.append((Cell(f"{start:04x}  ", "faint"), Cell(f"{part.hex(' '):<47}  "), Cell(letters, "dim")))
    return (Cell(kind or "no text", "strong"), Cell(f"sha256 {artifact.digest}", "dim"), "", *rows)


def _table_kind(table: TableHead) -> str:
    count = f"{table.row_count:,}" if table.row_count is not None else f"{len(table.rows)}+"
    shape = f"{count} × {table.column_count:,}"
    return f"{shape} · {table.note}" if table.note else shape


def _picture_kind(picture: Picture) -> str:
    width, height = picture.original
    more = f", first of {picture.frames}" if picture.frames > 1 else ""
    return f"{picture.format} {width} × {height}{more}"
