"""The parts of a comparison beside its table: pages of text, a scatter plot, parallel coordinates.

Each loads only while it is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from textual.app import ComposeResult

from mlops_store import runs
from mlops_store.errors import MlopsError, NotFound
from mlops_tui.compare import report, wording
from mlops_tui.compare.axes import Axis, Scatter
from mlops_tui.compare.export import document
from mlops_tui.compare.report import Report, Wanted
from mlops_tui.compare.runs import Comparison, compare
from mlops_tui.ui import comparison_pictures, shown
from mlops_tui.ui.loading import Records
from mlops_tui.ui.screens import page_lines
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets import parallel_plot
from mlops_tui.ui.widgets.chart import chart_options
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.picture import Picture
from mlops_tui.ui.widgets.text_view import TextView

#: Seconds after which an empty page says that it is being computed.
BUSY_S = 0.3


@dataclass(frozen=True, slots=True)
class Chosen:
    """What every part is about: the runs, the baseline, and what was chosen about each part.

    Attributes:
        names: The runs: ids, digits of ids, or names.
        baseline: The id of one; None for the first.
        wanted: What is chosen about the parts.
        focus: The runs whose predictions are looked at, beside the baseline; empty for all.
    """

    names: tuple[str, ...]
    baseline: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    focus: tuple[str, ...] = ()


def read(session: Session, chosen: Chosen, parts: tuple[str, ...]) -> Report:
    """The comparison with some parts of it.

    Raises:
        NotFound: Nothing has been recorded, or one of the runs does not exist.
        UsageError: Too few or too many runs.
    """
    if session.store is None:
        raise NotFound("nothing has been recorded here yet")
    with session.store.snapshot() as db:
        run_ids = [runs.resolve(db, name) for name in chosen.names]
        if chosen.focus and parts == ("predictions",):
            run_ids = [run_id for run_id in run_ids if run_id in (chosen.baseline or run_ids[0], *chosen.focus)]
        found = compare(db, run_ids, session.config, chosen.baseline)
        wanted = replace(chosen.wanted, parts=parts)
        return report.build(db, found, wanted, root=session.project.root, objects_dir=session.project.objects_dir)


class ViewPane(Pane[Records]):
    """A part that loads only while it is shown."""

    def __init__(self, title: str, chosen: Chosen) -> None:
        super().__init__(title, id=f"view-{title}")
        self._name = title
        self.chosen = chosen
        self._is_old = True

    @property
    def is_seen(self) -> bool:
        """Whether it is the part in front."""
        return self.is_mounted and bool(self.display)

    @property
    def has_loaded(self) -> bool:
        """Whether it shows something by now, where there is anybody to see it."""
        return not self.is_seen or super().has_loaded

    def reload(self, *, restart: bool = False) -> None:
        """Loads, or remembers to when it is shown."""
        if self.is_seen:
            self._is_old = False
            super().reload(restart=restart)
        else:
            self._is_old = True

    def on_show(self) -> None:
        """Loads what is missing."""
        if self._is_old:
            self.reload(restart=True)

    def want(self, chosen: Chosen) -> None:
        """Shows something else."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.reload(restart=True)


