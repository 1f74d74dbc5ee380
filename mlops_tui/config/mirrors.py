"""``[registry.mlflow]`` and ``[registry.gto]``: other registries that changes of stage are written along to."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_tui.config.reader import Reader


@dataclass(frozen=True, slots=True)
class MirrorsConfig:
    """The registries that follow ours.

    Attributes:
        mlflow_uri: MLflow's registry: ``http://`` or ``https://`` of a server, or what the package mlflow opens
            (``sqlite:///mlflow.db``, a directory); "" for none.
        mlflow_stages: Whether MLflow's legacy stages are set beside its aliases.
        gto_tags: Whether GTO's tags are made in the project's Git repository.
    """

    mlflow_uri: str = ""
    mlflow_stages: bool = True
    gto_tags: bool = False


def read(reader: Reader, mlflow: object, gto: object) -> MirrorsConfig:
    """The two tables.

    Raises:
        SpecError: A key or value is not understood.
    """
    server = reader.table(mlflow, "registry.mlflow", ("uri", "stages"))
    tags = reader.table(gto, "registry.gto", ("tags",))
    uri = reader.text(server.get("uri", ""), "registry.mlflow.uri").strip()
    if server and not uri:
        raise reader.error("registry.mlflow", "needs 'uri'", 'add: uri = "http://127.0.0.1:5000"')
    if "@" in uri.partition("://")[2].partition("/")[0] and uri.startswith("http"):
        raise reader.error(
            "registry.mlflow.uri", "holds a password", "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD hold it"
        )
    return MirrorsConfig(
        uri,
        reader.flag(server.get("stages", True), "registry.mlflow.stages"),
        reader.flag(tags.get("tags", False), "registry.gto.tags"),
    )
