"""The parts of a version's page as rows of lists. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_tui.registry.formats import kinds
from mlops_tui.registry.version_details import GateState, VersionDetails
from mlops_tui.ui import shown
from mlops_tui.ui.screens import history_rows, model_rows
from mlops_tui.ui.screens.fact_list import Fact
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.theme import sign, state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

_NAME = 12
_APPROVALS = {"waiting": "waiting", "approved": "ok", "rejected": "error", "expired": "warning", "done": "ok"}

METRICS = (
    Column("metric", "metric", 10, 60, grows=True),
    Column("value", "this", 8, 16, right=True),
    Column("holder", "holder", 8, 16, 1, right=True),
    Column("change", "change", 8, 16, 2, right=True),
    Column("verdict", "", 6, 10, 2),
)
SIGNATURE = (
    Column("side", "", 5, 7),
    Column("name", "column", 8, 60, grows=True),
    Column("type", "type", 6, 40),
    Column("required", "required", 3, 8, 1),
)
GATES = (
    Column("sign", "", 1, 1),
    Column("stage", "to", 5, 16),
    Column("gate", "gate", 6, 30),
    Column("kind", "kind", 5, 12, 2),
    Column("message", "what it found", 14, 300, grows=True),
    Column("at", "when", 8, 12, 1),
)
APPROVALS = (
    Column("sign", "", 1, 1),
    Column("stage", "to", 5, 16),
    Column("what", "act", 7, 10),
    Column("by", "by", 3, 24),
    Column("at", "when", 8, 12, 1),
    Column("comment", "in their words", 10, 300, grows=True),
)
FILES = (
    Column("sign", "", 1, 1),
    Column("path", "file", 10, 200, grows=True),
    Column("size", "size", 6, 9, right=True),
    Column("digest", "sha256", 8, 64, 1),
)
HISTORY = history_rows.COLUMNS


def lineage(details: VersionDetails) -> list[Fact]:
    """Run, code, data and environment; what leads somewhere can be opened."""
    version, known = details.version, details.version.lineage
    mark, environment = kinds.mark(version.flavor), known.get("environment")
    environment = environment if isinstance(environment, Mapping) else {}
    found = [
        _fact("run", model_rows.run_name(version), "run" if version.run_id else "", version.run_id or ""),
        _fact("run id", version.run_id or ""),
        _fact("experiment", known.get("experiment")),
        _fact("source", version.source),
        _fact("script", known.get("source")),
        _fact("commit", known.get("git_commit")),
        _fact("branch", known.get("git_branch")),
    ]
    if known.get("git_dirty"):
        found.append(_fact("", Cell(f"{state_sign('warning').text} trained from uncommitted changes", "warning")))
    pipeline = known.get("pipeline")
    if isinstance(pipeline, Mapping):
        found.append(_fact("stage", pipeline.get("stage"), "pipeline", str(pipeline.get("stage", ""))))
    for number, data in enumerate(_mappings(known.get("datasets"))):
        path = str(data.get("path") or "")
        said = f"{data.get('name')}  {str(data.get('digest') or '')[:12]}  {data.get('context') or ''}"
        found.append(_fact("data", said, "data" if path else "", path, number))
    found += [
        _fact("format", version.flavor),
        *([_fact("", Cell(f"{state_sign('warning').text} {mark}", "warning"))] if mark else []),
        _fact("parent", known.get("parent")),
        _fact("trusted", ", ".join(map(str, known.get("trusted") or ()))),
        _fact("python", known.get("python_version") or environment.get("python_version")),
        _fact("packages", _packages(environment) or str(known.get("packages_digest") or "")[:12]),
        _fact("digest", version.digest),
    ]
    params = known.get("params")
    if isinstance(params, Mapping) and params:
        found += [Fact(("gap",)), Fact(("params",), (Cell("params", "dim"),))]
        width = min(32, max(map(len, params)))
        found += [
            Fact(("params", key), (Cell(f"  {clean(key, 32).ljust(width)}  ", "dim"), Cell(str(value))), width + 4)
            for key, value in sorted(params.items())
        ]
    return [fact for fact in found if fact is not None]


def _packages(environment: Mapping[str, Any]) -> str:
    packages = environment.get("packages")
    if not isinstance(packages, Mapping) or not packages:
        return ""
    return f"{shown.count(len(packages), 'package')} locked in requirements.txt"


def _fact(name: str, value: object, place: str = "", argument: str = "", number: int = 0) -> Fact:
    cell = value if isinstance(value, Cell) else Cell(str(value or sign("dot")), "" if value else "faint")
    return Fact((name, str(number)), (Cell(name.ljust(_NAME), "dim"), cell), _NAME, place, argument)


def metrics(details: VersionDetails) -> list[Row]:
    """Each metric beside the holder's."""
    return [
        Row(
            key, (key, model_rows.metric(ours), Cell(shown.number(theirs), "dim"), *_change(details, key, ours, theirs))
        )
        for key, (ours, theirs) in details.metrics.items()
    ]


