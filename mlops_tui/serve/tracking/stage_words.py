"""MLflow's four stages and the stages of a project: which is which.

``None`` is the first stage and ``Archived`` the last one. ``Production`` is the stage of that name, else the one that
is in charge; ``Staging`` the stage of that name, else the one before that. Further stages go by their own names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_tui.config import RegistryConfig
from mlops_tui.serve.tracking.problems import invalid

ALL = ("None", "Staging", "Production", "Archived")
#: Those whose versions are in use.
ACTIVE = ("Staging", "Production")


def words(registry: RegistryConfig) -> Mapping[str, str]:
    """Stage -> the word that clients know it by."""
    between = registry.stages[1:-1]
    named = {stage.lower(): stage for stage in between}
    production = named.get("production") or (registry.charge if registry.charge in between else "")
    before = between[: between.index(production)] if production else between
    staging = named.get("staging") or (before[-1] if before else "")
    found = {stage: stage for stage in registry.stages}
    found |= {stage: word for stage, word in ((staging, "Staging"), (production, "Production")) if stage}
    return found | {registry.first: "None", registry.archive: "Archived"}


def stage(registry: RegistryConfig, word: str) -> str:
    """The stage that a client names, in any case, by MLflow's word or by its own name.

    Raises:
        Fault: The project has none for that word.
    """
    known = {one.lower(): one for one in registry.stages}
    known |= {shown.lower(): one for one, shown in words(registry).items()}
    if word.lower() in known:
        return known[word.lower()]
    if word.lower() in map(str.lower, ALL):
        raise invalid(f"No stage of this project is {word}. Its stages are {', '.join(registry.stages)}.")
    raise invalid(f"Invalid Model Version stage: {word}. Value must be one of {', '.join(_known(registry))}.")


def _known(registry: RegistryConfig) -> Sequence[str]:
    own = [word for word in words(registry).values() if word not in ALL]
    return (*ALL, *own)
