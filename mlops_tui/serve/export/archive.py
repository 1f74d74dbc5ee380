"""This program as one file that Python runs, so that a folder can be served where it is not installed.

The archive is made of the modules that are installed here, byte by byte; the interface and the demo are left out. The
same modules give the same archive.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from importlib import metadata

import mlops_store
import mlops_tui

#: Packages that no server needs.
_LEFT_OUT = ("mlops_tui/ui/", "mlops_tui/demo/")
_MAIN = "from mlops_tui.cli import main\n\nraise SystemExit(main())\n"
#: The first time that a zip file can hold.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def packed() -> bytes:
    """The archive: ``python FILE serve MODEL`` is ``mlops-tui serve MODEL``."""
    number = _version()
    about = f"Metadata-Version: 2.1\nName: mlops-tui\nVersion: {number}\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        _add(archive, f"mlops_tui-{number}.dist-info/METADATA", about.encode())
        for name, content in sorted(_modules()):
            _add(archive, name, content)
    return buffer.getvalue()


def _version() -> str:
    try:
        return metadata.version("mlops-tui")
    except metadata.PackageNotFoundError:
        return "0"


def _modules() -> Iterator[tuple[str, bytes]]:
    for package in (mlops_tui, mlops_store):
        for root in package.__path__:
            for folder, _, names in os.walk(root):
                for name in names:
                    path = os.path.join(folder, name)
                    inside = f"{package.__name__}/{os.path.relpath(path, root).replace(os.sep, '/')}"
                    if name.endswith(".py") and not inside.startswith(_LEFT_OUT):
                        with open(path, "rb") as file:
                            yield inside, file.read()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
