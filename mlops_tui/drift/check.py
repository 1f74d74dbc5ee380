"""A batch against its reference: schema, every column, predictions. Knows no files and no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_store.errors import MlopsError, UsageError, nearest
from mlops_store.records import ColumnReport
from mlops_tui.config.monitors import MULTIVARIATE, MonitorConfig
from mlops_tui.drift import kinds, methods, severity, texts
from mlops_tui.drift.columns import Known, Settings, compare, prepare, unscored
from mlops_tui.drift.predictions import Predictor, Unloadable
from mlops_tui.drift.schemas import Schema, examine
from mlops_tui.drift.severity import Findings

if TYPE_CHECKING:
    import pandas as pd

#: The model predicts on at most so many reference rows where these came without predictions.
PREDICTED_ROWS = 10_000
#: How the columns begin that say something of the request that a row came with.
REQUEST_PREFIX = "request."
PROBABILITY_PREFIX = f"{REQUEST_PREFIX}probability."
#: What is said of a column that is not checked because it is a row number, and of one that is not expected.
EXTRA = "the reference has no such column"
COUNTER = "counts up by one from row to row as a row number does; name it under columns to check it anyway"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reference and what a monitor wants of it, ready for any number of batches.

    Attributes:
        features: The columns to compare.
        counters: Those that are checked only where they do not go on counting.
        texts: The values of those that are free text.
        target: The reference's labels, if there are any.
        target_column: Where a batch may bring its own.
        prediction: The reference's predictions, if there are any.
        prediction_column: Where a batch may bring its own predictions.
        predictor: Makes predictions for batches without them.
        inputs: The columns of the training data, in order.
        problem: Why the reference has no predictions although there is a model.
        ignored: Columns of a batch that are no surprise.
        settings: Methods and thresholds.
        drift_share: Share of drifted features from which the data set counts as drifted.
        is_of_requests: Batches have columns that say something of the request of each row.
    """

    features: tuple[Known, ...]
    counters: frozenset[str]
    texts: Mapping[str, pd.Series[Any]] = field(default_factory=dict)
    target: Known | None = None
    target_column: str = ""
    prediction: Known | None = None
    prediction_values: pd.Series[Any] | None = None
    prediction_column: str = ""
    predictor: Predictor | None = None
    inputs: tuple[str, ...] = ()
    problem: str = ""
    ignored: frozenset[str] = frozenset()
    settings: Settings = field(default_factory=Settings)
    drift_share: float = 0.5
    is_of_requests: bool = False


def prepared(
    frame: pd.DataFrame,
    monitor: MonitorConfig,
    *,
    column_kinds: Mapping[str, str] | None = None,
    prediction: str | None = None,
    predictor: Predictor | None = None,
) -> Prepared:
    """A reference frame made ready.

    Args:
        frame: The reference's rows.
        monitor: Which columns, which methods.
        column_kinds: Column -> kind, where it is known already; else it is inferred.
        prediction: The frame's column of predictions.
        predictor: Makes predictions for batches, and for the reference when ``prediction`` is None.

    Raises:
        UsageError: The monitor names columns that the reference lacks, or unknown methods.
    """
    given = column_kinds or {}
    unread = {name for name in (monitor.target, monitor.truth.id, *monitor.truth.proba.values()) if name}
    if prediction is not None:
        unread.add(prediction)
    apart = unread | {*monitor.ignore, *([monitor.time] if monitor.time else [])}
    features = [str(name) for name in frame.columns if name not in apart]
    column = monitor.prediction or prediction or "prediction"
    validate(monitor, {str(name) for name in frame.columns} | {column, monitor.target} - {""})
    if monitor.columns:
        features = [name for name in features if name in monitor.columns]

    def kind(name: str) -> str:
        return "categorical" if name in monitor.categorical else given.get(name) or kinds.infer(frame[name])

    inputs = tuple(str(name) for name in frame.columns if name not in unread)
    values = frame[prediction] if prediction is not None else None
    problem = ""
    if values is None and predictor is not None:
        try:
            read = list(predictor.columns(inputs))
            lacking = [name for name in read if name not in inputs]
            if lacking:
                problem = f"{predictor.name} reads {lacking[0]!r}, which the reference lacks"
            else:
                values = predictor.predict(frame.iloc[:PREDICTED_ROWS][read])
        except MlopsError as error:
            problem = error.message
    if values is None and not problem and monitor.prediction:
        problem = f"the reference holds no predictions to compare {monitor.prediction!r} with"
    known = None
    if values is not None:
        wanted = kind(prediction) if prediction is not None else kinds.infer(values)
        known = prepare(values, wanted, name=column, role="prediction")
    target = None
    if monitor.target and monitor.target in frame.columns:
        target = prepare(frame[monitor.target], kind(monitor.target), name=monitor.target, role="target")
    is_counted = kinds.was_counter if monitor.earlier else kinds.is_counter
    known_features = tuple(prepare(frame[name], kind(name), name=name) for name in features)
    for each in known_features:
        if each.kind == "text" and each.name in monitor.methods:
            raise UsageError(
                f"the method {monitor.methods[each.name]!r} cannot compare {each.name!r}, which is text",
                f"texts are compared by a classifier of their words; categorical = [{each.name!r}] compares them whole",
            )
    return Prepared(
        features=known_features,
        texts={each.name: frame[each.name] for each in known_features if each.kind == "text"},
        counters=frozenset(name for name in features if name not in monitor.columns and is_counted(frame[name])),
        target=target,
        target_column=monitor.target,
        prediction=known,
        prediction_values=values,
        prediction_column=column,
        predictor=predictor,
        inputs=inputs,
        problem=problem,
        ignored=frozenset((*apart, column, *(str(name) for name in frame.columns))),
        settings=Settings(monitor.methods, monitor.thresholds),
        drift_share=monitor.drift_share,
        is_of_requests=bool(monitor.requests),
    )


