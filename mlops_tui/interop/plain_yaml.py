"""Small YAML files of other tools: plain values only, no aliases, no tags, bounded in size and depth."""

from __future__ import annotations

from typing import Any

import yaml

from mlops_tui.interop.folders import small_text

#: libyaml where it is there.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def mapping(path: str) -> dict[str, Any]:
    """The mapping in a file.

    Raises:
        ValueError: It is no YAML, no mapping, has aliases, or is too large.
        OSError: It cannot be read.
    """
    return parsed(small_text(path))


def parsed(text: str) -> dict[str, Any]:
    """The mapping in a text; see ``mapping``."""
    try:
        # a few lines of aliases can stand for more values than there is memory
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            raise ValueError("it has aliases")
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 it is a safe loader
    except (yaml.YAMLError, RecursionError, OverflowError) as error:
        raise ValueError(f"it is no YAML ({type(error).__name__})") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError("it is no mapping")
    return {str(key): value for key, value in content.items()}
