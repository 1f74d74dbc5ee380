"""Which method compares a column unless the project says otherwise.

Source:
    Evidently 0.7.23, ``_get_default_stattest``: by kind, by the reference's rows that have a value, and by the number
    of distinct values in both samples together.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["numerical", "categorical"]

#: Up to this many reference values a significance test decides, beyond it a distance.
TESTED_UP_TO = 1000

#: Numbers with at most this many distinct values are compared by value.
FEW_VALUES = 5


def default(kind: Kind, reference_count: int, distinct: int) -> str:
    """The id of the default method.

    Args:
        kind: The column's kind.
        reference_count: Reference rows with a usable value.
        distinct: Distinct values in the reference and the current data together.
    """
    is_small = reference_count <= TESTED_UP_TO
    if kind == "numerical" and distinct > FEW_VALUES:
        return "ks" if is_small else "wasserstein"
    if not is_small:
        return "jensenshannon"
    return "chisquare" if distinct > 2 else "z"
