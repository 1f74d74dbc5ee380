"""Which runs a verb changes: those named, or all that a filter, an experiment or a saved view has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.run_asked import asked, experiment_option, view_option
from mlops_tui.cli.workspace import Workspace

#: Runs that are named when many are changed; the rest is counted.
_NAMED = 10
_filter_option = click.option(
    "-f", "--filter", "expression", help="All runs that it matches, as in: \"status = 'FAILED' AND start_time < -30d\"."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The runs that were asked for by what they are rather than by name.

    Attributes:
        expression: A filter; None where none was given.
        experiment: Only runs of this experiment.
        view: What this saved view shows.
    """

    expression: str | None = None
    experiment: str | None = None
    view: str | None = None

    def __bool__(self) -> bool:
        """Whether runs were asked for in this way at all."""
        return any(given is not None for given in (self.expression, self.experiment, self.view))

    def run_ids(self, workspace: Workspace, *, among: str = "shown") -> list[str]:
        """The ids of all of them, newest first.

        Args:
            workspace: What the command works on.
            among: 'shown', 'archived' or 'deleted' runs.

        Raises:
            UsageError: The filter is blank, or not understood.
            NotFound: No such experiment or view.
        """
        from mlops_store import runs
        from mlops_store.run_conditions import Condition, every, plain

        if self.expression is not None and not self.expression.strip():
            raise UsageError(
                "the filter is empty, which would be every run", "say which: --filter \"status = 'FAILED'\""
            )
        query = asked(workspace, view=self.view, expression=self.expression or "", experiment=self.experiment)
        state = {
            "shown": Condition(),
            "archived": plain("r.archived_at IS NOT NULL"),
            "deleted": plain("r.deleted_at IS NOT NULL"),
        }[among]
        db = workspace.store().read()
        numbers = runs.ids(
            db,
            condition=every([query.condition(), state]),
            order=query.view.orders(query.goal),
            include_archived=among != "shown" or query.view.shows_archived,
            include_deleted=among == "deleted",
        )
        return list(runs.run_ids(db, numbers))


def asked_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The options that ``Asked`` is made of: ``expression``, ``experiment`` and ``view``."""
    return _filter_option(experiment_option(view_option(verb)))


def targets(workspace: Workspace, names: Sequence[str], those: Asked, *, among: str = "shown") -> list[str]:
    """The ids of the runs named, or of all that were asked for.

    Raises:
        UsageError: Both or neither was given.
        NotFound: A name is of no run.
    """
    from mlops_store import runs

    if those and names:
        raise UsageError("runs are named, and asked for by a filter", "give RUNs or --filter, not both")
    if those:
        return those.run_ids(workspace, among=among)
    if not names:
        raise UsageError("no runs are named", "give RUNs, or --filter EXPR for all that it matches")
    db = workspace.store().read()
    return list(dict.fromkeys(runs.resolve(db, name) for name in names))


def tell(workspace: Workspace, run_ids: Sequence[str], done: str) -> None:
    """Says what was done to which runs: each of a few, the first of many, and how many there are in all."""
    from mlops_store import runs

    db = workspace.store().read()
    for run in (runs.get(db, run_id) for run_id in run_ids[:_NAMED]):
        output.say(f"{text.clean(run.name)} ({text.short(run.run_id)}) {done}")
    if len(run_ids) > _NAMED:
        output.say(f"and {len(run_ids) - _NAMED:,} more")
    if len(run_ids) != 1:
        output.say(f"{text.count(len(run_ids), 'run')} {done}")
