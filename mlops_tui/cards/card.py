"""The card of a model version as plain data: what the registry knows of it, what people wrote, what was measured.

Gathering measures nothing, see ``measures``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_store import card_texts, datasets, gate_verdicts, models, notes, profiles, runs
from mlops_store.card_texts import CardText
from mlops_store.errors import NotFound
from mlops_store.gate_verdicts import GateVerdict
from mlops_store.records import DatasetUse, ModelVersion, Note, Profile, RunDetail
from mlops_store.store import Store
from mlops_store.version_measures import Measured
from mlops_tui.cards import measures
from mlops_tui.compare.columns import is_of_machine
from mlops_tui.registry import card_texts as texts_rules
from mlops_tui.registry import previews
from mlops_tui.registry.card_texts import SECTIONS, Review
from mlops_tui.registry.formats import kinds


@dataclass(frozen=True, slots=True)
class Card:
    """A card.

    Attributes:
        version: The version.
        review: Where the review stands.
        texts: Section -> what was written; sections that nobody wrote are not there.
        run: The run that made it, None where it is gone or there was none.
        datasets: What that run read and wrote.
        metrics: The metrics, but those of the machine.
        verdicts: Stage -> what its gates found last.
        profile: What the data looked like that drift is measured from.
        energy_wh: What the run's machine drew, in watt hours, by part; empty where it was not recorded.
        notes: Remarks of people.
        measured: Kind -> what was measured; kinds that were not measured yet are not there.
    """

    version: ModelVersion
    review: Review
    texts: Mapping[str, CardText]
    run: RunDetail | None = None
    datasets: tuple[DatasetUse, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    verdicts: Mapping[str, tuple[GateVerdict, ...]] = field(default_factory=dict)
    profile: Profile | None = None
    energy_wh: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    measured: Mapping[str, Measured] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``churn version 3``."""
        return f"{self.version.model} version {self.version.version}"

    @property
    def missing(self) -> tuple[str, ...]:
        """The sections that nobody wrote."""
        return tuple(section for section in SECTIONS if not self.body(section).strip())

    def body(self, section: str) -> str:
        """What was written in a section."""
        return self.texts[section].body if section in self.texts else ""


def gather(store: Store, name: str, number: int) -> Card:
    """The card of a version.

    Raises:
        NotFound: No such version.
    """
    with store.snapshot() as db:
        version = models.version(db, name, number)
        texts = card_texts.of_version(db, name, number)
        run = _run(store, version)
        found = {kind: measures.kept(store, version, kind) for kind in measures.KINDS}
        metrics = previews.measured(db, version)
        return Card(
            version=version,
            review=texts_rules.standing(db, name, number, texts),
            texts=texts,
            run=run,
            datasets=() if version.run_id is None else datasets.of_run(db, version.run_id),
            metrics={key: value for key, value in sorted(metrics.items()) if not is_of_machine(key)},
            verdicts=gate_verdicts.all_of(db, name, number),
            profile=None if version.profile_id is None else profiles.get(db, version.profile_id),
            energy_wh=_energy(metrics if run is None else run.run.metrics),
            notes=notes.of(db, f"model:{name}/{number}"),
            measured={kind: one for kind, one in found.items() if one is not None},
        )


def shape(card: Card) -> dict[str, Any]:
    """The card for programs."""
    version, run = card.version, card.run
    return {
        "model": version.model,
        "version": version.version,
        "stage": version.stage,
        "aliases": version.aliases,
        "tags": version.tags,
        "parent": version.parent,
        "description": version.description,
        "flavor": version.flavor,
        "runs": kinds.runs(version.flavor) or None,
        "size_bytes": version.size_bytes,
        "digest": version.digest,
        "source": version.source,
        "created_at": version.created_at,
        "created_by": version.created_by,
        "run_id": version.run_id,
        "git_commit": version.lineage.get("git_commit") or None,
        "signature": version.lineage.get("signature") or {},
        "review": card.review,
        "texts": {
            section: {
                "title": title,
                "body": card.body(section),
                "author": card.texts[section].author if section in card.texts else None,
                "at": card.texts[section].at if section in card.texts else None,
                "version": card.texts[section].version if section in card.texts else None,
            }
            for section, (title, _) in SECTIONS.items()
        },
        "missing": card.missing,
        "datasets": [
            {
                "name": use.dataset.name,
                "digest": use.dataset.digest,
                "path": use.dataset.path,
                "rows": use.dataset.row_count,
                "context": use.context,
            }
            for use in card.datasets
        ],
        "metrics": card.metrics,
        "params": version.lineage.get("params") or {},
        "gates": {stage: [one._asdict() for one in verdicts] for stage, verdicts in card.verdicts.items()},
        "profile": None if card.profile is None else {"name": card.profile.name, **card.profile.summary},
        "environment": {
            "python": version.lineage.get("python_version") or None,
            "packages": run.packages if run else {},
            "hardware": run.hardware if run else {},
        },
        "energy_wh": card.energy_wh,
        "measured": {kind: one._asdict() for kind, one in card.measured.items()},
    }


def _run(store: Store, version: ModelVersion) -> RunDetail | None:
    if version.run_id is None:
        return None
    try:
        return runs.detail(store.read(), version.run_id)
    except NotFound:
        return None


def _energy(metrics: Mapping[str, float]) -> dict[str, float]:
    ending = "energy_watt_hours"
    return {
        key.removeprefix("system/").removesuffix(ending).rstrip("_") or "all": value
        for key, value in sorted(metrics.items())
        if key.endswith(ending)
    }


__all__ = ["Card", "gather", "shape"]
