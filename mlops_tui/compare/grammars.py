"""What MLflow's filters of runs, experiments and the like may name: one grammar, other words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_tui.compare.terms import Entity

ENTITIES = {
    **dict.fromkeys(("metric", "metrics"), Entity.METRIC),
    **dict.fromkeys(("parameter", "parameters", "param", "params"), Entity.PARAM),
    **dict.fromkeys(("tag", "tags"), Entity.TAG),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), Entity.ATTRIBUTE),
    **dict.fromkeys(("dataset", "datasets"), Entity.DATASET),
}
MLFLOW_ATTRIBUTES = {
    **{name: name for name in ("run_id", "run_name", "user_id", "status", "artifact_uri", "start_time", "end_time")},
    **dict.fromkeys(("created", "Created"), "start_time"),
    **dict.fromkeys(("run name", "Run name", "Run Name"), "run_name"),
}
NUMERIC = (">", ">=", "!=", "=", "<", "<=")
TEXT = ("=", "!=", "LIKE", "ILIKE")
LISTS = ("IN", "NOT IN")
_WORDS = {
    Entity.METRIC: "metrics",
    Entity.PARAM: "params",
    Entity.TAG: "tags",
    Entity.ATTRIBUTE: "attributes",
    Entity.DATASET: "datasets",
}


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a filter is about.

    Attributes:
        subject: What it finds one of, as in 'a run'.
        attributes: What clients call an attribute -> its name.
        numbers: Attributes that are compared with numbers.
        lists: Attributes that are compared with lists of texts, too.
        entities: What keys can be of.
    """

    subject: str
    attributes: Mapping[str, str]
    numbers: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = (Entity.ATTRIBUTE, Entity.TAG)

    @property
    def words(self) -> tuple[str, ...]:
        """What the left side of a comparison may begin with."""
        return tuple(_WORDS[entity] for entity in self.entities)


RUNS = Grammar("a run", MLFLOW_ATTRIBUTES, ("start_time", "end_time"), ("run_id",), tuple(Entity))
_MADE, _CHANGED = ("creation_timestamp", "creation_time"), ("last_updated_timestamp", "last_updated_time")
LOGGED_MODELS = Grammar(
    "a logged model",
    {
        **{name: name for name in ("name", "model_id", "model_type", "status", "source_run_id")},
        **dict.fromkeys(_MADE, "creation_timestamp"),
        **dict.fromkeys(_CHANGED, "last_updated_timestamp"),
    },
    ("creation_timestamp", "last_updated_timestamp"),
    ("name", "model_id", "model_type", "status", "source_run_id"),
    (Entity.ATTRIBUTE, Entity.METRIC, Entity.PARAM, Entity.TAG),
)
REGISTERED_MODELS = Grammar("a registered model", {"name": "name"}, lists=("name",))
VERSIONS = Grammar(
    "a model version",
    {name: name for name in ("name", "version_number", "run_id", "source_path")},
    ("version_number",),
    ("name", "run_id"),
)
EXPERIMENTS = Grammar(
    "an experiment",
    {name: name for name in ("name", "experiment_id", "creation_time", "last_update_time")},
    ("creation_time", "last_update_time"),
    ("experiment_id",),
)
