"""Runs compared by what they predicted: which rows changed sides, where one is worse, and whether that is chance.

Every run is compared with the baseline. Where there are several, intervals and tests are corrected for their number
(Bonferroni), so that the risk of any wrong verdict stays below 5 %.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mlops_store import artifacts, runs
from mlops_store.errors import NotFound, nearest
from mlops_tui import prediction_files
from mlops_tui.compare import measures, slices
from mlops_tui.compare.alignment import Incomparable, Rows, align
from mlops_tui.compare.measures import Measure
from mlops_tui.compare.paired import Test, mcnemar, paired_t
from mlops_tui.prediction_files import Predictions

if TYPE_CHECKING:
    pass

RISK = 0.05
#: Changed rows and kinds of changes that are kept.
MOST_ROWS, MOST_CHANGES = 1000, 50


@dataclass(frozen=True, slots=True)
class Flips:
    """How rows changed sides from the baseline to the other run.

    In a classification a side is right or wrong. In a regression ``only_second`` are the rows that the other run is
    nearer to the truth in, ``only_first`` those it is farther from it in, and ``both_right`` those with equal errors.
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of one truth that the runs predict differently."""

    truth: str
    first: str
    second: str
    count: int


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One row that the runs predict differently, as texts; ``gain`` is by how much the other run's score is better."""

    name: str
    truth: str
    first: str
    second: str
    gain: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A run against the baseline.

    Attributes:
        run_id: The other run.
        problem: Why they cannot be compared; then all else is empty.
        task: 'classification' or 'regression'.
        count: Rows compared.
        left_out: Reason and number of the rows that were not.
        remarks: What is odd about rows that were.
        measures: The first decides the verdict.
        test: Of no difference in the first measure.
        verdict: 'better', 'worse', 'noise' (the difference is within noise) or '' where there is none.
        flips: How many rows changed sides.
        changes: The most frequent changes of labels.
        rows: The rows that changed most.
        slices: Where the runs surely differ; None where that was not looked for.
    """

    run_id: str
    problem: str = ""
    task: str = ""
    count: int = 0
    left_out: tuple[tuple[str, int], ...] = ()
    remarks: tuple[tuple[str, int], ...] = ()
    measures: tuple[Measure, ...] = ()
    test: Test | None = None
    verdict: str = ""
    flips: Flips | None = None
    changes: tuple[Change, ...] = ()
    rows: tuple[ChangedRow, ...] = ()
    slices: slices.Slices | None = None


@dataclass(frozen=True, slots=True)
class PredictionComparison:
    """The runs' predictions against those of the baseline.

    Attributes:
        name: Which predictions are compared, "" where no run has any.
        names: All that there are, those of most runs first.
        baseline: The run the others are measured against: the one asked for, or the first that has predictions.
        pairs: One for each other run.
    """

    name: str
    names: tuple[str, ...]
    baseline: str
    pairs: tuple[Pair, ...]


def compare(
    db: sqlite3.Connection,
    objects_dir: str,
    run_ids: Sequence[str],
    baseline: str,
    name: str | None = None,
    *,
    with_slices: Sequence[str] | None = None,
) -> PredictionComparison:
    """Every run's predictions against those of the baseline.

    Args:
        db: A connection.
        objects_dir: Where the bytes of artifacts lie.
        run_ids: Full ids.
        baseline: One of them.
        name: Which predictions; by default those that most runs have.
        with_slices: The runs whose slices are looked for; all by default.

    Raises:
        NotFound: No run logged predictions of that name.
    """
    found = {run_id: files(db, run_id) for run_id in run_ids}
    names = _names(found.values(), baseline, found)
    if name is not None and name not in names:
        raise NotFound(f"none of the runs logged predictions named {name!r}", nearest(name, names))
    if not names:
        return PredictionComparison("", (), baseline, ())
    chosen = name or names[0]
    if chosen not in found[baseline]:
        baseline = next(run_id for run_id in run_ids if chosen in found[run_id])
    others = [run_id for run_id in run_ids if run_id != baseline]
    risk = RISK / max(1, sum(chosen in found[run_id] for run_id in others))
    first = _read(objects_dir, found[baseline][chosen])
    pairs = []
    for run_id in others:
        digest = found[run_id].get(chosen)
        if digest is None:
            pairs.append(Pair(run_id, f"it logged no predictions named {chosen}"))
            continue
        is_wanted = with_slices is None or run_id in with_slices
        second = _read(objects_dir, digest)
        pairs.append(_pair(run_id, first, second, risk, is_wanted, len(others)))
    return PredictionComparison(chosen, names, baseline, tuple(pairs))


def of_pair(run_id: str, first: Predictions, second: Predictions) -> Pair:
    """One run's predictions against a baseline's."""
    return _pair(run_id, first, second, RISK, True, 1)


def _names(found: Any, baseline: str, by_run: dict[str, dict[str, str]]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for mine in found:
        for name in mine:
            counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(counts, key=lambda name: (-counts[name], name not in by_run[baseline], name)))


def files(db: sqlite3.Connection, run_id: str) -> dict[str, str]:
    """Name -> digest of a run's predictions."""
    rows = db.execute(
        "SELECT path, digest FROM artifacts WHERE run_id = ? AND path >= ? AND path < ? ORDER BY path",
        (runs.number(db, run_id), prediction_files.FOLDER, prediction_files.FOLDER[:-1] + "0"),
    )
    return {name: digest for path, digest in rows if (name := prediction_files.name_of(path))}


