"""Every command line that hints, help, screens and documents mention is one that the program understands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mlops_tui.cli.root import VERBS
from mlops_tui.cli.root import program as root

ROOT = Path(__file__).parents[2]
_LINE = re.compile(r"mlops-tui ((?:-C \S+ )?[a-z]+\b[^`'\"\n;()|]*)")


def texts() -> Iterator[tuple[str, str]]:
    """(file, text) of each document and of each string in the sources, docstrings included."""
    for path in [*ROOT.glob("*.md"), *ROOT.glob("mlops_tui/demo/project/*.md")]:
        yield path.name, path.read_text(encoding="utf-8")
    for folder in ("mlops_tui", "store"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
                    yield path.name, "".join(map(str, parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield path.name, node.value


def mentioned() -> list[tuple[str, str]]:
    found = set()
    for file, text in texts():
        for match in _LINE.finditer(text):
            line = re.sub(r"^-C \S+ ", "", match[1])
            if line.split(" ")[0] in VERBS:
                found.add((file, line.strip().rstrip(".,:")))
    return sorted(found)


@pytest.mark.parametrize(("file", "line"), mentioned())
def test_a_mentioned_command_exists_with_its_options(file: str, line: str) -> None:
    context = click.Context(root)
    command = root.get_command(context, line.split(" ")[0])
    words = line.split(" ")[1:]
    while isinstance(command, click.Group) and words and words[0].isalpha() and words[0].islower():
        verb = words.pop(0)
        command = command.get_command(context, verb)
        assert command is not None, f"{file}: mlops-tui {line}: no verb {verb!r}"
    assert command is not None
    known = {"-h", "--help"} | {name for parameter in command.params for name in parameter.opts}
    known |= {name for parameter in command.params for name in parameter.secondary_opts}
    options = [word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)]
    assert set(options) <= known, f"{file}: mlops-tui {line}"


def test_there_is_something_to_check() -> None:
    assert len(mentioned()) > 20