def _change(details: VersionDetails, key: str, ours: float | None, theirs: float | None) -> tuple[CellValue, CellValue]:
    verdict = details.verdicts.get(key, "")
    tone = {"better": "good", "worse": "bad"}.get(verdict, "dim")
    change = f"{ours - theirs:+.4g}" if ours is not None and theirs is not None and verdict else ""
    return Cell(change, tone), Cell("same" if verdict == "equal" else verdict, tone)


def signature(details: VersionDetails) -> list[Row]:
    """What the model takes and gives."""
    known = details.version.lineage.get("signature")
    known = known if isinstance(known, Mapping) else {}
    found = []
    for side, key in (("takes", "inputs"), ("gives", "outputs"), ("params", "params")):
        for place, column in enumerate(_mappings(known.get(key))):
            tensor = column.get("tensor-spec")
            kind = f"{tensor.get('dtype')} {tensor.get('shape')}" if isinstance(tensor, Mapping) else column.get("type")
            needed = "" if side != "takes" else "no" if column.get("required") is False else "yes"
            name = str(column.get("name") or sign("dot"))
            found.append(Row((side, place), (Cell(side, "dim"), name, str(kind or ""), Cell(needed, "dim"))))
    return found


def gates(details: VersionDetails, now: float) -> list[Row]:
    """What each gate on the way up has found."""
    return [Row((one.stage, one.gate), _gate(one, now)) for one in details.gates]


def _gate(one: GateState, now: float) -> tuple[CellValue, ...]:
    verdict = one.verdict
    if verdict is None:
        said: tuple[CellValue, ...] = (Cell("has not looked yet", "dim"), "")
        mark = state_sign("waiting")
    else:
        mark = state_sign("ok" if verdict.has_passed else "error")
        said = (Cell(verdict.message, "" if verdict.has_passed else "bad"), Cell(shown.moment(verdict.at, now), "dim"))
    return mark, one.stage, one.gate, Cell(one.kind, "dim"), *said


def approvals(details: VersionDetails, now: float) -> list[Row]:
    """Where each approval stands, and who said what."""
    found = []
    for one in details.rounds:
        mark = state_sign(_APPROVALS.get(one.state, "waiting"))
        found.append(Row((one.stage, 0), (mark, one.stage, Cell(one.state, "strong"), "", "", one.message)))
        for entry in reversed(one.acts):
            verb = entry.action.partition(".")[2]
            when = Cell(shown.moment(entry.at, now), "dim")
            found.append(Row((one.stage, entry.id), ("", "", verb, entry.actor, when, Cell(entry.reason, "dim"))))
    return found


def files(details: VersionDetails) -> list[Row]:
    """What the version consists of."""
    return [
        Row(
            one.path,
            (
                state_sign("ok" if one.is_there else "missing"),
                one.path if one.is_there else (Cell(one.path), Cell("  gone from the store", "bad")),
                shown.size(one.size_bytes),
                Cell(one.digest, "dim"),
            ),
        )
        for one in details.files
    ]


def history(details: VersionDetails, now: float) -> list[Row]:
    """What was done to it, newest first."""
    return [history_rows.row(entry, now) for entry in details.history]


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from (item for item in value if isinstance(item, Mapping))
