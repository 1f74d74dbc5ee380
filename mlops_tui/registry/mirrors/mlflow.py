"""MLflow's registry: an alias for each of our stages that holds a single version, and its legacy stages.

A server is spoken to by its REST interface; what lies in a file is opened with the package ``mlflow``, where that is
installed. Versions are matched by their numbers; none are made there.

Source:
    MLflow's REST API, ``registered-models`` and ``model-versions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from mlops_store.errors import Refused
from mlops_store.records import RegisteredModel
from mlops_tui.config import RegistryConfig

#: MLflow's stages but 'None', by our names in lower case.
_STAGES = {"staging": "Staging", "production": "Production", "archived": "Archived"}


class Held(NamedTuple):
    """What MLflow holds of a model.

    Attributes:
        stages: Version -> its legacy stage, 'None' for none.
        aliases: Alias -> the version that it names.
    """

    stages: Mapping[int, str]
    aliases: Mapping[str, int]


class Server(Protocol):
    """A way to MLflow's registry; each method raises MlopsError where it cannot be reached or refuses."""

    def held(self, model: str) -> Held:
        """What it holds of a model; nothing where it has no such model."""
        ...

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Lets an alias name a version."""
        ...

    def remove_alias(self, model: str, alias: str) -> None:
        """Takes an alias away."""
        ...

    def set_stage(self, model: str, version: int, stage: str) -> None:
        """Moves a version to a legacy stage."""
        ...


class Mlflow:
    """MLflow's registry as a mirror.

    Args:
        registry: Our stages.
        server: The way there.
    """

    name = "mlflow"

    def __init__(self, registry: RegistryConfig, server: Server) -> None:
        self._registry = registry
        self._server = server

    def ours(self, model: RegisteredModel) -> Mapping[str, str]:
        """``@production`` -> the number of the version there; ``v3`` -> its stage by MLflow's word."""
        found = {}
        for one in model.versions:
            if one.stage in self._registry.single:
                found[f"@{one.stage}"] = str(one.version)
            if self._registry.mirrors.mlflow_stages and one.stage.lower() in _STAGES:
                found[f"v{one.version}"] = _STAGES[one.stage.lower()]
        return found

    def theirs(self, model: RegisteredModel) -> Mapping[str, str]:
        """The same as MLflow holds it, of aliases that are called like our stages, and of versions that we have."""
        held, numbers = self._server.held(model.name), {one.version for one in model.versions}
        found = {f"@{alias}": str(number) for alias, number in held.aliases.items() if alias in self._registry.single}
        if self._registry.mirrors.mlflow_stages:
            found |= {
                f"v{number}": stage if stage != "None" else ""
                for number, stage in held.stages.items()
                if number in numbers
            }
        return found

    def write(self, model: RegisteredModel, mark: str, value: str, *, is_trial: bool = False) -> None:
        """Moves the alias or the version; a trial only says whether it could.

        Raises:
            Refused: MLflow has no such version.
        """
        number = int(value or 0) if mark.startswith("@") else int(mark[1:])
        if number and number not in self._server.held(model.name).stages:
            raise Refused(f"MLflow has no version {number} of {model.name!r}", "register the model there first")
        if is_trial:
            return
        if not mark.startswith("@"):
            self._server.set_stage(model.name, number, value or "None")
        elif number:
            self._server.set_alias(model.name, mark[1:], number)
        else:
            self._server.remove_alias(model.name, mark[1:])

    def move(self, mark: str, value: str) -> tuple[int, str] | None:
        """The version and stage that a value means."""
        if mark.startswith("@"):
            return (int(value), mark[1:]) if value else None
        words = {_STAGES.get(stage.lower()): stage for stage in self._registry.stages}
        stage = words.get(value) if value else self._registry.first
        return (int(mark[1:]), stage) if stage else None
