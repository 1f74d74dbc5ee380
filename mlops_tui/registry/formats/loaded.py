"""A model that was loaded, the same for every format: what gates, monitors and servers ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry import signatures
from mlops_tui.registry.formats.description import ModelInfo


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory.

    Attributes:
        info: What its directory says of it: format, signature, input example, packages.
        native: The library's own object: an estimator, a booster, a session, tensors, a function.
        apply: The library's prediction for a table whose columns are in order; None where there is none.
        apply_proba: Probabilities of the classes, shape (rows, classes); None where the model has none.
        classes: The labels that it predicts, in the order of the probabilities; empty for a regressor.
        columns: The names of the columns that it was fitted with, where the model itself knows them.
    """

    info: ModelInfo
    native: Any
    apply: Callable[[Any], Any] | None
    apply_proba: Callable[[Any], Any] | None = None
    classes: tuple[Any, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        """The name of its format."""
        return self.info.flavor

    @property
    def signature(self) -> Mapping[str, Any]:
        """What it takes and gives, in MLflow's words; empty when that is not known."""
        return self.info.signature

    @property
    def has_proba(self) -> bool:
        """Whether it gives probabilities."""
        return self.apply_proba is not None

    def predict(self, data: Any) -> Any:
        """The predictions for some rows.

        Args:
            data: A data frame (columns in any order, further ones are left out), an array, or whatever the library
                itself takes.

        Returns:
            What the library gives: an array with one entry a row, or a frame.

        Raises:
            Refused: The model cannot predict, or a column that its signature requires is missing.
        """
        if self.apply is None:
            raise Refused(f"a model of the format {self.format!r} holds tensors and no code that predicts with them")
        return self.apply(self._ordered(data))

    def predict_proba(self, data: Any) -> Any:
        """The probabilities of ``classes`` for some rows; see ``predict``.

        Raises:
            Refused: The model gives none, or a column that its signature requires is missing.
        """
        if self.apply_proba is None:
            raise Refused(f"a model of class {self.info.class_name or self.format!r} gives no probabilities")
        return self.apply_proba(self._ordered(data))

    def example(self) -> Any:
        """The rows that were logged as its input example, as it takes them; None without one."""
        found = self.info.input_example
        return signatures.rows(found, self.signature) if found else None

    def _ordered(self, data: Any) -> Any:
        inputs = self.signature.get("inputs") or ()
        if not hasattr(data, "columns") or not inputs or not all("name" in column for column in inputs):
            return data
        present = set(map(str, data.columns))
        missing = [str(c["name"]) for c in inputs if c.get("required", True) and str(c["name"]) not in present]
        if missing:
            raise Refused(f"the input has no column {', '.join(map(repr, missing[:5]))}", "the signature requires it")
        names = [str(column["name"]) for column in inputs if str(column["name"]) in present]
        return data if list(data.columns) == names else data[names]
