"""What names, values and ids may be, as MLflow's stores judge them."""

from __future__ import annotations

import os
import posixpath
import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from mlops_tui.serve.tracking.problems import invalid, missing, wrong_value

KEY_CHARACTERS = 250
PARAM_CHARACTERS = 6_000
TAG_CHARACTERS = 8_000
EXPERIMENT_CHARACTERS = 500
EXPERIMENT_TAG_CHARACTERS = 20_000
LOCATION_CHARACTERS = 2_048

_NAME = re.compile(r"[/\w.\- :]*")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")


def require_name(name: str, path: str) -> None:
    """Refuses a name that no metric, param or tag can have.

    Args:
        name: The name.
        path: What the parameter is called.

    Raises:
        Fault: It has other characters than names have, or is no plain path.
    """
    if _is_name(name):
        return
    if not _NAME.fullmatch(name):
        raise invalid(
            f"{wrong_value(path, name)}: Names may only contain alphanumerics, underscores (_), dashes (-), "
            "periods (.), spaces ( ), colon(:) and slashes (/)."
        )
    raise invalid(
        f"{wrong_value(path, name)}: Names may be treated as files in certain cases, and must not resolve to "
        f"other names when treated as such. This name would resolve to {posixpath.normpath(name)!r}"
    )


@lru_cache(4096)  # the same few names come with every step
def _is_name(name: str) -> bool:
    plain = posixpath.normpath(name)
    return bool(_NAME.fullmatch(name)) and plain == name and plain != "." and not plain.startswith(("..", "/"))


def require_length(what: str, value: str, limit: int) -> None:
    """Refuses a text that is too long.

    Raises:
        Fault: It is.
    """
    if len(value) > limit:
        raise invalid(f"'{what}' exceeds the maximum length of {limit} characters")


def is_run_id(run_id: str) -> bool:
    """Whether a run can be called so."""
    return bool(_RUN_ID.fullmatch(run_id))


def require_run_id(run_id: str) -> None:
    """Refuses what no run is called. Fault: it is no run id."""
    if not is_run_id(run_id):
        raise invalid(f"{wrong_value('run_id', run_id)}.")


def experiment_number(experiment_id: str) -> int:
    """The store's number of an experiment by its id; without one, that of the default experiment.

    Raises:
        Fault: It is no id.
    """
    if not experiment_id:
        return 0
    if not _NUMBER.fullmatch(experiment_id):
        raise invalid(f"Invalid experiment ID '{experiment_id}'. Experiment ID must be a valid integer.")
    return int(experiment_id)


def require_experiment_name(name: str) -> None:
    """Refuses what no experiment is called. Fault: it is empty or too long."""
    if not name:
        raise missing("name")
    require_length("name", name, EXPERIMENT_CHARACTERS)


def artifact_location(location: str) -> str:
    """Where an experiment's artifacts are put, as a client asked for it; a path of this machine as a whole one.

    Raises:
        Fault: Artifacts cannot be put there.
    """
    if not location:
        return ""
    require_length("artifact_location", location, LOCATION_CHARACTERS)
    try:
        parts = urlsplit(location)
    except ValueError as error:
        raise invalid(f"{wrong_value('artifact_location', location)}.") from error
    if parts.fragment or ";" in parts.path:
        raise invalid("'artifact_location' URL can't include fragments or params.")
    if parts.scheme == "runs":
        raise invalid(f"Artifact location cannot be a runs:/ URI. Given: '{location}'")
    if ".." in unquote(unquote(parts.path)).split("/") or "\0" in location:
        raise invalid(f"{wrong_value('artifact_location', location)}.")
    return location if parts.scheme else os.path.abspath(location)


def require_experiment_tag(key: str, value: str) -> None:
    """Refuses what no tag of an experiment is. Fault: its key or value is none."""
    require_name(key, "key")
    require_length("key", key, KEY_CHARACTERS)
    require_length("value", value, EXPERIMENT_TAG_CHARACTERS)
