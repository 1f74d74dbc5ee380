"""A page on the terminal or as a file: JSON, Markdown, or HTML that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import Refused, UsageError
from mlops_tui.cli import output

if TYPE_CHECKING:
    from mlops_tui.compare.export.document import Document

FORMATS = ("md", "json", "html")

format_option = click.option("--format", "kind", type=click.Choice(FORMATS), help="Write a file of this kind instead.")
output_option = click.option(
    "-o", "--output", "path", type=click.Path(dir_okay=False), metavar="FILE", help="Write it there."
)


def kind_of(kind: str | None, path: str | None, as_json: bool, formats: Sequence[str] = FORMATS) -> str | None:
    """The format that is meant: the one named, JSON, or that of the file's ending; None for the terminal."""
    if as_json and kind not in (None, "json"):
        raise UsageError(f"--json and --format {kind} contradict each other", "give one of them")
    if as_json:
        return "json"
    if kind is None and path is not None:
        ending = os.path.splitext(path)[1].lstrip(".").lower()
        kind = {"markdown": "md", "htm": "html"}.get(ending, ending)
        if kind not in formats:
            known = f"{', '.join(formats[:-1])} or {formats[-1]}"
            raise UsageError(f"{path!r} does not say which format is meant", f"give --format {known}")
    return kind


def give(page: Document, shape: Mapping[str, Any], kind: str | None, path: str | None) -> None:
    """Prints or writes a page.

    Args:
        page: The page.
        shape: What it says, for programs.
        kind: One of ``FORMATS``; None for the terminal.
        path: Where to; None for stdout.
    """
    if kind is None:
        from mlops_tui.cli import comparison_text, text

        output.say(text.clean(page.title))
        output.say(text.clean(page.subtitle, 1000) + "\n")
        comparison_text.write_blocks(page.blocks)
        return
    from mlops_tui import strict_json
    from mlops_tui.compare.export import html, markdown

    if kind == "json":
        content = strict_json.encoded(shape, indent=2) + "\n"
    else:
        content = html.render(page) if kind == "html" else markdown.render(page)
    put(content, path)


def put(content: str, path: str | None) -> None:
    """Prints the text, or writes it to a file and says so.

    Raises:
        Refused: The file cannot be written.
    """
    if path is None:
        click.echo(content, nl=False)
        return
    from mlops_tui.compare import export

    try:
        export.write(path, content)
    except OSError as error:
        raise Refused(f"{path} cannot be written ({error.strerror})", "name another file") from error
    output.remark(f"wrote {path}")
