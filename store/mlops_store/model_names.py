"""Names of registered models and aliases, and references to versions (``name/3``, ``name@alias`` …).

Owns what a name may be and how a reference is read; knows neither SQLite nor which models exist.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from mlops_store.errors import UsageError

MAX_NAME_LENGTH = 255
_SCHEME = "models:/"
_FORBIDDEN = {"/": "'/'", ":": "':'", "@": "'@'"}
_ZERO_WIDTH_JOINER = "\u200d"
_PLAIN = re.compile(r"[A-Za-z0-9 ._\-]+")
_ALIAS = re.compile(r"[\w\-]+")
_VERSION = re.compile(r"[vV]?([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a person wrote to name a version; at most one of the last three is set, none means the newest.

    A number after ``@`` is both: the alias, and where there is none the version.
    """

    name: str
    version: int | None = None
    alias: str = ""
    stage: str = ""


def check_name(name: str) -> str:
    """The name itself when a registered model may be called so.

    Raises:
        UsageError: It is empty, too long, or has a character that a reference or a terminal would misread.

    Source:
        MLflow's ``_validate_model_name``; ``@`` and invisible characters are refused as well, so that
        ``name@alias`` reads one way only.
    """
    hint = "use letters, digits, spaces, '.', '_' or '-'"
    if not name.strip():
        raise UsageError("a model's name cannot be empty", hint)
    if len(name) > MAX_NAME_LENGTH:
        raise UsageError(f"the model name {name[:40]!r}… has {len(name)} characters, {MAX_NAME_LENGTH} are allowed")
    if name != name.strip():
        raise UsageError(f"the model name {name!r} begins or ends with a space")
    if name in (".", ".."):
        raise UsageError(f"a model cannot be called {name!r}", hint)
    if _PLAIN.fullmatch(name):
        return name
    for character in name:
        if character in _FORBIDDEN:
            raise UsageError(f"the model name {name!r} has a {_FORBIDDEN[character]}", hint)
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character != _ZERO_WIDTH_JOINER:
            raise UsageError(f"the model name {name!r} has the invisible character U+{ord(character):04X}", hint)
    return name


def check_alias(alias: str) -> str:
    """The alias itself when it is allowed.

    Raises:
        UsageError: It is empty, longer than 255, has other characters than letters, digits, ``_`` and ``-``, or is
            reserved (``latest``, ``v3``).

    Source:
        MLflow's ``_validate_model_alias_name`` and ``_validate_model_alias_name_reserved``.
    """
    if not alias:
        raise UsageError("an alias cannot be empty", "for example: champion")
    if len(alias) > MAX_NAME_LENGTH:
        raise UsageError(f"the alias {alias[:40]!r}… has {len(alias)} characters, {MAX_NAME_LENGTH} are allowed")
    if not _ALIAS.fullmatch(alias):
        raise UsageError(f"the alias {alias!r} has a character that is not allowed", "use letters, digits, '_' or '-'")
    if alias.lower() == "latest":
        raise UsageError(f"the alias {alias!r} is reserved: it always names the newest version")
    if _VERSION.fullmatch(alias) and alias[0] in "vV":
        raise UsageError(f"the alias {alias!r} is reserved: it reads as a version number", "for example: champion")
    return alias


def parse(text: str) -> Reference:
    """What ``name``, ``name/3``, ``name/latest``, ``name/Stage`` or ``name@alias`` refers to, ``models:/`` optional.

    Raises:
        UsageError: The text has none of these forms.
    """
    reference = text.removeprefix(_SCHEME)
    for separator in ("@", "/"):
        name, found, rest = reference.rpartition(separator)
        if found:
            break
    else:
        name, rest = reference, "latest"
    if not name or not rest or "/" in name or "@" in name or ":" in name:
        raise UsageError(f"{text!r} does not name a model version", "write NAME/3, NAME@alias, NAME/stage or NAME")
    if rest.lower() == "latest":
        return Reference(name)
    if match := _VERSION.fullmatch(rest):
        # an alias may be a number, though not "v7"
        return Reference(name, version=int(match[1]), alias=rest if separator == "@" and rest == match[1] else "")
    return Reference(name, alias=rest) if separator == "@" else Reference(name, stage=rest)
