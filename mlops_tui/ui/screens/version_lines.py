"""A model version as lines of text: where it stands, where it comes from, what it takes and gives. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store.records import ModelVersion, Note, RunStatus, StageChange
from mlops_tui.config import RegistryConfig
from mlops_tui.registry.formats import kinds
from mlops_tui.registry.signing import SignatureState
from mlops_tui.ui import shown
from mlops_tui.ui.screens import model_rows
from mlops_tui.ui.text import Cell, CellValue, Hanging, fit
from mlops_tui.ui.theme import sign, state_cell, state_sign

_LABEL_WIDTH = 9
#: Columns of a signature, params and metrics that are listed before the rest is counted.
_COLUMNS, _VALUES = 6, 40


@dataclass(frozen=True, slots=True)
class Detail:
    """A version with what the store knows about it beside its own record."""

    version: ModelVersion | None = None
    changes: tuple[StageChange, ...] = ()
    notes: tuple[Note, ...] = ()
    run_status: RunStatus | None = None
    profile_rows: int | None = None
    profile_columns: int = 0
    signature: SignatureState | None = None


def lines(detail: Detail, registry: RegistryConfig, now: float) -> list[CellValue]:
    """Everything about a version, the most asked for first."""
    version = detail.version
    if version is None:
        return []
    return [
        *_standing(version, detail, registry, now),
        "",
        *_origin(version, detail, now),
        "",
        *_interface(version, detail),
        *_values("metrics", model_rows.metrics(version)),
        *_values("params", _mapping(version.lineage.get("params"))),
        *_values("tags", version.tags),
        *_notes(detail.notes, now),
    ]


def _standing(version: ModelVersion, detail: Detail, registry: RegistryConfig, now: float) -> Iterator[CellValue]:
    arrival = next((change for change in detail.changes if change.to_stage == version.stage), None)
    since = f"  since {shown.moment(arrival.at, now)} by {arrival.actor}" if arrival else ""
    stage = model_rows.stage_cell(version.stage, registry)
    yield Cell(f"v{version.version} ", "strong"), Cell(stage.text, stage.tone or "strong"), Cell(since, "dim")
    if arrival and arrival.reason:
        yield Cell(f"“{arrival.reason}”", "dim")
    if version.aliases:
        yield Cell(" ".join(f"@{alias}" for alias in version.aliases), "accent")
    if version.description:
        yield version.description


def _origin(version: ModelVersion, detail: Detail, now: float) -> Iterator[CellValue]:
    lineage = version.lineage
    if version.run_id:
        status = (Cell("  "), state_cell(detail.run_status)) if detail.run_status else ()
        yield _labelled(
            "run", Cell(model_rows.run_name(version)), Cell(f"  {shown.short_id(version.run_id)}", "dim"), *status
        )
    else:
        yield _labelled("source", Cell(version.source))
    commit = str(lineage.get("git_commit") or "")
    if commit:
        branch = str(lineage.get("git_branch") or "")
        dirty = Cell(f"  {state_sign('warning').text} uncommitted changes", "warning")
        code = [Cell(commit[:10]), Cell(f"  {branch}" if branch else "", "dim")]
        yield _labelled("code", *code, *([dirty] if lineage.get("git_dirty") else []))
    else:
        yield _labelled("code", Cell("not in a Git commit", "warning"))
    if source := str(lineage.get("source") or ""):
        yield _labelled("script", Cell(source))
    for place, dataset in enumerate(_mappings(lineage.get("datasets"))):
        name, digest, context = (str(dataset.get(key) or "") for key in ("name", "digest", "context"))
        yield _labelled("" if place else "data", Cell(name), Cell(f"  {digest[:12]}  {context}", "dim"))
    if version.parent:
        yield _labelled("follows", Cell(f"v{version.parent}"))
    by = f" by {version.created_by}" if version.created_by else ""
    yield _labelled("made", Cell(f"{shown.moment(version.created_at, now)}{by}"))


def _interface(version: ModelVersion, detail: Detail) -> Iterator[CellValue]:
    python = str(version.lineage.get("python_version") or "")
    yield _labelled(
        "model",
        Cell(f"{version.flavor}  {shown.size(version.size_bytes)}"),
        Cell(f"  {version.digest[:12]}" + (f"  python {python}" if python else ""), "dim"),
    )
    if mark := kinds.mark(version.flavor):
        yield _labelled("", Cell(f"{state_sign('warning').text} {mark}", "warning"))
    if detail.profile_rows is not None:
        size = f"{shown.count(detail.profile_rows, 'row')}, {shown.count(detail.profile_columns, 'column')}"
        yield _labelled("profile", Cell(size))
    else:
        yield _labelled("profile", Cell("none: drift cannot be watched", "warning"))
    if detail.signature is not None:
        yield _labelled("signed", *_signed(detail.signature))
    signature = _mapping(version.lineage.get("signature"))
    for label, key in (("takes", "inputs"), ("gives", "outputs")):
        columns = _mappings(signature.get(key))
        if columns:
            yield _labelled(label, *_signature(columns))


def _signed(signature: SignatureState) -> Iterator[Cell]:
    if signature.state == "unsigned":
        yield Cell("by nobody", "dim")
    elif signature.is_valid:
        yield Cell(f"with the key {signature.key_name} by {signature.signed_by}")
        yield Cell(f"  {signature.key[:12]}", "dim")
    else:
        yield Cell(f"{state_sign('error').text} {signature.message}", "bad")


def _signature(columns: Sequence[Mapping[str, Any]]) -> Iterator[Cell]:
    if len(columns) > 1:
        yield Cell(f"{len(columns)} columns: ")
    is_long = len(columns) > _COLUMNS
    for place, column in enumerate(columns[: _COLUMNS - 1 if is_long else _COLUMNS]):
        tensor = _mapping(column.get("tensor-spec"))
        kind = f"{tensor.get('dtype')} {tensor.get('shape')}" if tensor else str(column.get("type", ""))
        name = str(column.get("name") or "")
        yield Cell((", " if place else "") + (name or kind))
        if name and not is_long:
            yield Cell(f" {kind}", "dim")
    if is_long:
        yield Cell(f", {sign('more')}", "dim")


def _values(title: str, values: Mapping[str, Any]) -> Iterator[CellValue]:
    if not values:
        return
    yield ""
    yield Cell(title, "dim")
    width = min(28, max(len(key) for key in values))
    for key in sorted(values)[:_VALUES]:
        value = values[key]
        text = shown.number(float(value)) if isinstance(value, float) else str(value)
        yield Cell(f"  {fit(key, width)}  "), Cell(text)
    if len(values) > _VALUES:
        yield Cell(f"  and {len(values) - _VALUES} more", "dim")


def _notes(notes: Sequence[Note], now: float) -> Iterator[CellValue]:
    if notes:
        yield ""
        yield Cell("notes", "dim")
    for note in notes:
        yield Cell(f"  {shown.moment(note.created_at, now)} {note.author}: ", "dim"), Cell(note.body)


def _labelled(label: str, *cells: Cell) -> tuple[Cell, ...]:
    return Hanging((Cell(label, "dim"), Cell(" " * (_LABEL_WIDTH - len(label))), *cells))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []
