"""The ways to MLflow's registry: HTTP without any package, and the package for what lies in files."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry.mirrors.mlflow import Held, Server

_TIMEOUT_S = 5.0
_MAX_BYTES = 32 << 20


def server(uri: str) -> Server:
    """The way to the registry that a URI names.

    Raises:
        Refused: It needs the package ``mlflow``, which is not installed.
    """
    return Rest(uri) if uri.partition(":")[0] in ("http", "https") else Package(uri)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: a password that is meant for one server is not told another."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No further request."""
        return


class Rest:
    """A server of MLflow.

    The token (``MLFLOW_TRACKING_TOKEN``) or the user and password (``MLFLOW_TRACKING_USERNAME``,
    ``MLFLOW_TRACKING_PASSWORD``) come from the environment, as MLflow's own client takes them.

    Args:
        uri: Where it listens.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")
        self._opener = urllib.request.build_opener(_Stay)

    def held(self, model: str) -> Held:
        """What the server holds of a model."""
        found = self._ask("GET", "registered-models/get", {"name": model}, may_be_missing=True)
        if not found:
            return Held({}, {})
        aliases = found.get("registered_model", {}).get("aliases", [])
        versions: dict[int, str] = {}
        quoted = model.replace("'", "''")
        question = {"filter": f"name='{quoted}'", "max_results": "1000"}
        while True:
            page = self._ask("GET", "model-versions/search", question)
            for one in page.get("model_versions", []):
                versions[int(one["version"])] = str(one.get("current_stage") or "None")
            if not page.get("next_page_token"):
                break
            question["page_token"] = page["next_page_token"]
        return Held(versions, {str(one["alias"]): int(one["version"]) for one in aliases})

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Lets an alias name a version."""
        self._ask("POST", "registered-models/alias", {"name": model, "alias": alias, "version": str(version)})

    def remove_alias(self, model: str, alias: str) -> None:
        """Takes an alias away."""
        self._ask("DELETE", "registered-models/alias", {"name": model, "alias": alias})

    def set_stage(self, model: str, version: int, stage: str) -> None:
        """Moves a version to a legacy stage."""
        body = {"name": model, "version": str(version), "stage": stage, "archive_existing_versions": False}
        self._ask("POST", "model-versions/transition-stage", body)

    def _ask(self, method: str, path: str, body: dict[str, Any], *, may_be_missing: bool = False) -> dict[str, Any]:
        url, data = f"{self._uri}/api/2.0/mlflow/{path}", None
        if method == "GET":
            url += "?" + urllib.parse.urlencode(body)
        else:
            data = json.dumps(body).encode()
        request = urllib.request.Request(url, data, _headers(), method=method)  # noqa: S310 — http or https
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                found = json.loads(answer.read(_MAX_BYTES) or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                code, message = _problem(error.read(_MAX_BYTES))
            if may_be_missing and code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise Refused(f"MLflow answered {error.code}: {message or error.reason}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Refused(f"MLflow at {self._uri} cannot be reached ({reason})") from error
        if not isinstance(found, dict):
            raise Refused("MLflow answered with something else than an object")
        return found


def _headers() -> dict[str, str]:
    found = {"Content-Type": "application/json"}
    token, user = os.environ.get("MLFLOW_TRACKING_TOKEN"), os.environ.get("MLFLOW_TRACKING_USERNAME")
    if user:
        pair = f"{user}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
        found["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif token:
        found["Authorization"] = f"Bearer {token}"
    return found


def _problem(body: bytes) -> tuple[str, str]:
    try:
        found = json.loads(body)
        return str(found.get("error_code", "")), " ".join(str(found.get("message", "")).split())[:200]
    except (ValueError, AttributeError):
        return "", ""


class Package:
    """A registry that the package ``mlflow`` opens.

    Args:
        uri: As MLflow takes it.

    Raises:
        Refused: The package is not installed.
    """

    def __init__(self, uri: str) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise Refused(
                f"{uri} is opened with the package mlflow, which is not installed", "pip install mlflow"
            ) from (error)
        self._client: Any = MlflowClient(registry_uri=uri, tracking_uri=uri)

    def held(self, model: str) -> Held:
        """What the registry holds of a model."""
        found = self._call("search_registered_models", _equals(model))
        if not found:
            return Held({}, {})
        versions, token = {}, None
        while True:
            page = self._call("search_model_versions", _equals(model), page_token=token)
            versions.update({int(one.version): str(one.current_stage or "None") for one in page})
            token = page.token
            if not token:
                return Held(versions, {alias: int(number) for alias, number in found[0].aliases.items()})

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Lets an alias name a version."""
        self._call("set_registered_model_alias", model, alias, str(version))

    def remove_alias(self, model: str, alias: str) -> None:
        """Takes an alias away."""
        self._call("delete_registered_model_alias", model, alias)

    def set_stage(self, model: str, version: int, stage: str) -> None:
        """Moves a version to a legacy stage."""
        self._call("transition_model_version_stage", model, str(version), stage)

    def _call(self, name: str, *arguments: Any, **named: Any) -> Any:
        import warnings

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that stages are on their way out
                return getattr(self._client, name)(*arguments, **named)
        except Exception as error:  # MLflow's, SQLAlchemy's and the file system's
            raise Refused(f"MLflow: {' '.join(str(error).split())[:200]}") from error


def _equals(model: str) -> str:
    quoted = model.replace("'", "''")
    return f"name='{quoted}'"
