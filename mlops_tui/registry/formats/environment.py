"""The environment of a model, locked: exact versions of the installed distributions that it needs, and of theirs."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib import metadata

REQUIREMENTS_FILE = "requirements.txt"


def locked(distributions: Iterable[str]) -> dict[str, str]:
    """Name -> installed version of some distributions and all that they require, by name.

    What is not installed is left out: nothing that runs here can need it.

    Args:
        distributions: Names as PyPI has them.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    found: dict[str, str] = {}
    waiting = [(name, "") for name in distributions]
    seen = set()
    while waiting:
        name, extra = waiting.pop()
        if (_canonical(name), extra) in seen:
            continue
        seen.add((_canonical(name), extra))
        try:
            distribution = metadata.distribution(name)
        except (metadata.PackageNotFoundError, ValueError):
            continue
        found[_canonical(name)] = distribution.version
        for line in distribution.requires or ():
            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                continue
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(requirement.name, wanted) for wanted in ("", *requirement.extras)]
    return dict(sorted(found.items()))


def requirements(packages: dict[str, str]) -> str:
    """The text of a ``requirements.txt`` with exact versions."""
    heading = f"# python {platform.python_version()} on {system()}\n"
    return heading + "".join(f"{name}=={version}\n" for name, version in packages.items())


def system() -> str:
    """The operating system and the machine, such as ``Linux-x86_64``."""
    return f"{platform.system()}-{platform.machine()}"


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
