"""Which paths lie on file systems that other machines write to: the kernel tells of no change that they make."""

from __future__ import annotations

import os
import re

_TABLE = "/proc/self/mountinfo"
_REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "orangefs", "fuse.")
#: FUSE file systems of this machine's own disks.
_LOCAL_FUSE = ("fuse.ntfs", "fuse.exfat", "fuse.mergerfs", "fuse.ext")


class Mounts:
    """The mounted file systems, as they are when this is made.

    Args:
        table: The file that lists them; systems without it count as having none that is remote.
    """

    def __init__(self, table: str = _TABLE) -> None:
        self._remote: dict[str, bool] = {}
        try:
            with open(table, encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except OSError:
            lines = []
        for line in lines:
            before, _, after = line.partition(" - ")
            fields, kinds = before.split(" "), after.split(" ")
            if len(fields) > 4 and kinds[0]:
                self._remote[_unescaped(fields[4])] = _is_remote(kinds[0])

    def is_remote(self, path: str) -> bool:
        """Whether a path lies on a file system of another machine.

        Args:
            path: Absolute.
        """
        if not any(self._remote.values()):
            return False
        while path not in self._remote:
            parent = os.path.dirname(path)
            if parent == path:
                return False
            path = parent
        return self._remote[path]


def _is_remote(kind: str) -> bool:
    return kind.startswith(_REMOTE) and not kind.startswith(_LOCAL_FUSE)


def _unescaped(text: str) -> str:
    """The kernel writes blanks, tabs, line breaks and backslashes as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