def _read(objects_dir: str, digest: str) -> Predictions | Incomparable:
    try:
        return decoded(objects_dir, digest)
    except FileNotFoundError:
        return Incomparable("the file of predictions is gone")
    except (OSError, ValueError) as error:
        return Incomparable(f"the file of predictions cannot be read: {error}")


@lru_cache(maxsize=4)  # content never changes; more would hold much memory
def decoded(objects_dir: str, digest: str) -> Predictions:
    """The predictions in an object.

    Raises:
        OSError: It is gone or cannot be read.
        ValueError: It holds no predictions.
    """
    with artifacts.open_object(objects_dir, digest) as file:
        return prediction_files.decode(file.read())


def _pair(
    run_id: str,
    first: Predictions | Incomparable,
    second: Predictions | Incomparable,
    risk: float,
    with_slices: bool,
    pairs: int,
) -> Pair:
    if isinstance(first, Incomparable):
        return Pair(run_id, f"baseline: {first}")
    if isinstance(second, Incomparable):
        return Pair(run_id, str(second))
    try:
        rows = align(first, second)
    except Incomparable as problem:
        return Pair(run_id, str(problem))
    found = _compared(run_id, rows, first, second, risk, pairs)
    if not with_slices:
        return found
    scores = measures.primary(rows)
    columns = _columns(rows, first, second)
    return replace(
        found, slices=slices.find(columns, scores.first, scores.second, is_counted=rows.task == "classification")
    )


def _compared(run_id: str, rows: Rows, first: Predictions, second: Predictions, risk: float, pairs: int) -> Pair:
    scores = measures.primary(rows)
    found = measures.measured(rows, first, second, 1 - risk, pairs)
    if rows.task == "classification":
        right_first, right_second = scores.first > 0, scores.second > 0
        flips = Flips(
            int((right_first & right_second).sum()),
            int((right_first & ~right_second).sum()),
            int((~right_first & right_second).sum()),
            int((~right_first & ~right_second).sum()),
        )
        test = mcnemar(flips.only_first, flips.only_second)
    else:
        flips = Flips(
            int((scores.first == scores.second).sum()),
            int((scores.second > scores.first).sum()),
            int((scores.second < scores.first).sum()),
            0,
        )
        test = paired_t(scores.second - scores.first)
    decisive = found[0]
    is_sure = test.p <= risk and not decisive.interval.has_zero
    is_better = (decisive.difference > 0) == (decisive.goal == "max")
    return Pair(
        run_id=run_id,
        task=rows.task,
        count=rows.count,
        left_out=rows.left_out,
        remarks=rows.remarks,
        measures=found,
        test=test,
        verdict=("better" if is_better else "worse") if is_sure else "noise",
        flips=flips,
        changes=_changes(rows),
        rows=_rows(rows, scores),
    )


def _columns(rows: Rows, first: Predictions, second: Predictions) -> dict[str, Any]:
    """What slices are made of: what either run logged about the rows, and the truth itself."""
    found: dict[str, Any] = {}
    for one, at in ((second, rows.at_second), (first, rows.at_first)):
        for name, column in one.slices.items():
            found[name] = (
                prediction_files.Texts(column.codes[at], column.texts)
                if isinstance(column, prediction_files.Texts)
                else column[at]
            )
    if rows.task == "classification":
        import numpy as np

        found["y_true"] = prediction_files.Texts(rows.truth.astype(np.int32), rows.labels)
    else:
        found["y_true"] = rows.truth
    return found


def _changes(rows: Rows) -> tuple[Change, ...]:
    import numpy as np

    if rows.task != "classification":
        return ()
    differs = rows.first != rows.second
    triples = np.stack([rows.truth[differs], rows.first[differs], rows.second[differs]], axis=1)
    kinds, counts = np.unique(triples, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_CHANGES]
    found = []
    for place in order:
        truth, first, second = (_label(rows, int(code)) for code in kinds[place])
        found.append(Change(truth, first, second, int(counts[place])))
    return tuple(found)


def _rows(rows: Rows, scores: measures.Scores) -> tuple[ChangedRow, ...]:
    """The rows that changed: in a classification in their order, in a regression by how much."""
    import numpy as np

    gain = scores.second - scores.first if scores.goal == "max" else scores.first - scores.second
    if rows.task == "classification":
        chosen = np.flatnonzero(rows.first != rows.second)
        chosen = chosen[np.argsort(-np.abs(gain[chosen]), kind="stable")][:MOST_ROWS]
    else:
        chosen = np.argsort(-np.abs(gain), kind="stable")[:MOST_ROWS]
        chosen = chosen[gain[chosen] != 0]
    return tuple(
        ChangedRow(
            str(rows.names[row]),
            _shown(rows, rows.truth[row]),
            _shown(rows, rows.first[row]),
            _shown(rows, rows.second[row]),
            float(gain[row]),
        )
        for row in chosen
    )


def _shown(rows: Rows, value: Any) -> str:
    return _label(rows, int(value)) if rows.task == "classification" else f"{float(value):.6g}"


def _label(rows: Rows, code: int) -> str:
    return rows.labels[code] if code >= 0 else "(none)"


__all__ = ["Change", "ChangedRow", "Flips", "Pair", "PredictionComparison", "compare", "decoded", "files", "of_pair"]
