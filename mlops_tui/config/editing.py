"""Changes single values of ``mlops.toml`` and leaves the rest of the file as it was written, comments included."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_store.errors import Refused, SpecError, StoreError, UsageError
from mlops_tui import config
from mlops_tui.project import CONFIG_FILE, Project


def changed(text: str, values: Mapping[tuple[str, ...], Any]) -> str:
    """The text of a file with other values.

    Args:
        text: The file.
        values: Names of the tables and the key -> its new value, None to remove the key. A table on the way is made.

    Raises:
        SpecError: The file is not valid TOML, or would not be understood afterwards.
        UsageError: A place leads through a value that is no table.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise SpecError(str(error), file=CONFIG_FILE) from error
    for place, value in values.items():
        *tables, key = place
        table: Any = document
        for name in tables:
            if name not in table:
                table[name] = tomlkit.table(is_super_table=name != tables[-1])
            table = table[name]
            if not isinstance(table, dict):
                raise UsageError(f"{'.'.join(place)}: {name!r} is no table in {CONFIG_FILE}")
        if value is None:
            table.pop(key, None)
        elif isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
            rows = tomlkit.array()
            for each in value:
                row = tomlkit.inline_table()
                row.update(each)
                rows.append(row)
            table[key] = rows.multiline(len(value) > 1)
        else:
            table[key] = value
    made = tomlkit.dumps(document)
    config.parse(made)
    return made


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the project's file: its text before and after."""

    before: str
    after: str


def change(project: Project, values: Callable[[config.Config], Mapping[tuple[str, ...], Any]]) -> Edit:
    """Changes values of the project's file in one step.

    Args:
        project: The project; its file is made where there is none.
        values: From the configuration as it is now to the new values, as ``changed`` takes them.

    Raises:
        SpecError: The file cannot be understood, or would not be afterwards.
        StoreError: It cannot be written.
    """
    before = read(project)
    return replaced(project, before, changed(before, values(config.parse(before, project.root))))


def replaced(project: Project, before: str, after: str) -> Edit:
    """Puts a text in the place of another one.

    Raises:
        Refused: The file holds another text by now.
        SpecError: It cannot be read.
        StoreError: It cannot be written.
    """
    if read(project) != before:
        raise Refused(f"{CONFIG_FILE} was changed meanwhile", "nothing was written; look at it and try again")
    write(project, after)
    return Edit(before, after)


def undo(project: Project, edit: Edit) -> None:
    """Takes a change back, unless the file was changed since.

    Raises:
        Refused: It was.
        SpecError: It cannot be read.
        StoreError: It cannot be written.
    """
    replaced(project, edit.after, edit.before)


def write(project: Project, text: str) -> None:
    """Puts a text in place of the project's file, which is whole at every moment.

    Raises:
        StoreError: It cannot be written.
    """
    path = os.path.realpath(project.config_path)
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=os.path.dirname(path), prefix=".mlops-", delete=False
        ) as file:
            file.write(text)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(file.name, os.stat(path).st_mode & 0o777)
        os.replace(file.name, path)
    except OSError as error:
        raise StoreError(f"{CONFIG_FILE} cannot be written ({error.strerror})", "check who may write there") from error


def read(project: Project) -> str:
    """The project's file as it is; '' where there is none.

    Raises:
        SpecError: It cannot be read.
    """
    try:
        with open(project.config_path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot be read ({error})", file=CONFIG_FILE) from error