def validate(monitor: MonitorConfig, columns: set[str]) -> None:
    """Raises UsageError where the monitor speaks of a column or a method that is not there.

    Args:
        monitor: What may be wrong.
        columns: Names of the columns that there are.
    """
    place = f"monitors.{monitor.name}"
    for name in (*monitor.columns, *monitor.categorical, *monitor.methods):
        if name not in columns:
            raise UsageError(f"{place}: the reference has no column {name!r}", nearest(name, columns))
    for method_id in monitor.methods.values():
        methods.get(method_id)
    for name in monitor.thresholds:
        known = {*columns, *methods.IDS, *texts.METHODS, *MULTIVARIATE}
        if name not in known:
            raise UsageError(f"{place}.thresholds: {name!r} is neither a column nor a method", nearest(name, known))


def check(reference: Prepared, frame: pd.DataFrame, *, repeated: Sequence[str] = ()) -> Findings:
    """All findings about a batch.

    Args:
        reference: What to compare with.
        frame: The batch, its column names distinct.
        repeated: Names that stood in the batch's file more than once.

    Raises:
        UsageError: A configured method is unknown or does not suit its column.
    """
    names = [str(name) for name in frame.columns]
    ignored = reference.ignored
    if reference.is_of_requests:
        ignored |= {name for name in names if name.startswith(REQUEST_PREFIX)}
    schema = examine(
        reference.features,
        names,
        lambda known, name: compare(known, frame[name], Settings()),
        repeated=repeated,
        ignored=ignored,
    )
    columns = [_feature(reference, known, frame, schema) for known in reference.features]
    outcome = _prediction(reference, frame)
    if outcome.column is not None:
        columns.append(outcome.column)
    target, note = _target(reference, frame)
    columns += target
    columns += [_extra(name, frame[name]) for name in schema.extra]
    return Findings(
        columns=severity.mark_notable(columns),
        schema=schema,
        drift_share=reference.drift_share,
        needed=outcome.needed,
        problem=outcome.problem,
        notes=(*outcome.notes, *note),
        predictions=outcome.values,
    )


def _feature(reference: Prepared, known: Known, frame: pd.DataFrame, schema: Schema) -> ColumnReport:
    if known.name in schema.missing:
        return missing(known, schema)
    column = frame[known.name]
    if known.name in reference.counters and kinds.is_counter(column):
        return unscored(known, len(column), "unchecked", COUNTER)
    if known.name in reference.texts:
        return texts.compare(known, reference.texts[known.name], column, reference.settings)
    return compare(known, column, reference.settings)


def missing(known: Known, schema: Schema) -> ColumnReport:
    """The report on a column that the batch lacks, with what it may be called now."""
    renamed = (schema.renamed or {}).get(known.name)
    guess = f"; perhaps it is {renamed!r} now" if renamed is not None else ""
    return unscored(known, 0, "missing", f"the batch has no such column{guess}")


def _extra(name: str, column: pd.Series[Any]) -> ColumnReport:
    known = Known(name, kinds.infer(column), kinds.family(column), None)
    return unscored(known, int(column.notna().sum()), "extra", EXTRA)


def _target(reference: Prepared, frame: pd.DataFrame) -> tuple[list[ColumnReport], tuple[str, ...]]:
    """The report on labels that came with the rows, and why there is none where the reference has no labels."""
    name = reference.target_column
    if not name or name not in frame.columns or not frame[name].notna().any():
        return [], ()
    if reference.target is None:
        return [], (f"the reference holds no labels to compare {name!r} with",)
    return [compare(reference.target, frame[name], reference.settings)], ()


@dataclass(frozen=True, slots=True)
class _Predicted:
    """What became of the predictions: see ``Findings`` for the fields."""

    column: ColumnReport | None = None
    needed: frozenset[str] | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    values: pd.Series[Any] | None = None


def _prediction(reference: Prepared, frame: pd.DataFrame) -> _Predicted:
    known, predictor = reference.prediction, reference.predictor
    needed = frozenset(predictor.inputs) if predictor is not None and predictor.inputs else None
    if known is None:
        return _Predicted(needed=needed, notes=(reference.problem,) if reference.problem else ())
    if reference.prediction_column in frame.columns:
        own = frame[reference.prediction_column]
        return _Predicted(compare(known, own, reference.settings), needed, values=own)
    if predictor is None:
        message = f"the batch has no column {reference.prediction_column!r}, and there is no model to predict"
        return _Predicted(unscored(known, 0, "unpredicted", message))
    try:
        inputs = predictor.columns(reference.inputs)
        needed = frozenset(inputs)
        missing = [name for name in inputs if name not in frame.columns]
        if missing:
            message = f"{predictor.name} cannot predict without the column {missing[0]!r}"
            return _Predicted(unscored(known, 0, "unpredicted", message), needed)
        values = predictor.predict(frame[list(inputs)], reference.prediction_values)
    except Unloadable as error:
        return _Predicted(unscored(known, 0, "unpredicted", error.message), needed, notes=(error.message,))
    except MlopsError as error:
        return _Predicted(unscored(known, 0, "unpredicted", error.message), needed, problem=error.message)
    return _Predicted(compare(known, values, reference.settings), needed, values=values)


def totals(findings: Findings) -> dict[str, Any]:
    """The counts of a report: ``checked_columns``, ``drifted_columns``, ``drift_share``, ``is_dataset_drift``."""
    return {
        "checked_columns": len(findings.features),
        "drifted_columns": len(findings.drifted),
        "drift_share": findings.share,
        "is_dataset_drift": findings.is_dataset_drift,
    }
