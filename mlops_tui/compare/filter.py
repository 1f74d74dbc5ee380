"""The filter language of run lists: MLflow's run filter grammar and more.

Every filter that MLflow takes means the same here. Besides there are ``OR``, ``NOT`` and parentheses; ``IN`` and
``IS NULL`` for all keys; ``~`` and ``!~`` with a regular expression; params as numbers (``params.depth > 3``);
``best(auc)``, ``last``, ``min``, ``max``, ``mean``, ``step`` and ``count`` of a metric; ``start_time > -7d`` or a date;
``duration_s > 5m``; and bare words.

Owns the way from text to terms; ``compare.condition`` turns terms into SQL. Knows neither store nor screen.

Source:
    MLflow 3.17, ``mlflow/utils/search_utils.py`` (the grammar and its entity aliases).
"""

from __future__ import annotations

from mlops_tui.compare.comparison import AGGREGATES, KEYWORDS, compared
from mlops_tui.compare.grammars import ENTITIES, Grammar
from mlops_tui.compare.terms import AllOf, AnyOf, Not, Term, Word
from mlops_tui.compare.tokens import FilterError, Token, Tokens, shown, unquoted

#: More conditions than anybody types; keeps SQLite's expression depth far from its limit.
MAX_TERMS = 200
#: Parentheses and NOTs inside each other.
MAX_DEPTH = 40


def parse(text: str, *, strict: Grammar | None = None) -> Term:
    """What a filter says; ``AllOf(())`` for an empty one.

    Args:
        text: The filter as typed.
        strict: Exactly MLflow's grammar of something, as its clients expect: comparisons joined by AND, no attributes
            of ours; None for our own filters of runs.

    Raises:
        FilterError: With the position of the first thing that is not understood.
    """
    parser = _Parser(text, strict)
    return AllOf(tuple(parser.conditions())) if strict else parser.whole()


class _Parser:
    def __init__(self, text: str, strict: Grammar | None) -> None:
        self._tokens = Tokens(text)
        self._strict = strict
        self._count = 0

    @property
    def _token(self) -> Token:
        return self._tokens.current

    def conditions(self) -> list[Term]:
        """MLflow's conditions; it takes any number of ANDs anywhere between them."""
        found: list[Term] = []
        while self._token.kind != "end":
            if self._token.is_keyword("AND"):
                self._tokens.take()
            else:
                found.append(self._one())
        return found

    def whole(self) -> Term:
        """All of the text."""
        if self._token.kind == "end":
            return AllOf(())
        term = self._alternatives(0)
        if self._token.kind != "end":
            raise self._token.error("this parenthesis closes nothing")
        return term

    def _alternatives(self, depth: int, before: str = "") -> Term:
        terms = [self._together(depth, before)]
        while self._token.is_keyword("OR"):
            self._tokens.take()
            terms.append(self._together(depth, "OR"))
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _together(self, depth: int, before: str) -> Term:
        terms = [self._maybe_not(depth, before)]
        while self._token.kind not in ("end", "close") and not self._token.is_keyword("OR"):
            joined = ""
            if self._token.is_keyword("AND"):
                joined = self._tokens.take().text.upper()
            terms.append(self._maybe_not(depth, joined))
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _maybe_not(self, depth: int, before: str) -> Term:
        token = self._token
        if token.kind in ("end", "close") or token.is_keyword("AND", "OR"):
            if before:
                raise token.error(f"a condition is missing after {before}")
            if token.kind == "close":
                raise token.error("this parenthesis closes nothing")
            raise token.error(f"a condition is missing before {token.text.upper()}")
        if depth > MAX_DEPTH:
            raise token.error(f"more than {MAX_DEPTH} parentheses inside each other")
        if token.is_keyword("NOT"):
            self._tokens.take()
            return Not(self._maybe_not(depth + 1, "NOT"))
        if token.kind == "open":
            opening = self._tokens.take()
            term = self._alternatives(depth + 1, "(")
            if self._token.kind != "close":
                raise FilterError("this parenthesis is not closed", opening.position, 1, "add )", is_open=True)
            self._tokens.take()
            return term
        return self._one()

    def _one(self) -> Term:
        token = self._tokens.take()
        self._count += 1
        if self._count > MAX_TERMS:
            raise token.error(f"more than {MAX_TERMS} conditions")
        if self._strict and (token.is_keyword("OR", "NOT") or token.kind in ("open", "close")):
            raise token.error(f"{token.text} is not understood here", "conditions are joined by AND")
        if token.kind in ("comma", "operator") or token.is_keyword(*KEYWORDS):
            raise token.error(f"{token.text} has nothing on its left to compare")
        if self._is_aggregate(token):
            return self._aggregate(token)
        if self._at_operator():
            return compared(token, self._tokens, strict=self._strict)
        return self._word(token)

    def _is_aggregate(self, token: Token) -> bool:
        is_called = self._token.kind == "open" and self._token.position == token.end
        if not is_called or self._strict or token.kind != "name":
            return False
        if token.text.lower() not in AGGREGATES:
            raise token.error(f"{shown(token.text)} of what?", "known: " + ", ".join(AGGREGATES))
        return True

    def _aggregate(self, token: Token) -> Term:
        opening = self._tokens.take()
        key = self._tokens.take()
        if key.kind != "name":
            raise key.error("the name of a metric is missing here", f"write {token.text}(auc)")
        if self._token.kind != "close":
            raise FilterError("this parenthesis is not closed", opening.position, 1, "add )", is_open=True)
        closing = self._tokens.take()
        if not self._at_operator():
            whole = f"{token.text}({key.text})"
            raise FilterError(f"{shown(whole)} is compared with nothing", closing.end, hint="add an operator: = > …")
        return compared(key, self._tokens, part=token.text.lower())

    def _at_operator(self) -> bool:
        token = self._token
        if token.is_keyword("NOT"):
            return self._tokens.following.is_keyword(*KEYWORDS)
        return token.kind == "operator" or token.is_keyword(*KEYWORDS)

    def _word(self, token: Token) -> Word:
        text = unquoted(token.text)
        entity, dot, _ = token.text.partition(".")
        if dot and unquoted(entity) in ENTITIES:
            raise FilterError(f"{shown(token.text)} is compared with nothing", token.end, hint="add an operator: = > …")
        if self._strict or not text:
            raise token.error(f"{shown(token.text)} is no comparison", "write entity.key operator value")
        return Word(text)


__all__ = ["parse"]
