"""What searches of models and of versions have in common: prompts, which are asked for, and orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_tui.compare.filter import parse
from mlops_tui.compare.listing_filter import Listing
from mlops_tui.compare.terms import AllOf, Comparison, Entity
from mlops_tui.serve.tracking.problems import invalid
from mlops_tui.serve.tracking.registry_answers import PROMPT_TAG


def without_prompts(listing: Listing, text: str, prompts: str) -> tuple[str, list[str | float]]:
    """The condition that a filter stands for; unless it asks for prompts, these are left out.

    MLflow's clients always say ``tags.`mlflow.prompt.is_prompt` != 'true'``, which is meant to let through what
    does not have the tag at all.

    Args:
        listing: How the list is asked.
        text: The filter.
        prompts: The condition of what is a prompt, as SQL.
    """
    found = parse(text, strict=listing.grammar)
    assert isinstance(found, AllOf)
    terms = [term for term in found.terms if isinstance(term, Comparison)]
    about = [one for one in terms if (one.entity, one.key) == (Entity.TAG, PROMPT_TAG)]
    if any((one.operator, str(one.value).lower()) in (("=", "true"), ("!=", "false")) for one in about):
        return listing.of_terms(terms)
    where, values = listing.of_terms([one for one in terms if one not in about])
    return f"{where} AND NOT {prompts}", values


def order(clauses: Sequence[str], columns: Mapping[str, str], ties: Mapping[str, str], what: str = "order by") -> str:
    """What some clauses order by, as SQL.

    Args:
        clauses: ``key``, ``key ASC`` or ``key DESC``.
        columns: Key -> column.
        ties: Columns that decide where the others do not, and their directions.
        what: MLflow's word for a key of the list.

    Raises:
        Fault: A clause is not understood, or two order by the same.
    """
    found: dict[str, str] = {}
    for clause in clauses:
        words = clause.split()
        direction = words[1].upper() if len(words) == 2 else "ASC"
        if len(words) not in (1, 2) or direction not in ("ASC", "DESC"):
            raise invalid(f"Invalid order_by clause '{clause}'. Could not be parsed.")
        column = columns.get(words[0].strip("`"))
        if column is None:
            raise invalid(f"Invalid {what} key '{words[0]}' specified. Valid keys are {sorted(columns)}")
        if column in found:
            raise invalid(f"`order_by` contains duplicate fields: {list(clauses)}")
        found[column] = direction
    for column, direction in ties.items():
        found.setdefault(column, direction)
    return ", ".join(f"{column} {direction}" for column, direction in found.items())
