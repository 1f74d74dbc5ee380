"""What a filter is made of: comparisons and words, and how they are joined."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Entity(StrEnum):
    """What the left side of a comparison names, in MLflow's words."""

    METRIC = "metric"
    PARAM = "parameter"
    TAG = "tag"
    ATTRIBUTE = "attribute"
    DATASET = "dataset"


#: The store's tables of what has keys.
TABLES = {Entity.METRIC: "metrics", Entity.PARAM: "params", Entity.TAG: "tags"}
#: Operators that ask whether there is anything.
NULLS = ("IS NULL", "IS NOT NULL")
#: Operators with a regular expression.
PATTERNS = ("~", "!~")


@dataclass(frozen=True, slots=True)
class Ago:
    """A moment so many seconds before the one at which the filter is used; negative for the future."""

    seconds: float


Value = str | float | Ago | tuple[str, ...] | tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """``entity.key operator value``; aliases are resolved and keywords upper case.

    Attributes:
        entity: What the key names.
        key: The key.
        operator: ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``LIKE``, ``ILIKE``, ``IN``, ``NOT IN``, ``IS NULL``,
            ``IS NOT NULL``, ``~`` or ``!~``.
        value: A number for what is compared by number (times in milliseconds), a text, a tuple for IN, None for NULL.
        part: What of a metric: 'last', 'min', 'max', 'mean', 'step', 'count', or 'best'.
    """

    entity: Entity
    key: str
    operator: str
    value: Value
    part: str = "last"


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: part of the name, the experiment or a tag, the start of the id, or a whole status."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    term: Term


@dataclass(frozen=True, slots=True)
class AllOf:
    """Terms that must all hold; none hold always."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Terms of which at least one must hold."""

    terms: tuple[Term, ...]


Term = Comparison | Word | Not | AllOf | AnyOf

__all__ = [
    "NULLS",
    "PATTERNS",
    "TABLES",
    "Ago",
    "AllOf",
    "AnyOf",
    "Comparison",
    "Entity",
    "Not",
    "Term",
    "Value",
    "Word",
]
