"""What DVC's configuration says, as far as it matters here. Reads the files that DVC reads, in its order."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from mlops_store.errors import SpecError

HOME = ".dvc"
DEFAULT_LINKS = ("reflink", "copy")
LINK_TYPES = ("reflink", "hardlink", "symlink", "copy")
_CHOICES = {
    ("core", "no_scm"): ("true", "false"),
    ("cache", "shared"): ("group",),
    ("parsing", "bool"): ("store_true", "boolean_optional"),
    ("parsing", "list"): ("nargs", "append"),
}


@dataclass(frozen=True, slots=True)
class DvcConfig:
    """The settings of a DVC repository, or DVC's defaults.

    Attributes:
        cache_dir: Absolute path of the cache; '' when the project is no DVC repository.
        link_types: How cached files get into the work tree, in the order to try.
        uses_git: Whether cached outputs are kept out of Git.
        is_shared: Whether the group may write to the cache.
        parsing_bool: 'store_true' or 'boolean_optional': how ``${dict}`` in a command writes false.
        parsing_list: 'nargs' or 'append': how it writes lists.
    """

    cache_dir: str = ""
    link_types: tuple[str, ...] = DEFAULT_LINKS
    uses_git: bool = True
    is_shared: bool = False
    parsing_bool: str = "store_true"
    parsing_list: str = "nargs"


def files(root: str) -> tuple[str, ...]:
    """The configuration files that count for a project, whether or not they are there; later ones override."""
    if not os.path.isdir(os.path.join(root, HOME)):
        return ()
    directories = [
        os.environ.get("DVC_SYSTEM_CONFIG_DIR") or _system_directory(),
        os.environ.get("DVC_GLOBAL_CONFIG_DIR") or _user_directory(),
    ]
    own = [os.path.join(root, HOME, name) for name in ("config", "config.local")]
    return (*(os.path.join(directory, "config") for directory in directories), *own)


def load(root: str) -> DvcConfig:
    """The settings of the DVC repository whose root this is; the defaults when it is none.

    Raises:
        SpecError: A file is not understood.
    """
    found: dict[tuple[str, str], str] = {}
    for path in files(root):
        for section, key, value, line in _settings(path, root):
            found[section, key] = _checked(section, key, value, _name(path, root), line)
            if (section, key) == ("cache", "dir"):
                found[section, key] = os.path.normpath(os.path.join(os.path.dirname(path), os.path.expanduser(value)))
    home = os.path.join(root, HOME)
    default = os.path.join(home, "cache") if os.path.isdir(home) else ""
    types = found.get(("cache", "type"), "")
    return DvcConfig(
        cache_dir=found.get(("cache", "dir"), default),
        link_types=tuple(types.split(",")) if types else DEFAULT_LINKS,
        uses_git=found.get(("core", "no_scm")) != "true",
        is_shared=("cache", "shared") in found,
        parsing_bool=found.get(("parsing", "bool"), "store_true"),
        parsing_list=found.get(("parsing", "list"), "nargs"),
    )


def _checked(section: str, key: str, value: str, file: str, line: int) -> str:
    """The value as it is kept: choices in lower case, link types without blanks."""
    if (section, key) == ("cache", "type"):
        types = [one.strip(" \t'\"") for one in value.split(",")]
        if unknown := [one for one in types if one not in LINK_TYPES]:
            known = ", ".join(LINK_TYPES)
            raise SpecError(f"cache.type {unknown[0]!r} is not known", file=file, line=line, hint=f"one of {known}")
        return ",".join(types)
    choices = _CHOICES.get((section, key))
    if choices is None:
        return value
    if value.lower() not in choices:
        hint = f"one of {', '.join(choices)}"
        raise SpecError(f"{section}.{key} cannot be {value!r}", file=file, line=line, hint=hint)
    return value.lower()


def _settings(path: str, root: str) -> Iterator[tuple[str, str, str, int]]:
    """Section, key, value and line of each setting in a file, sections and keys in lower case."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SpecError(f"cannot be read ({reason})", file=_name(path, root)) from error
    section = ""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("["):
            section = text.partition("#")[0].strip("[] \t").strip("'").lower()
            continue
        key, equals, value = text.partition("=")
        if not equals or '"""' in value or "'''" in value:
            raise SpecError("is neither a [section] nor 'key = value'", file=_name(path, root), line=number)
        yield section, key.strip(" \t'\"").lower(), _unquoted(value.strip()), number


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        rest = value[end + 1 :].partition("#")[0].strip()
        return value[1:end] + rest
    return value.partition("#")[0].strip()


def _name(path: str, root: str) -> str:
    return os.path.relpath(path, root) if path.startswith(os.path.join(root, "")) else path


def _system_directory() -> str:
    if sys.platform == "darwin":
        return "/Library/Application Support/dvc"
    return os.path.join((os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)[0], "dvc")


def _user_directory() -> str:
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/dvc")
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "dvc")
