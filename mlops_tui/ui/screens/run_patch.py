"""What was not committed when a run began, as lines of text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlops_store.records import RunDetail
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue

#: Lines of a patch that are shown.
LINES = 20_000


@dataclass(frozen=True, slots=True)
class Changed:
    """Lines that a patch adds to and removes from a file."""

    path: str
    added: int
    removed: int


def changed(patch: str) -> list[Changed]:
    """The files of a patch, in its order."""
    found: list[Changed] = []
    is_named = is_body = False
    for line in patch.split("\n"):
        if line.startswith("diff --git "):
            found.append(Changed(line.rpartition(" b/")[2], 0, 0))
            is_named, is_body = True, False
        elif line.startswith("+++ ") and not is_body:
            if not is_named:  # a patch without Git's own line before each file
                found.append(Changed(line[4:].removeprefix("b/"), 0, 0))
            is_body = True
        elif is_body and line.startswith(("+", "-")):
            last = found.pop()
            is_added = line.startswith("+")
            found.append(replace(last, added=last.added + is_added, removed=last.removed + (not is_added)))
    return found


def summary(detail: RunDetail) -> str:
    """How much was not committed: ``+2 -1 in 1 file``; "" where nothing was, as far as is known."""
    if not detail.git_diff:
        return "yes, but not kept" if detail.run.git_dirty else ""
    files = changed(detail.git_diff)
    added, removed = sum(one.added for one in files), sum(one.removed for one in files)
    return f"+{added} -{removed} in {shown.count(len(files), 'file')}"


def unknown(detail: RunDetail) -> str:
    """Why nothing is known of the code."""
    if detail.git_branch or detail.git_remote:
        return "the run began in a Git repository without a commit"
    return "the run began outside of a Git repository"


def lines(detail: RunDetail) -> list[CellValue]:
    """The commit, the changed files, and the patch."""
    run = detail.run
    if not run.git_commit and not detail.git_diff:
        return [f"Nothing is known of the code: {unknown(detail)}."]
    found: list[CellValue] = [
        (Cell("commit  ", "dim"), Cell(run.git_commit, "strong"), Cell(f"  {detail.git_branch}", "accent"))
    ]
    if detail.git_remote:
        found.append((Cell("remote  ", "dim"), Cell(detail.git_remote)))
    if not detail.git_diff:
        said = (
            "There were uncommitted changes, but they were not kept." if run.git_dirty else "Everything was committed."
        )
        return [*found, "", said]
    files = changed(detail.git_diff)
    width = max((len(f"+{one.added}") for one in files), default=0)
    for one in files:
        added, removed = Cell(f"{f'+{one.added}':>{width}} ", "good"), Cell(f"-{one.removed}  ", "bad")
        found.append((Cell("        "), added, removed, Cell(one.path)))
    patch = detail.git_diff.rstrip("\n").split("\n")
    found += ["", *(_line(line) for line in patch[:LINES])]
    if len(patch) > LINES:
        found.append(Cell(f"and {len(patch) - LINES:,} more lines: 'runs diff' prints all of it", "dim"))
    return found


def _line(line: str) -> CellValue:
    if line.startswith("diff "):
        return Cell(line, "strong")
    if line.startswith(("+++ ", "--- ", "index ")):
        return Cell(line, "dim")
    tone = {"@": "accent", "+": "good", "-": "bad"}.get(line[:1], "")
    return Cell(line, tone) if tone else line
