"""Filters and orders of lists other than that of runs, as SQL: experiments, and what else has attributes and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_tui.compare.comparison import identifier
from mlops_tui.compare.condition import compared
from mlops_tui.compare.filter import parse
from mlops_tui.compare.grammars import Grammar
from mlops_tui.compare.order_by import direction
from mlops_tui.compare.terms import NULLS, AllOf, Comparison, Entity
from mlops_tui.compare.tokens import FilterError, Tokens, shown

Values = list[str | float]


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is asked.

    Attributes:
        grammar: What its filters may name.
        columns: Attribute -> its value, as SQL over the list's table.
        keys: Entity -> a statement that gives the ``value`` of one key of a row; one question mark, the key.
    """

    grammar: Grammar
    columns: Mapping[str, str]
    keys: Mapping[Entity, str]

    def where(self, text: str) -> tuple[str, Values]:
        """The condition that a filter stands for, and the values of its question marks.

        Raises:
            FilterError: The filter is not understood.
        """
        found = parse(text, strict=self.grammar)
        assert isinstance(found, AllOf)
        return self.of_terms([term for term in found.terms if isinstance(term, Comparison)])

    def of_terms(self, terms: Sequence[Comparison]) -> tuple[str, Values]:
        """The condition that some comparisons stand for, and the values of its question marks."""
        pieces: list[str] = []
        values: Values = []
        for term in terms:
            piece, bound = self._piece(term)
            pieces.append(piece)
            values += bound
        return " AND ".join(pieces) or "1", values

    def order(self, clauses: Sequence[str], default: Sequence[str]) -> str:
        """What some clauses order by; ``default`` is for none of them.

        Raises:
            FilterError: A clause is not understood.
        """
        found: list[str] = []
        for clause in clauses or default:
            tokens = Tokens(clause)
            left = tokens.take()
            if left.kind != "name":
                raise left.error("what to order by is missing here")
            entity, key = identifier(left, self.grammar)
            if entity is not Entity.ATTRIBUTE:
                raise FilterError(f"nothing is ordered by {shown(clause)} here", 0, len(clause))
            found.append(f"{self.columns[key]} {direction(tokens) or 'ASC'}")
        return ", ".join(found)

    def _piece(self, term: Comparison) -> tuple[str, Values]:
        if term.entity is Entity.ATTRIBUTE:
            return compared(self.columns[term.key], term)
        source = self.keys[term.entity]
        if term.operator in NULLS:
            return f"{'NOT ' if term.operator == 'IS NULL' else ''}EXISTS ({source})", [term.key]
        piece, bound = compared("v.value", term)
        return f"EXISTS (SELECT 1 FROM ({source}) v WHERE {piece})", [term.key, *bound]


__all__ = ["Listing"]
