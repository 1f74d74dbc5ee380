"""A comparison as a file: Markdown, CSV, JSON, or one HTML page that needs nothing else.

Everything that comes from outside is text here: it is escaped for the format that it stands in, and control characters
never reach a file that is read by people.
"""

from __future__ import annotations

import contextlib
import os
import tempfile

from mlops_tui.compare.report import Report

#: Format -> what it is called.
FORMATS = {"md": "Markdown", "csv": "CSV", "json": "JSON", "html": "HTML"}


def render(report: Report, kind: str, *, with_equal: bool = False) -> str:
    """The text of a file.

    Args:
        report: What to write.
        kind: One of ``FORMATS``.
        with_equal: Also what is equal in all runs; JSON and CSV always have it.

    Raises:
        UsageError: The parts do not fit into one table of CSV.
    """
    if kind == "json":
        from mlops_tui import strict_json
        from mlops_tui.compare.export import json_shape

        return strict_json.encoded(json_shape.comparison(report), indent=2) + "\n"
    if kind == "csv":
        from mlops_tui.compare.export import csv_table

        return csv_table.render(report)
    from mlops_tui.compare.export import document, html, markdown

    found = document.document(report, with_equal=with_equal)
    return html.render(found) if kind == "html" else markdown.render(found)


def write(path: str, content: str) -> None:
    """Writes a file whole, or leaves what was there.

    Raises:
        OSError: It cannot be written.
    """
    target = os.path.realpath(path)
    handle, temporary = tempfile.mkstemp(prefix=".comparison-", dir=os.path.dirname(target))
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(content)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


__all__ = ["FORMATS", "render", "write"]
