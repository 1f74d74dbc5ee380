"""Every key of the dashboard, once. Bindings, footer, help, README and the user's own keymap come from this table.

``id`` is ``<where>.<action>``; the user's ``[keys]`` in ``mlops.toml`` maps ids to keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType
from textual.keys import _character_to_key

from mlops_store.errors import SpecError, nearest
from mlops_tui.project import CONFIG_FILE


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of the table.

    Attributes:
        id: ``<where>.<action>``; ``where`` is "app" (everywhere), a kind of widget, or the name of a screen.
        keys: Comma-separated keys as Textual names them; single characters as themselves.
        action: The Textual action; resolved on the widget or screen that binds it.
        label: At most two words for the footer.
        help: What it does, one sentence without a full stop.
        rank: Place in the footer, 1 the most important; 0 keeps it out of the footer.
    """

    id: str
    keys: str
    action: str
    label: str
    help: str
    rank: int = 0

    @property
    def where(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


#: ``where`` -> heading in the help.
SECTIONS: Mapping[str, str] = {
    "app": "Everywhere",
    "table": "In lists",
    "scroll": "In texts and logs",
    "log": "Logs",
    "search": "Search in logs",
    "dag": "The graph of stages",
    "overview": "Overview",
    "runs": "Runs",
    "run": "Run",
    "chart": "Charts",
    "charts": "Charts in a grid",
    "metrics": "Metrics of a run",
    "compare": "Compare",
    "picture": "In pictures of runs",
    "pipeline": "Pipeline",
    "data": "Data",
    "models": "Models",
    "board": "The board of stages",
    "version": "One version of a model",
    "timeline": "What was done to models",
    "card": "Model card",
    "diff": "Two versions",
    "folding": "Pages of parts",
    "promote": "Promote and roll back",
    "approvals": "Approvals",
    "past": "The registry at another time",
    "audit": "Audit log",
    "drift": "Drift",
    "measures": "Measures of a window",
    "serving": "Serving",
    "heat": "Columns and windows",
    "heat_table": "In the heat table",
    "column": "One column",
    "loop": "The loop",
    "events": "Events",
    "commands": "Command log",
    "help": "In the help",
    "prompt": "In the prompt",
    "dialog": "In dialogs",
    "write": "Writing a text",
    "list": "In long lists of dialogs",
    "columns": "Choosing columns",
    "views": "Choosing a view",
    "backtest": "In the back-test",
    "confirm": "In questions",
}

KEYS: tuple[Key, ...] = (
    # everywhere
    Key("app.help", "?,f1", "help", "help", "Show the keys of what is focused", 98),
    Key("app.jump", ":", "jump", "jump", "Go to a screen, run, model or stage by name", 90),
    Key("app.filter", "/", "filter", "filter", "Filter the list in place", 60),
    Key("app.back", "escape", "back", "back", "Leave the filter, the marks, or this screen", 97),
    Key("app.past", "[", "past", "past", "Go to the place before this one"),
    Key("app.future", "]", "future", "future", "Go to the place after this one again"),
    Key("app.pane_1", "1", "pane(1)", "pane 1", "Go to pane 1"),
    Key("app.pane_2", "2", "pane(2)", "pane 2", "Go to pane 2"),
    Key("app.pane_3", "3", "pane(3)", "pane 3", "Go to pane 3"),
    Key("app.pane_4", "4", "pane(4)", "pane 4", "Go to pane 4"),
    Key("app.pane_5", "5", "pane(5)", "pane 5", "Go to pane 5"),
    Key("app.pane_6", "6", "pane(6)", "pane 6", "Go to pane 6"),
    Key("app.pane_7", "7", "pane(7)", "pane 7", "Go to pane 7"),
    Key("app.pane_8", "8", "pane(8)", "pane 8", "Go to pane 8"),
    Key("app.pane_9", "9", "pane(9)", "pane 9", "Go to pane 9"),
    Key("app.copy", "y", "copy", "copy", "Copy the id or value under the cursor"),
    Key("app.commands", "@", "commands", "commands", "Show what was done, as command lines"),
    Key("app.undo", "u", "undo", "undo", "Take back the last act that can be taken back"),
    Key("app.palette", "ctrl+p", "command_palette", "palette", "Find any screen or act by its name"),
    Key("app.redraw", "ctrl+l", "redraw", "redraw", "Draw the whole screen again"),
    Key("app.suspend", "ctrl+z", "suspend_process", "suspend", "Put the dashboard to sleep; 'fg' wakes it"),
    Key("app.quit", "q,ctrl+c,ctrl+q", "leave", "quit", "Quit; runs go on", 99),
    # every list
    Key("table.down", "j,down", "move(1)", "down", "Move down"),
    Key("table.up", "k,up", "move(-1)", "up", "Move up"),
    Key("table.top", "g,home", "top", "top", "Go to the first row"),
    Key("table.bottom", "G,end", "bottom", "bottom", "Go to the last row"),
    Key("table.half_down", "ctrl+d", "page(0.5)", "half down", "Half a page down"),
    Key("table.half_up", "ctrl+u", "page(-0.5)", "half up", "Half a page up"),
    Key("table.page_down", "pagedown,ctrl+f", "page(1)", "page down", "A page down"),
    Key("table.page_up", "pageup,ctrl+b", "page(-1)", "page up", "A page up"),
    Key("table.right", "right", "columns(1)", "columns right", "Show columns further right"),
    Key("table.left", "left", "columns(-1)", "columns left", "Show columns further left"),
    Key("table.open", "enter", "open", "open", "Open the row under the cursor", 1),
    Key("table.mark", "space", "mark", "mark", "Mark the row; acts then apply to all marked", 50),
    Key("table.range", "v", "range", "mark range", "Mark every row passed until pressed again"),
    Key("table.unmark", "V", "unmark", "unmark all", "Remove all marks"),
    # texts that scroll
    Key("scroll.down", "j,down", "scroll_lines(1)", "down", "Scroll down"),
    Key("scroll.up", "k,up", "scroll_lines(-1)", "up", "Scroll up"),
    Key("scroll.top", "g,home", "scroll_top", "top", "Go to the beginning"),
    Key("scroll.bottom", "G,end", "scroll_bottom", "bottom", "Go to the end"),
    Key("scroll.half_down", "ctrl+d", "scroll_pages(0.5)", "half down", "Half a page down"),
    Key("scroll.half_up", "ctrl+u", "scroll_pages(-0.5)", "half up", "Half a page up"),
    Key("scroll.page_down", "pagedown,space,ctrl+f", "scroll_pages(1)", "page down", "A page down"),
    Key("scroll.page_up", "pageup,ctrl+b", "scroll_pages(-1)", "page up", "A page up"),
    Key("log.follow", "f", "follow", "follow", "Keep the newest lines in sight", 5),
    Key("log.right", "l,right", "scroll_columns(8)", "right", "Show what is further right"),
    Key("log.left", "h,left", "scroll_columns(-8)", "left", "Show what is further left"),
    # searching in logs
    Key("search.begin", "/", "begin_search", "search", "Search as you type; with upper case, case matters", 6),
    Key("search.next", "n", "match(1)", "next", "Go to the next match"),
    Key("search.previous", "N", "match(-1)", "previous", "Go to the match before"),
    Key("search.error", "e", "first_error", "first error", "Go to the first line that tells of an error", 7),
    Key("search.end", "escape", "end_search", "end search", "Show no matches any more"),
    # the graph
    Key("dag.down", "j,down", "step(0,1)", "down", "Go to a stage that needs this one"),
    Key("dag.up", "k,up", "step(0,-1)", "up", "Go to a stage that this one needs"),
    Key("dag.left", "h,left", "step(-1,0)", "left", "Go to the stage to the left"),
    Key("dag.right", "l,right", "step(1,0)", "right", "Go to the stage to the right"),
    Key("dag.first", "g,home", "first", "first", "Go to the first stage"),
    Key("dag.last", "G,end", "last", "last", "Go to the last stage"),
    Key("dag.open", "enter", "open", "open", "Open the run of the stage, or unfold what is folded", 6),
    Key("dag.narrower", "-", "levels(-1)", "less", "Show only what is near the stage, one level less each time", 8),
    Key("dag.wider", "+", "levels(1)", "more", "Show one level more, at last the whole graph", 9),
    Key("dag.fold", "z", "fold", "fold", "Unfold everything, or fold what does not fit", 10),
    # overview
    Key("overview.open", "+,enter", "open_pane", "full screen", "Open the focused pane as a full screen", 2),
    Key("overview.next", "tab", "next_pane", "next pane", "Go to the next pane", 40),
    Key("overview.previous", "shift+tab", "previous_pane", "previous pane", "Go to the previous pane"),
    # runs
    Key("runs.compare", "c", "compare", "compare", "Compare the marked runs", 2),
    Key("runs.sort", "s", "sort", "sort", "Choose what to sort by; the same again turns the order round", 3),
    Key("runs.columns", "C", "columns", "columns", "Choose, order, pin and resize the columns", 4),
    Key("runs.group", "b", "group", "group by", "Group runs by params, tags or attributes; enter opens a group", 5),
    Key("runs.register", "M", "register", "register", "Register the run's model", 13),
    Key("runs.tag", "t", "tag", "tag", "Set or remove a tag", 8),
    Key("runs.note", "n", "note", "note", "Write a note", 9),
    Key("runs.views", "w", "views", "views", "Show a saved view", 6),
    Key("runs.save_view", "W", "save_view", "save view", "Save filter, order, columns and groups by a name"),
    Key("runs.export", "e", "export", "export", "Write the marked runs, or all shown, to a file", 12),
    Key("runs.archive", "a", "archive", "archive", "Take out of the lists, or put back (u takes it back)", 11),
    Key("runs.delete", "d", "delete", "delete", "Delete (u takes it back)", 10),
    Key("runs.kinds", "K", "kinds", "kinds", "Show empty stages too, only scripts' runs, or only archived runs"),
    # run
    Key("run.next", "tab", "step(1)", "next part", "Go to the next part", 2),
    Key("run.previous", "shift+tab", "step(-1)", "previous part", "Go to the part before"),
    Key("run.axis", "x", "axis", "x axis", "Draw curves by step, by time or by epoch", 5),
    Key("run.log", "L", "log", "log y", "Draw values on a logarithmic axis, or not", 6),
    Key("run.log_x", "X", "log_x", "log x", "Draw steps, times or epochs on a logarithmic axis, or not"),
    Key("run.smoother", "s", "smooth(1)", "smooth", "Smooth curves more; the raw ones stand behind", 7),
    Key("run.rougher", "S", "smooth(-1)", "smooth less", "Smooth curves less"),
    Key("run.write_out", "e", "write_out", "write to", "Write the artifact to a file", 3),
    Key("run.fold", "z", "fold", "fold", "Close all folders of params or artifacts, or open them", 4),
    Key("run.register", "M", "register", "register", "Register the run's model, or the artifact", 8),
    Key("run.tag", "t", "tag", "tag", "Set or remove a tag", 9),
    Key("run.note", "n", "note", "note", "Write a note", 10),
    Key("run.delete", "d", "delete", "delete", "Delete (u takes it back)", 11),
    Key(
        "chart.crosshair_right",
        "right,l",
        "crosshair(1)",
        "read",
        "Move the crosshair right, which reads all curves",
        3,
    ),
    Key("chart.crosshair_left", "left,h", "crosshair(-1)", "read left", "Move the crosshair left"),
    Key("chart.far_right", "shift+right", "crosshair(10)", "far right", "Move the crosshair ten columns right"),
    Key("chart.far_left", "shift+left", "crosshair(-10)", "far left", "Move the crosshair ten columns left"),
    Key("chart.zoom_in", "+", "zoom(1)", "zoom", "Show a shorter part of the x axis, around the crosshair", 4),
    Key("chart.zoom_out", "-", "zoom(-1)", "zoom out", "Show a longer part of the x axis"),
    Key("chart.pan_right", ">,.", "pan(1)", "pan right", "Show what comes after the part that is shown"),
    Key("chart.pan_left", "<,comma", "pan(-1)", "pan left", "Show what comes before the part that is shown"),
    Key("chart.whole", "0", "whole", "everything", "Show the whole x axis, without a crosshair"),
    Key("charts.down", "j,down", "chart(1)", "next", "Go to the next chart"),
    Key("charts.up", "k,up", "chart(-1)", "before", "Go to the chart before"),
    Key("charts.open", "enter", "alone", "alone", "Show the chart alone, or all of them again", 1),
    Key("charts.page_down", "pagedown,ctrl+d,space", "page(1)", "more", "Show the next charts", 2),
    Key("charts.page_up", "pageup,ctrl+u", "page(-1)", "fewer", "Show the charts before"),
    Key("charts.top", "g,home", "first", "first", "Show the first charts"),
    # metrics of a run
    Key(
        "metrics.sort",
        "s",
        "sort",
        "sort",
        "Choose what metrics are sorted by; the same again turns the order round",
        3,
    ),
    # compare
    Key("compare.next", "tab", "step(1)", "next part", "Go to the next part", 2),
    Key("compare.previous", "shift+tab", "step(-1)", "previous part", "Go to the part before"),
    Key("compare.equal", "=", "equal", "equal rows", "Show what is equal in all runs too, or only differences", 3),
    Key("compare.section", "z", "section", "section", "Show one section after the other alone, then all again", 9),
    Key("compare.baseline", "B", "baseline", "baseline", "Choose the run that the others are measured against", 4),
    Key("compare.choose_metric", "m", "choose_metric", "metric", "Choose the metric to draw or explain", 3),
    Key("compare.metric_next", "}", "metric(1)", "next metric", "Draw or explain the next metric", 10),
    Key("compare.metric_previous", "{", "metric(-1)", "metric before", "Draw or explain the metric before"),
    Key("compare.choose_axes", "a", "choose_axes", "axes", "Choose the axes of the picture", 3),
    Key("compare.choose_run", "r", "choose_run", "run", "Choose whose predictions to look at alone", 3),
    Key("compare.export", "e", "export", "export", "Write it to a file: HTML, Markdown, CSV or JSON", 5),
    Key("compare.axis", "x", "axis", "x axis", "Draw curves by step, by time or by epoch", 6),
    Key("compare.log", "L", "log", "log y", "Draw values on a logarithmic axis, or not", 7),
    Key("compare.log_x", "X", "log_x", "log x", "Draw steps, times or epochs on a logarithmic axis, or not"),
    Key("compare.smoother", "s", "smooth(1)", "smooth", "Smooth curves more; the raw ones stand behind", 8),
    Key("compare.rougher", "S", "smooth(-1)", "smooth less", "Smooth curves less"),
    Key("compare.open_run", "o", "open_run", "open run", "Open one of the runs", 11),
    Key("picture.next", "j,down,right,l", "step(1)", "next run", "Point at the next run", 1),
    Key("picture.previous", "k,up,left,h", "step(-1)", "run before", "Point at the run before"),
    Key("picture.none", "0", "step(0)", "none", "Point at no run any more"),
    # pipeline
    Key("pipeline.run", "r", "run_stale", "run", "Run what is stale", 1),
    Key("pipeline.force", "R", "run_forced", "force", "Run the stage even when nothing changed", 3),
    Key("pipeline.stop", "x", "stop", "stop", "Stop the running pipeline", 2),
    Key("pipeline.why", "W", "why", "why", "Say why the stage is stale, and what runs because of it", 4),
    Key("pipeline.watch", "w", "watch", "watch", "Run what is stale after each change by itself, or no more", 6),
    Key("pipeline.graph", "D", "graph", "graph", "Show the stages as a graph, or as a list", 5),
    Key("pipeline.jobs", "J", "jobs", "jobs", "Choose how many stages run at a time", 12),
    Key(
        "pipeline.keep",
        "K",
        "keep_going",
        "keep going",
        "Go on after a failed stage with what does not need it, or not",
    ),
    Key("pipeline.past", "H", "past_runs", "earlier runs", "Look at an earlier pipeline run", 11),
    # data
    Key(
        "data.compare",
        "c",
        "compare",
        "compare",
        "Compare two marked versions, or this one with what lies there now",
        2,
    ),
    Key("data.restore", "R", "restore", "restore", "Bring the version back into the work tree", 3),
    Key("data.details", "i", "details", "who used", "Show which runs used the version", 4),
    Key("data.equal", "=", "equal", "equal columns", "Show columns that did not change too, or only differences", 5),
    # models
    Key("models.promote", "p", "promote", "promote", "Promote to the next stage", 1),
    Key("models.rollback", "b", "rollback", "roll back", "Bring the former version back", 2),
    Key("models.history", "h", "history", "history", "Show who changed what, when and why", 3),
    Key("models.alias", "a", "alias", "alias", "Set or remove an alias", 4),
    Key("models.note", "n", "note", "note", "Write a note on the version", 6),
    Key("models.details", "i", "details", "details", "Show where the version comes from", 5),
    Key("models.export", "e", "export", "export", "Write the version to a folder that serves it", 8),
    Key("models.traffic", "r", "traffic", "traffic", "Show the model's requests, their split, and what is known of it"),
    Key("models.describe", "D", "describe", "describe", "Say what is special about the version"),
    Key("models.tag", "T", "tag", "tag", "Set or remove a tag of the version"),
    Key("models.past", "t", "past", "as of", "Show what stood where at another time", 7),
    Key("models.card", "C", "card", "card", "Show what to know of the version: its card", 9),
    Key("models.diff", "=", "diff", "compare", "Show how the version differs from another", 10),
    Key("models.request", "Q", "approval('request')", "ask", "Ask for approval to go to the next stage"),
    Key("models.approve", "A", "approval('approve')", "approve", "Approve the version for the next stage"),
    Key("models.reject", "X", "approval('reject')", "reject", "Reject the version for the next stage"),
    Key("models.sign", "S", "sign", "sign", "Sign the version with the configured key"),
    Key("models.verify", "V", "verify", "verify", "Read the version's files and verify its signature"),
    # board
    Key("board.right", "right,l", "column(1)", "column right", "Go to the stage to the right", 5),
    Key("board.left", "left,h", "column(-1)", "column left", "Go to the stage to the left"),
    Key("board.forward", ">,L", "move(1)", "move right", "Move the version to the stage at the right", 2),
    Key("board.backward", "<,H", "move(-1)", "move left", "Move the version to the stage at the left", 3),
    Key("board.promote", "p", "promote", "promote", "Promote to the next stage", 4),
    Key("board.rollback", "b", "rollback", "roll back", "Bring the model's former version back", 6),
    Key("board.timeline", "t", "timeline", "timeline", "Show what was done to the model along time", 7),
    Key("board.note", "n", "note", "note", "Write a note on the version"),
    Key("board.card", "C", "card", "card", "Show what to know of the version: its card", 11),
    Key("board.diff", "=", "diff", "compare", "Show how the version differs from another", 12),
    Key("board.request", "Q", "approval('request')", "ask", "Ask for approval to go to the next stage", 8),
    Key("board.approve", "A", "approval('approve')", "approve", "Approve the version for the next stage", 9),
    Key("board.reject", "X", "approval('reject')", "reject", "Reject the version for the next stage", 10),
    # version
    Key("version.next", "tab", "step(1)", "next part", "Go to the next part", 2),
    Key("version.previous", "shift+tab", "step(-1)", "previous part", "Go to the part before"),
    Key("version.promote", "p", "promote", "promote", "Promote to the next stage", 3),
    Key("version.rollback", "b", "rollback", "roll back", "Bring the model's former version back", 4),
    Key("version.check", "c", "check", "check gates", "Have the gates of the next stage look now", 5),
    Key("version.alias", "a", "alias", "alias", "Set or remove an alias", 6),
    Key("version.note", "n", "note", "note", "Write a note on the version", 7),
    Key("version.export", "e", "export", "export", "Write the version to a folder that serves it"),
    Key("version.timeline", "t", "timeline", "timeline", "Show what was done to the model along time", 8),
    Key("version.card", "C", "card", "card", "Show what to know of the version: its card", 12),
    Key("version.loop", "L", "loop", "loop", "Show what led to the version: alert, retraining, gates"),
    Key("version.diff", "=", "diff", "compare", "Show how the version differs from another", 13),
    Key("version.request", "Q", "approval('request')", "ask", "Ask for approval to go to the next stage", 9),
    Key("version.approve", "A", "approval('approve')", "approve", "Approve the version for the next stage", 10),
    Key("version.sign", "S", "sign", "sign", "Sign the version with the configured key"),
    Key("version.verify", "V", "verify", "verify", "Read the version's files and verify its signature"),
    Key("version.reject", "X", "approval('reject')", "reject", "Reject the version for the next stage", 11),
    # timeline
    Key("timeline.kind", "f", "kind(1)", "kind", "Show only one kind of act after the other, then all again", 2),
    Key("timeline.kind_back", "F", "kind(-1)", "kind before", "Show the kind of act before"),
    Key("timeline.day_before", "}", "day(1)", "day before", "Go to the day before", 3),
    Key("timeline.day_after", "{", "day(-1)", "day after", "Go to the day after", 4),
    Key("timeline.all", "o", "everything", "all models", "Show what was done to all models, or to this one", 5),
    Key("timeline.entry", "i", "entry", "whole entry", "Show all of the entry, or less of it", 6),
    Key("timeline.past", "t", "past", "as of", "Show where everything stood after the act", 7),
    # card, difference of two versions
    Key("card.edit", "e", "edit", "write", "Write the section under the cursor, or choose one", 1),
    Key("card.review", "r", "review", "review", "Ask for a review, or say that you reviewed it", 2),
    Key("card.diff", "=", "diff", "compare", "Compare with the version that this one follows", 4),
    Key("card.export", "o", "export", "write to", "Write the card to a file: HTML, Markdown or JSON", 3),
    Key("diff.equal", "=", "equal", "equal rows", "Show what is equal in both too, or only differences", 1),
    Key("diff.swap", "x", "swap", "swap", "Measure from the other version", 2),
    Key("diff.card", "C", "card", "card", "Show the card of the second version", 3),
    Key("folding.next", "tab", "part(1)", "next part", "Go to the next part", 5),
    Key("folding.previous", "shift+tab", "part(-1)", "part before", "Go to the part before"),
    Key("folding.fold", "enter", "fold", "fold", "Fold the part to its heading, or open it", 6),
    Key("folding.fold_all", "z", "fold_all", "fold all", "Fold all parts, or open them", 7),
    # approvals
    Key("approvals.approve", "A", "answer('approve')", "approve", "Approve the request", 1),
    Key("approvals.reject", "X", "answer('reject')", "reject", "Reject the request, with a reason", 2),
    Key("approvals.everything", "o", "everything", "open/all", "Show answered requests too, or only open ones", 3),
    # time travel
    Key("past.earlier", "comma,left", "step(-1)", "act before", "Go to the act before", 1),
    Key("past.later", "full_stop,right", "step(1)", "act after", "Go to the next act", 2),
    Key("past.when", "t", "when", "as of", "Go to a date or a time ago", 3),
    # audit log
    Key("audit.verify", "V", "verify", "verify", "Verify the whole log again", 1),
    Key("audit.past", "t", "past", "as of", "Show where everything stood after the entry", 2),
    # the dialog before a change of stage
    Key("promote.confirm", "enter,y", "confirm", "do it", "Do what is shown", 1),
    Key("promote.lower", "left,h", "stage(-1)", "stage left", "Choose the stage to the left", 2),
    Key("promote.higher", "right,l", "stage(1)", "stage right", "Choose the stage to the right", 3),
    Key("promote.override", "o", "override", "override", "Do it though gates refuse; asks for a reason", 5),
    Key("promote.reason", "r,tab", "reason", "reason", "Write down why", 4),
    # drift
    Key("drift.acknowledge", "a", "acknowledge", "acknowledge", "Mark the incident, or those of the batch, as seen", 2),
    Key("drift.snooze", "z", "snooze", "snooze", "Put the incident off until a time", 4),
    Key("drift.mute", "M", "mute", "mute", "Mute the incident by a rule in mlops.toml, or hear of it again", 10),
    Key("drift.assign", "A", "assign", "assign", "Say who sees to the incident", 11),
    Key("drift.comment", "n", "comment", "comment", "Write a remark on the incident", 12),
    Key("drift.resolve", "x", "resolve", "resolve", "Say that the incident is over, or open it again", 13),
    Key("drift.history", "i", "history", "details", "Show what the incident is ranked by, and its history", 5),
    Key("drift.backtest", "B", "backtest", "back-test", "Try other settings on the last windows, and save them", 15),
    Key("drift.check", "D", "check", "check now", "Check new batches now", 3),
    Key(
        "drift.states",
        "o",
        "states",
        "open/all",
        "Show resolved, muted and pending ones too, or only open ones",
        6,
    ),
    Key("drift.model", "m", "model", "model", "Go to the model version that was in charge", 14),
    Key("drift.heat", "h", "heat", "heat", "Show all columns of the monitor over all its windows", 7),
    Key("drift.measures", "w", "measures", "measures", "Show what was measured of the whole window", 10),
    Key("drift.column", "c", "column", "column", "Show the column in full", 8),
    Key("heat.order", "s", "order", "sort", "Sort the columns in another way", 3),
    Key("heat.monitor", "m", "monitor", "monitor", "Show the next monitor", 6),
    Key("heat_table.open", "enter", "open", "column", "Show the column in that window in full", 1),
    Key("heat_table.next", "n", "drifted(1)", "next drift", "Go to the next window in which the column drifted", 2),
    Key("heat_table.last", "N,p", "drifted(-1)", "drift before", "Go to the last window before in which it drifted"),
    Key("heat_table.wider", "+,=", "width(1)", "wider", "Make the cells wider; the widest show the effect", 4),
    Key("heat_table.narrower", "-", "width(-1)", "narrower", "Make the cells narrower", 5),
    Key("heat_table.down", "j,down", "move(1)", "down", "Move down"),
    Key("heat_table.up", "k,up", "move(-1)", "up", "Move up"),
    Key("heat_table.right", "l,right", "window(1)", "later", "Move to the next window"),
    Key("heat_table.left", "h,left", "window(-1)", "earlier", "Move to the window before"),
    Key("heat_table.top", "g", "end(-1,0)", "top", "Go to the first column"),
    Key("heat_table.bottom", "G", "end(1,0)", "bottom", "Go to the last column"),
    Key("heat_table.first", "home,0,^", "end(0,-1)", "first", "Go to the oldest window"),
    Key("heat_table.newest", "end,$", "end(0,1)", "newest", "Go to the newest window"),
    Key("heat_table.half_down", "ctrl+d", "page(0.5)", "half down", "Half a page down"),
    Key("heat_table.half_up", "ctrl+u", "page(-0.5)", "half up", "Half a page up"),
    Key("heat_table.page_down", "pagedown,ctrl+f", "page(1)", "page down", "A page down"),
    Key("heat_table.page_up", "pageup,ctrl+b", "page(-1)", "page up", "A page up"),
    Key("heat_table.page_right", "L,ctrl+right", "window_page(1)", "page later", "A page of windows later"),
    Key("heat_table.page_left", "H,ctrl+left", "window_page(-1)", "page earlier", "A page of windows earlier"),
    Key("column.why", "w", "why", "why", "Look for what is behind the drift: rows, predictions, data, commits", 1),
    Key("column.later", "l,right", "window(1)", "later", "Go to the next window", 2),
    Key("column.earlier", "h,left", "window(-1)", "earlier", "Go to the window before", 3),
    Key("column.next", "n", "drifted(1)", "next drift", "Go to the next window in which the column drifted", 4),
    Key("column.last", "N,p", "drifted(-1)", "drift before", "Go to the last window before in which it drifted", 5),
    Key("column.down", "J,>", "column(1)", "next column", "Go to the column that drifted next most often", 6),
    Key("column.up", "K,<", "column(-1)", "column before", "Go to the column that drifted more often", 8),
    Key("column.heat", "t", "heat", "all columns", "Show all columns over all windows", 7),
    Key("drift.loop", "L", "loop", "loop", "Show what the incident led to: retraining, candidate, promotion", 9),
    # serving
    Key("serving.more", "+,=", "step(1)", "more", "Give the version more of the requests, a step at a time", 1),
    Key("serving.less", "-", "step(-1)", "less", "Give the version less of the requests", 1),
    Key("serving.share", "s", "share", "share", "Say what share of the requests the version gets", 3),
    Key("serving.pause", "p", "pause", "pause", "Let the stable version take all requests for now, or no more", 4),
    Key("serving.rollback", "b", "rollback", "roll back", "Take all candidates down to 0%", 5),
    Key("serving.add", "a", "add", "add", "Let another version of the model have a share", 6),
    Key("serving.shadow", "S", "shadow", "shadow", "Send another version copies of the requests", 7),
    Key("serving.remove", "d", "remove", "take out", "Take the candidate or shadow out of the split", 8),
    Key("serving.key", "K", "key", "key", "Say what decides who gets which version: chance, a header, a field", 12),
    Key("serving.end", "x", "end", "end", "End the split: the stable version takes all requests", 11),
    Key("serving.history", "h", "history", "history", "Show who changed what, when and why", 9),
    Key("serving.drift", "D", "drift", "drift", "Go to what the model's monitors found", 10),
    Key("serving.load", "L", "load", "load test", "Ask again what was asked before, at a rate of your choice", 14),
    Key("serving.next", "}", "model(1)", "next model", "Show the next model", 13),
    Key("serving.previous", "{", "model(-1)", "model before", "Show the model before"),
    # loop
    Key("loop.later", "}", "step(1)", "next loop", "Go to the loop after this one", 1),
    Key("loop.earlier", "{", "step(-1)", "loop before", "Go to the loop before this one", 2),
    # prompts and dialogs
    Key("prompt.complete", "tab", "complete", "complete", "Take the first completion", 1),
    Key("list.find", "/", "find", "find", "Narrow the list by words", 2),
    Key("list.help", "?", "app.help", "help", "Show the keys of the dialog", 98),
    Key("columns.down", "J,>", "shift(1)", "later", "Move the column to the right", 3),
    Key("columns.up", "K,<", "shift(-1)", "sooner", "Move the column to the left", 4),
    Key("columns.pin", "p", "pin", "pin", "Keep the column in sight while others scroll, or not", 5),
    Key("columns.wider", "+", "width(2)", "wider", "Make the column wider", 6),
    Key("columns.narrower", "-", "width(-2)", "narrower", "Make the column narrower", 7),
    Key("columns.natural", "0", "width(0)", "as values", "Make the column as wide as its values", 8),
    Key("views.delete", "d", "delete", "delete", "Delete the view (u takes it back)", 3),
    Key("backtest.another", "+", "another", "another", "Try settings of one's own", 2),
    Key("confirm.yes", "enter,y", "confirm", "yes", "Do it", 1),
    Key("confirm.no", "n", "cancel", "no", "Close without doing anything"),
    Key("help.close", "escape,q,?", "close", "close", "Close the help", 1),
    Key("write.save", "ctrl+s", "save", "save", "Keep what is written", 1),
    Key("dialog.cancel", "escape", "cancel", "cancel", "Close without doing anything", 97),
)

BY_ID: Mapping[str, Key] = {key.id: key for key in KEYS}


def bindings(*where: str, without: Collection[str] = ()) -> list[BindingType]:
    """The bindings of a widget, screen or the application, for its ``BINDINGS``.

    Args:
        where: One or more parts before the dot, e.g. ``"runs"``.
        without: Ids to leave out.
    """
    return [
        Binding(
            ",".join(_name(key) for key in entry.keys.split(",")),
            entry.action,
            entry.label,
            show=entry.rank > 0,
            tooltip=entry.help,
            id=entry.id,
        )
        for entry in KEYS
        if entry.where in where and entry.id not in without
    ]


def overrides(keys: Mapping[str, str]) -> dict[str, str]:
    """The user's keymap in the form that Textual takes.

    Args:
        keys: Binding id -> comma-separated keys, as in ``[keys]`` of ``mlops.toml``.

    Raises:
        SpecError: An id that does not exist (the nearest is named), an empty key, or one key for two acts that can be
            done at the same time.
    """
    result: dict[str, str] = {}
    for identifier, text in keys.items():
        if identifier not in BY_ID:
            raise SpecError(
                f"keys.{identifier} is not a key of the dashboard", file=CONFIG_FILE, hint=nearest(identifier, BY_ID)
            )
        names = [_name(part.strip()) for part in text.split(",") if part.strip()]
        if not names:
            raise SpecError(f"keys.{identifier} needs at least one key", file=CONFIG_FILE, hint="for example 'ctrl+r'")
        result[identifier] = ",".join(names)
    _refuse_clashes(result)
    return result


def _refuse_clashes(chosen: Mapping[str, str]) -> None:
    own = {entry.id: frozenset(_name(key) for key in entry.keys.split(",")) for entry in KEYS}
    names = own | {identifier: frozenset(text.split(",")) for identifier, text in chosen.items()}
    for identifier in chosen:
        for other in KEYS:
            if other.id == identifier or not _are_together(BY_ID[identifier].where, other.where):
                continue
            # where one place is meant to cover the other's key, it may
            for name in sorted((names[identifier] & names[other.id]) - (own[identifier] & own[other.id])):
                raise SpecError(
                    f"keys.{identifier}: {shown(name)} already means {other.id!r}",
                    file=CONFIG_FILE,
                    hint=f"give keys.{other.id} another key too",
                )


def _are_together(one: str, other: str) -> bool:
    """Whether keys of two places work at the same time."""
    if one == other:
        return True
    if "app" in (one, other):
        return {one, other} & {*_PARTS, *(part for parts in _PARTS.values() for part in parts)} != set()
    return other in _PARTS.get(one, ()) or one in _PARTS.get(other, ())


#: Screen -> kinds of widgets in it.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "overview": ("table",),
    "runs": ("table",),
    "run": ("table", "scroll", "log", "search", "chart", "charts", "metrics"),
    "compare": ("table", "scroll", "chart", "picture"),
    "charts": ("chart",),
    "pipeline": ("table", "scroll", "log", "search", "dag"),
    "data": ("table", "scroll"),
    "models": ("table", "scroll"),
    "board": ("table",),
    "version": ("table", "scroll"),
    "timeline": ("table", "scroll"),
    "card": ("scroll", "folding"),
    "diff": ("scroll", "folding"),
    "approvals": ("table",),
    "past": ("table",),
    "audit": ("table",),
    "drift": ("table", "scroll"),
    "heat": ("heat_table",),
    "measures": ("table",),
    "column": ("scroll",),
    "loop": ("table",),
    "events": ("table",),
    "commands": ("table",),
    "list": ("table",),
    "backtest": ("table",),
    "columns": ("table", "list"),
    "views": ("table", "list"),
}


def _name(key: str) -> str:
    """Textual's name of a key: single characters become words, everything else stays."""
    return _character_to_key(key) if len(key) == 1 else key


_SHOWN = {
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "at": "@",
    "plus": "+",
    "space": "space",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "asterisk": "*",
    "minus": "-",
    "equals_sign": "=",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "full_stop": ".",
    "comma": ",",
}


def shown(key: str) -> str:
    """A key as a person reads it: ``ctrl+d`` -> ``^d``, ``question_mark`` -> ``?``."""
    if key.startswith("ctrl+"):
        return "^" + shown(key[5:])
    if key.startswith("upper_"):
        return key[6:].upper()
    return _SHOWN.get(key, key)


def shown_keys(entry: Key, chosen: Mapping[str, str] | None = None) -> str:
    """The keys of an entry as a person reads them, the user's own where there are some."""
    names: Iterable[str] = (chosen or {}).get(entry.id, entry.keys).split(",")
    return " ".join(shown(_name(name)) for name in names)
