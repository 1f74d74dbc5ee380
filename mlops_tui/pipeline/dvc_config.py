"""What DVC's configuration of a repository says."""

from __future__ import annotations

import configparser
import os

from mlops_store.errors import SpecError
from mlops_tui.pipeline.readings import Readings

_FILES = (os.path.join(".dvc", "config"), os.path.join(".dvc", "config.local"))


class DvcConfig:
    """The values of ``.dvc/config`` and ``.dvc/config.local``; what the latter says counts.

    Args:
        readings: Reads both.

    Raises:
        SpecError: One is not understood.
    """

    def __init__(self, readings: Readings) -> None:
        self._parser = configparser.ConfigParser(interpolation=None, strict=False)
        for path in _FILES:
            data = readings.data(path)
            if not data:
                continue
            try:
                self._parser.read_string(data.decode())
            except (configparser.Error, UnicodeDecodeError) as error:
                reason = str(error).partition("\n")[0]
                raise SpecError(f"cannot be understood ({reason})", file=path) from error

    @property
    def parsing(self) -> dict[str, str]:
        """How a dict in a command becomes options: ``bool`` and ``list``, lower case."""
        section = self._parser["parsing"] if self._parser.has_section("parsing") else {}
        return {key: value.strip().lower() for key, value in section.items()}

    @property
    def uses_git(self) -> bool:
        """Whether DVC looks at Git at all."""
        return self._parser.get("core", "no_scm", fallback="").strip().lower() not in ("true", "1")
