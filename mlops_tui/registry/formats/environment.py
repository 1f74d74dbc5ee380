"""The environment of a model, locked: exact versions of the installed distributions that it needs, and of theirs."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec

REQUIREMENTS_FILE = "requirements.txt"
#: Modules whose distribution has another name, so that not all metadata has to be read for them.
_KNOWN = {"sklearn": "scikit-learn", "yaml": "pyyaml", "PIL": "pillow", "cv2": "opencv-python"}


def locked(distributions: Iterable[str]) -> dict[str, str]:
    """Name -> installed version of some distributions and all that they require, by name.

    What is not installed is left out: nothing that runs here can need it.

    Args:
        distributions: Names as PyPI has them.
    """
    from importlib import metadata

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


def distributions_of(modules: Iterable[str]) -> tuple[str, ...]:
    """The installed distributions that bring some top-level modules; what none brings is left out."""
    from importlib import metadata  # the list of models opens without it

    found: set[str] = set()
    for module in modules:
        if module in sys.stdlib_module_names:
            continue
        name = _KNOWN.get(module, module)
        try:
            found.add(metadata.distribution(name).name)
        except (metadata.PackageNotFoundError, ValueError):
            if _is_installed(module):
                found.update(_by_module().get(module, ()))
    return tuple(sorted(found))


def _is_installed(module: str) -> bool:
    """Whether a top-level module lies among installed packages and not in a project."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return False
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec else []
    return any("site-packages" in place or "dist-packages" in place for place in places)


@cache
def _by_module() -> Mapping[str, list[str]]:
    """Top-level module -> distributions; reads the list of files of everything that is installed."""
    from importlib import metadata

    return metadata.packages_distributions()


def requirements(packages: dict[str, str]) -> str:
    """The text of a ``requirements.txt`` with exact versions."""
    heading = f"# python {platform.python_version()} on {system()}\n"
    return heading + "".join(f"{name}=={version}\n" for name, version in packages.items())


def system() -> str:
    """The operating system and the machine, such as ``Linux-x86_64``."""
    return f"{platform.system()}-{platform.machine()}"


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
