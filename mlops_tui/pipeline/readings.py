"""The files that were read to describe a pipeline, each once, with what the file system said of them.

So that whoever keeps a judgement knows which files it rests on, the missing ones included.
"""

from __future__ import annotations

import os
from typing import Any

from mlops_store.errors import SpecError
from mlops_tui.pipeline import params
from mlops_tui.pipeline.verdicts import stamp_of


class Readings:
    """Reads files of a project.

    Args:
        root: The project's root, to which paths are relative.

    Attributes:
        stamps: Path -> size, times and inode as it was read; '' where nothing was.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.stamps: dict[str, str] = {}
        self._contents: dict[str, Any] = {}

    def data(self, path: str) -> bytes | None:
        """The bytes of a file; None without the file.

        Raises:
            SpecError: It cannot be read.
        """
        try:
            with open(os.path.join(self.root, path), "rb") as file:
                self.stamps[path] = stamp_of(os.fstat(file.fileno()))
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            self.stamps[path] = ""
            return None
        except OSError as error:
            raise SpecError(f"cannot be read ({error.strerror})", file=path) from error

    def content(self, path: str) -> Any:
        """What a params file holds; None without the file.

        Raises:
            SpecError: It cannot be read or understood.
        """
        if path not in self._contents:
            data = self.data(path)
            self._contents[path] = None if data is None else params.parse(data, path)
        return self._contents[path]
