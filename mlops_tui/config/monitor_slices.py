"""``slices`` of a monitor: parts of the rows that are looked at on their own."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.config.reader import Reader

_QUOTED = re.compile(r"`[^`]*`")
#: What a condition may be made of: comparisons of columns with values, joined; nothing that is called or looked into.
_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.Compare, ast.Eq,
    ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Name, ast.Load, ast.Constant, ast.List,
    ast.Tuple, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod, ast.BitAnd, ast.BitOr,
)  # fmt: skip


def read(reader: Reader, value: object, place: str) -> dict[str, str]:
    """Name -> a column, each value of which is a slice, or a condition.

    Args:
        reader: Makes the errors.
        value: A list of columns and conditions, or a table of them by name.
        place: Its dotted path.

    Raises:
        SpecError: It is something else, or a condition that cannot be one.
    """
    if isinstance(value, dict):
        named = {name: reader.text(each, f"{place}.{name}") for name, each in value.items()}
    else:
        named = {each: each for each in reader.texts(value, place)}
    for name, text in named.items():
        if is_condition(text) and (problem := _problem(text)):
            hint = "compare columns with values: age > 60 and plan in ['pro', 'team']; `two words` in backticks"
            raise reader.error(f"{place}.{name}" if isinstance(value, dict) else place, f"{problem}: {text!r}", hint)
    return named


def is_condition(text: str) -> bool:
    """Whether the text compares something; else it is the name of a column."""
    return any(sign in _QUOTED.sub("", text) for sign in ("<", ">", "==", "!=", " in "))


def _problem(text: str) -> str:
    try:
        tree = ast.parse(_QUOTED.sub("column", text).strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "is no condition"
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            return f"holds what a condition cannot ({type(node).__name__.lower()})"
    return ""
