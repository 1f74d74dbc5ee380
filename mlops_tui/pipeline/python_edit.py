"""Where the value of a constant stands in a Python params file."""

from __future__ import annotations

import ast


def find(text: str, name: str, parts: list[str]) -> tuple[int, int] | None:
    """The span of a key's value, classes and literal collections walked through; None where it is not written there."""
    found: ast.AST | None = ast.parse(text, filename=name)
    for part in parts:
        found = _within(found, part)
        if found is None:
            return None
    if not isinstance(found, ast.expr) or found.end_lineno is None or found.end_col_offset is None:
        return None
    lines = text.splitlines(keepends=True)
    return _index(lines, found.lineno, found.col_offset), _index(lines, found.end_lineno, found.end_col_offset)


def _within(node: ast.AST | None, part: str) -> ast.AST | None:
    if isinstance(node, ast.Module | ast.ClassDef):
        return _in_body(node.body, part)
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and str(key.value) == part:
                return value
    if isinstance(node, ast.List | ast.Tuple) and part.isdigit() and int(part) < len(node.elts):
        return node.elts[int(part)]
    return None


def _in_body(body: list[ast.stmt], part: str, *, only_self: bool = False) -> ast.AST | None:
    """What a name stands for at the end of some statements."""
    found: ast.AST | None = None
    for statement in body:
        if isinstance(statement, ast.ClassDef) and statement.name == part:
            found = statement
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            found = _in_body(statement.body, part, only_self=True) or found
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if len(targets) == 1 and _is_named(targets[0], part, only_self) and statement.value is not None:
                found = statement.value
    return found


def _is_named(target: ast.expr, part: str, only_self: bool) -> bool:
    if isinstance(target, ast.Name):
        return target.id == part and not only_self
    is_of_self = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    return isinstance(target, ast.Attribute) and is_of_self and target.attr == part


def _index(lines: list[str], line: int, column: int) -> int:
    """The place in the text; ``ast`` counts columns in UTF-8 bytes."""
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())
