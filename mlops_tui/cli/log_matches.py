"""``mlops-tui logs --grep`` and ``--first-error``: the lines of stages' logs that have something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from mlops_store.records import StageRun
from mlops_tui.cli import output
from mlops_tui.cli.text import clean, clean_line
from mlops_tui.pipeline import log_search
from mlops_tui.pipeline.log_search import Sought

#: Lines shown from a first error on: a traceback's frames follow its first line.
_AFTER_ERROR = 15


def write(stages: Sequence[StageRun], sought: Sought, *, as_json: bool) -> bool:
    """Prints every line that has something as ``stage:number: line``; returns whether there is any."""
    if as_json:
        shapes = [_shape(stage, log_search.matches(stage.log_path, sought)) for stage in stages]
        output.write_json_lines(shapes)
        return any(shape["matches"] for shape in shapes)
    has_some = False
    for stage in stages:
        for number, line in log_search.matches(stage.log_path, sought):
            has_some = True
            output.say(f"{clean(stage.stage)}:{number}: {clean_line(line)}")
    return has_some


def write_first_errors(stages: Sequence[StageRun], *, as_json: bool) -> bool:
    """Prints the first line of each log that tells of an error and what follows it; returns whether there is any."""
    if as_json:
        shapes = [_shape(stage, islice(_errors(stage), 1)) for stage in stages]
        output.write_json_lines(shapes)
        return any(shape["matches"] for shape in shapes)
    has_some = False
    for stage in stages:
        for number, _ in islice(_errors(stage), 1):
            has_some = True
            for line_number, line in _from(stage.log_path, number):
                output.say(f"{clean(stage.stage)}:{line_number}: {clean_line(line)}")
    return has_some


def _errors(stage: StageRun) -> Iterator[tuple[int, str]]:
    return log_search.matches(stage.log_path, log_search.ERRORS)


def _from(path: str, number: int) -> Iterator[tuple[int, str]]:
    with open(path, "rb") as file:
        for place, line in enumerate(islice(file, number - 1, number - 1 + _AFTER_ERROR), number):
            yield place, line.decode("utf-8", "replace")


def _shape(stage: StageRun, found: Iterator[tuple[int, str]]) -> dict[str, object]:
    return {
        "stage": stage.stage,
        "run_id": stage.run_id,
        "log_path": stage.log_path,
        "matches": [{"line": number, "text": line} for number, line in found],
    }
