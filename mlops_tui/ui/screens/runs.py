"""All runs: filter, sort, group, mark, compare, tag, note, archive, delete, export, register."""

from __future__ import annotations

from textual.app import ComposeResult

from mlops_tui.compare.runs import MOST
from mlops_tui.compare.views import KINDS, RunsView
from mlops_tui.ui import keymap, messages
from mlops_tui.ui.screens import run_acts, run_choices, run_chosen, run_saving
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.run_filter import FilterPrompt, filter_problem, is_unfinished
from mlops_tui.ui.screens.run_list import RunsPane
from mlops_tui.ui.screens.run_preview import RunPreview
from mlops_tui.ui.widgets.prompt import Prompt
from mlops_tui.ui.widgets.window_table import WindowTable


class RunsScreen(ProjectScreen):
    """The runs of the project.

    Args:
        argument: A filter.
    """

    NAME = "runs"
    BINDINGS = keymap.bindings("runs")
    HAS_FILTER = True

    DEFAULT_CSS = """
    RunsScreen #body { layout: vertical; }
    RunsScreen RunPreview { display: none; }
    RunsScreen.-wide.-tall RunPreview { display: block; height: 14; }
    RunsScreen.-very-wide #body { layout: horizontal; }
    RunsScreen.-very-wide RunPreview { display: block; width: 2fr; height: 1fr; }
    RunsScreen.-very-wide RunsPane { width: 3fr; }
    RunsScreen.-very-wide #preview { layout: vertical; }
    RunsScreen.-very-wide #preview-facts { width: 1fr; height: auto; max-height: 18; }
    RunsScreen.-very-wide #preview-charts { layout: vertical; }
    RunsScreen.-very-wide #preview-charts Chart { margin: 1 1 0 1; }
    """

    def compose_body(self) -> ComposeResult:
        """The list, and where there is room the curves of the run under the cursor."""
        if problem := filter_problem(self.argument):
            # it came with a jump: begin it in the prompt, where it can be put right
            wrong, self.argument = self.argument, ""
            self.call_after_refresh(self._begin_filter, wrong, problem)
        yield RunsPane("Runs", 1, self.argument)
        yield RunPreview()

    @property
    def pane(self) -> RunsPane:
        """The list with its frame."""
        return self.query_one(RunsPane)

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows the curves of the run under the cursor, or of the best one of the group."""
        chosen = self.pane.shown_by(message.key)
        names = self.pane.records.names if self.pane.records is not None else ()
        metrics = tuple(name.partition(".")[2] for name in names if name.startswith("metrics."))
        self.query_one(RunPreview).preview(chosen[0] if chosen else None, metrics)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Opens a run, or a group."""
        if isinstance(message.key, tuple):
            self.pane.look_into(message.key)
        for run in self.pane.records_of([message.key]):
            self.go("run", run.run_id)

    def retreat(self) -> bool:
        """Ends a range, then removes the marks, then leaves the group, then the filter, then grouping."""
        table = self.pane.table
        if table.end_range():
            return True
        if table.marks:
            table.set_marks(())
            return True
        if self.pane.within is not None:
            self.pane.look_into(None)
            return True
        if self.argument:
            self._narrow("")
            return True
        if self.pane.view.group_by:
            self.pane.change(group_by=())
            return True
        return False

    def copy_text(self) -> tuple[str, str]:
        """The ids of the marked runs, or of the one under the cursor."""
        chosen = self.pane.chosen()
        what = f"the id of {chosen.words}" if len(chosen) == 1 else f"{len(chosen):,} ids"
        return "\n".join(chosen.run_ids), what

    # the filter

    def filter(self) -> None:
        """Begins a filter."""
        self._begin_filter(self.argument, "")

    def _begin_filter(self, text: str, problem: str) -> None:
        if self.query(Prompt):
            return
        self._before = self.argument
        self.mount(FilterPrompt(text, problem))

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        """Shows the runs of what is typed so far; the prompt says what is wrong with it."""
        if not filter_problem(message.value) and not is_unfinished(message.value):
            self._narrow(message.value)

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        """Keeps the filter; one that is wrong stays in the prompt."""
        if not filter_problem(message.value):
            self._end_filter(message.prompt, message.value)

    def on_prompt_cancelled(self, message: Prompt.Cancelled) -> None:
        """Returns to the filter before."""
        self._end_filter(message.prompt, self._before)

    def _end_filter(self, prompt: Prompt, text: str) -> None:
        self._narrow(text)
        prompt.remove()
        self.pane.focus_inside()

    def _narrow(self, text: str) -> None:
        self.argument = text.strip()
        self.pane.narrow(self.argument)
        self.retitle()

    # what is shown

    def action_sort(self) -> None:
        """Asks what to sort by."""
        run_choices.choose_order(self, self.pane)

    def action_columns(self) -> None:
        """Asks which columns to show."""
        run_choices.choose_columns(self, self.pane)

    def action_group(self) -> None:
        """Asks what to group by."""
        run_choices.choose_groups(self, self.pane)

    def action_kinds(self) -> None:
        """Shows the next selection of kinds."""
        place = KINDS.index(self.pane.view.kinds)
        self.pane.change(kinds=KINDS[(place + 1) % len(KINDS)])

    def action_views(self) -> None:
        """Asks for a saved view."""
        run_saving.choose_view(self, self._take)

    def _take(self, view: RunsView) -> None:
        self.argument = view.filter.strip()
        self.pane.take(view, self.argument)
        self.retitle()

    def action_save_view(self) -> None:
        """Saves what is shown as a view."""
        run_saving.save_view(self, self.pane.query_now.view)

    # acts

    def action_export(self) -> None:
        """Writes the marked runs, or all shown, to a file."""
        run_saving.export(self, self.pane)

    def action_compare(self) -> None:
        """Compares the marked runs."""
        chosen = self.pane.chosen()
        if len(chosen) < 2:
            self.remark("mark two or more runs with space, then compare them", "warning")
            return
        if len(chosen) > MOST:
            self.remark(f"{len(chosen):,} runs are too many: up to {MOST} can be compared", "warning")
            return
        self.go("compare", " ".join(chosen.run_ids))

    def action_tag(self) -> None:
        """Asks for a tag for the chosen runs."""
        run_acts.tag(self, self.pane.chosen())

    def action_note(self) -> None:
        """Asks for a note on the chosen runs."""
        run_acts.note(self, self.pane.chosen())

    def action_archive(self) -> None:
        """Takes the chosen runs out of the lists, or puts archived ones back."""
        run_acts.archive(self, self.pane.chosen(), is_back=self.pane.view.shows_archived)

    def action_delete(self) -> None:
        """Deletes the chosen runs; several only after a yes."""
        run_acts.delete(self, self.pane.chosen())

    def action_register(self) -> None:
        """Registers the model of the run under the cursor."""
        for run in self.pane.records_of([self.pane.table.cursor_key]):
            run_acts.register(self, run_chosen.only(run))

    def on_did(self, _: messages.Did) -> None:
        """Reads the list again: something was done to its runs."""
        self.pane.renew()
