"""Registered models and their versions as rows of lists. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_store.records import ModelSummary, ModelVersion, StageHolders
from mlops_tui.config import Config, RegistryConfig
from mlops_tui.registry import key_metrics as choice
from mlops_tui.registry.formats import kinds
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.theme import sign, state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

#: What to say where no model is registered.
NOTHING: tuple[CellValue, ...] = (
    "No model is registered yet.",
    "",
    Cell("Choose a run that logged a model and press M there, or:", "dim"),
    Cell("  mlops-tui models register NAME RUN", "accent"),
)
#: Metrics that a list of versions shows at most.
_METRICS = 4


def model_columns(registry: RegistryConfig) -> tuple[Column, ...]:
    """The columns of the list of models: one for each stage but the archive."""
    stages = [
        Column(f"stage {stage}", clean(stage, 60), 3, 18, 1 if stage in registry.single else 2 + place)
        for place, stage in enumerate(reversed(registry.stages[:-1]))
    ]
    return (
        Column("name", "model", 14, 60, grows=True),
        *reversed(stages),
        Column("newest", "newest", 6, 8, 5),
        Column("aliases", "aliases", 8, 40, 7),
        Column("updated", "changed", 8, 12, 6),
    )


def model_row(model: ModelSummary, registry: RegistryConfig, now: float) -> Row:
    """A model; its key is its name."""
    stages = [_holders(model.stages.get(stage), stage in registry.single) for stage in registry.stages[:-1]]
    newest = f"v{model.newest}" if model.newest else "none"
    aliases = ", ".join(f"@{alias} v{version}" for alias, version in sorted(model.aliases.items()))
    return Row(
        model.name,
        (model.name, *stages, newest, Cell(aliases, "accent"), Cell(shown.moment(model.updated_at, now), "dim")),
    )


def _holders(holders: StageHolders | None, is_single: bool) -> CellValue:
    if holders is None:
        return Cell(sign("dot"), "faint")
    more = f" +{holders.count - len(holders.newest)}" if holders.count > len(holders.newest) else ""
    cells: list[Cell] = []
    for version, flavor in holders.newest:
        cells += [Cell(f"{' ' if cells else ''}v{version}", "good" if is_single else ""), *mark(flavor)]
    return (*cells, Cell(more, "dim"))


def key_metrics(versions: Sequence[ModelVersion], config: Config) -> tuple[str, ...]:
    """The metrics that tell versions apart best."""
    return choice.choose(map(metrics, versions), config, _METRICS)


def metrics(version: ModelVersion) -> Mapping[str, Any]:
    """A version's metrics as they were when it was registered."""
    found = version.lineage.get("metrics")
    return found if isinstance(found, Mapping) else {}


def version_columns(keys: Sequence[str], registry: RegistryConfig) -> tuple[Column, ...]:
    """The columns of the list of versions, with these metrics."""
    widest = min(16, max(map(len, registry.stages)))
    return (
        Column("version", "version", 7, 7),
        Column("stage", "stage", widest, 16),
        Column("aliases", "aliases", 6, 30, 3),
        *(
            Column(f"metrics.{key}", clean(key, 60), 5, 16, 1 + min(place, 1), right=True)
            for place, key in enumerate(keys)
        ),
        Column("run", "run", 8, 40, 2, grows=True),
        Column("made", "made", 8, 12, 4),
        Column("by", "by", 3, 14, 6),
        Column("flavor", "format", 6, 15, 7),
        Column("size", "size", 5, 8, 8, right=True),
    )


def version_row(version: ModelVersion, keys: Sequence[str], registry: RegistryConfig, now: float) -> Row:
    """A version; its key is its number."""
    found = metrics(version)
    return Row(
        version.version,
        (
            (Cell(f"v{version.version}"), *mark(version.flavor, " ")),
            stage_cell(version.stage, registry),
            Cell(" ".join(f"@{alias}" for alias in version.aliases), "accent"),
            *(metric(found.get(key)) for key in keys),
            Cell(run_name(version), "" if version.run_id else "dim"),
            Cell(shown.moment(version.created_at, now), "dim"),
            Cell(version.created_by, "dim"),
            format_cell(version.flavor),
            Cell(shown.size(version.size_bytes), "dim"),
        ),
    )


def stage_cell(stage: str, registry: RegistryConfig) -> Cell:
    """A stage by its tone: the one that counts stands out, the archive steps back."""
    if stage in registry.single:
        return Cell(stage, "good")
    return Cell(stage, "dim" if stage == registry.archive else "")


def format_cell(flavor: str) -> Cell:
    """A format; one that runs what the model brings along stands out."""
    if kinds.runs(flavor):
        return Cell(f"{state_sign('warning').text} {flavor}", "warning")
    return Cell(flavor, "dim")


def mark(flavor: str, gap: str = "") -> tuple[Cell, ...]:
    """The warning sign beside the number of a version that runs code when it is loaded; nothing for others."""
    return (Cell(f"{gap}{state_sign('warning').text}", "warning"),) if kinds.runs(flavor) else ()


def metric(value: object) -> CellValue:
    """A metric's value; what is not finite stands out."""
    if not isinstance(value, int | float):
        return ""
    text = shown.number(float(value))
    return text if abs(value) < float("inf") else Cell(text, "warning")


def run_name(version: ModelVersion) -> str:
    """The name of the run that made a version, or its source where no run did."""
    name = version.lineage.get("run_name")
    if isinstance(name, str) and name:
        return name
    return shown.short_id(version.run_id) if version.run_id else version.source


def model_texts(model: ModelSummary) -> tuple[str, ...]:
    """What a filter finds a model by."""
    return (model.name, model.description, *model.aliases, *model.tags, *model.tags.values())
