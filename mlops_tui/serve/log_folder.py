"""The folders in which servers keep what they were asked and told: files for their owner alone, the oldest deleted."""

from __future__ import annotations

import os


def opened(directory: str, name: str) -> int:
    """The descriptor of a file to append to; folder and file are made, for nobody else to read.

    Raises:
        OSError: That cannot be done.
    """
    # what a model is asked about is often about people
    os.makedirs(directory, mode=0o700, exist_ok=True)
    return os.open(os.path.join(directory, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def make_room(directory: str, kept_bytes: int, *, keep: str) -> None:
    """Deletes the oldest files, by their names, until the others take no more than so many bytes.

    Args:
        directory: The folder.
        kept_bytes: What the files may take together.
        keep: The name of the file that is written to now; those that are newer stay as well.

    Raises:
        OSError: That cannot be done.
    """
    with os.scandir(directory) as listing:
        files = sorted((entry.name, entry.path, entry.stat().st_size) for entry in listing if entry.is_file())
    kept = sum(size for _, _, size in files)
    for name, path, size in files:
        if kept <= kept_bytes or name >= keep:
            return
        os.unlink(path)
        kept -= size