class PagePane(ViewPane[Report]):
    """A part as text.

    Args:
        part: Which.
        title: What to call it.
    """

    def __init__(self, part: str, title: str, chosen: Chosen) -> None:
        super().__init__(title, chosen)
        self._part = part

    def compose(self) -> ComposeResult:
        """The text."""
        yield TextView(wrap=True)

    def on_show(self) -> None:
        """Says that it is computed where that takes long; the base loads."""
        if self.records is None:
            self.set_timer(BUSY_S, self._say_busy)

    def _say_busy(self) -> None:
        if self.records is None and not self.has_class("-covered"):
            self.query_one(TextView).show([Cell("computing …", "dim")])

    def load(self, session: Session) -> Report:
        """Reads the part."""
        return read(session, self.chosen, (self._part,))

    def show(self, records: Report) -> None:
        """Draws the page, or says why there is none."""
        problem = records.problems.get(self._part)
        found = records.comparison
        base = wording.label(found.runs[found.baseline], found.runs)
        # predictions are compared with another run where the baseline has none: each table says with which
        self.entitle(
            document.TITLES[self._part], "" if self._part in ("importance", "predictions") else f"against {base}"
        )
        if problem is not None:
            self.show_problem(problem)
            return
        self.uncover()
        width = max(20, self.size.width - 2)  # for the scroll bar and a blank
        page = document.document(records)
        self.query_one(TextView).show(page_lines.lines(page.blocks[1:], width))

    def on_resize(self) -> None:
        """Breaks the lines anew."""
        if self.records is not None:
            self.show(self.records)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a picture shows, or why it shows nothing."""

    comparison: Comparison
    subject: Scatter | tuple[Axis, ...] | None
    problem: str = ""
    hint: str = ""


class PicturePane(ViewPane[Drawn]):
    """A scatter plot or parallel coordinates, in which the runs can be pointed at one after the other.

    Args:
        part: 'scatter' or 'parallel'.
    """

    def __init__(self, part: str, chosen: Chosen) -> None:
        super().__init__(part, chosen)
        self._part = part
        self.focused: int | None = None

    def compose(self) -> ComposeResult:
        """The picture."""
        yield Picture()

    @property
    def focused_run(self) -> str:
        """The id of the run that is pointed at; "" for none."""
        if self.records is None or self.focused is None:
            return ""
        return self.records.comparison.run_ids[self.focused]

    def load(self, session: Session) -> Drawn:
        """Reads the runs and their places."""
        found = read(session, self.chosen, (self._part,))
        error: MlopsError | None = found.problems.get(self._part)
        if error is not None:
            return Drawn(found.comparison, None, error.message, error.hint)
        return Drawn(found.comparison, found.scatter if self._part == "scatter" else found.parallel)

    def show(self, records: Drawn) -> None:
        """Draws it."""
        if records.subject is None:
            self.show_problem(NotFound(records.problem, records.hint))
            return
        self.uncover()
        if self.focused is not None and self.focused >= len(records.comparison.runs):
            self.focused = None
        self._draw(records)

    def _draw(self, records: Drawn) -> None:
        picture, found, subject = self.query_one(Picture), records.comparison, records.subject
        width, height = picture.size
        names = [wording.label(run, found.runs) for run in found.runs]
        options = chart_options(self.app)
        if isinstance(subject, Scatter):
            picture.paint(
                comparison_pictures.scatter(subject, names, found.baseline, width, height, options, self.focused)
            )
            notes = [shown.count(subject.count, "run")]
            if not math.isnan(subject.correlation):
                notes.append(f"rank correlation {subject.correlation:+.2f}")
            if subject.front:
                notes.append(f"{len(subject.front)} on the Pareto front")
            self.entitle(f"{subject.y.name} by {subject.x.name}", " · ".join(notes))
        elif subject is not None:
            picture.paint(comparison_pictures.parallel(subject, width, height, options, self.focused))
            is_many = len(found.runs) > parallel_plot.NAMED and subject[-1].goal
            best = f" · in colour the best by {subject[-1].name}" if is_many else ""
            self.entitle("Parallel coordinates", shown.count(len(found.runs), "run") + best)
        self.subtitle(self._said(records, names))

    def _said(self, records: Drawn, names: list[str]) -> str:
        """The run that is pointed at, with its values."""
        column, subject = self.focused, records.subject
        if column is None or subject is None:
            return "j and k point at runs"
        axes = (subject.x, subject.y) if isinstance(subject, Scatter) else subject[-4:]
        values = [f"{axis.name} {wording.axis_value(axis, column)}" for axis in axes]
        front = ["on the front"] if isinstance(subject, Scatter) and column in subject.front else []
        return f"{names[column]}: {', '.join([*values, *front])}"

    def on_picture_resized(self) -> None:
        """Draws for the new size."""
        if self.records is not None and self.records.subject is not None:
            self._draw(self.records)

    def on_picture_stepped(self, message: Picture.Stepped) -> None:
        """Points at the next run that has a place, or none."""
        records = self.records
        if records is None or records.subject is None:
            return
        subject = records.subject
        without = set(subject.without) if isinstance(subject, Scatter) else set()
        columns = [column for column in range(len(records.comparison.runs)) if column not in without]
        if not columns or not message.by:
            self.focused = None
        elif self.focused not in columns:
            self.focused = columns[0 if message.by > 0 else -1]
        else:
            self.focused = columns[(columns.index(self.focused) + message.by) % len(columns)]
        self._draw(records)


__all__ = ["Chosen", "Drawn", "PagePane", "PicturePane", "ViewPane", "read"]
