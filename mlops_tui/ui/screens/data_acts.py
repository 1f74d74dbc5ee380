"""What the data screen does: choosing what to compare, and bringing a version back after a yes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Sequence
from typing import cast

from mlops_store.errors import MlopsError
from mlops_tui.data import restore as restoring
from mlops_tui.data.catalogue import Item
from mlops_tui.data.restore import Change, Plan
from mlops_tui.data.versions import Version
from mlops_tui.pipeline.state import Inputs
from mlops_tui.ui import shown
from mlops_tui.ui.answers import hand
from mlops_tui.ui.messages import Did, Failed
from mlops_tui.ui.screens.acts import perform
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.data_rows import DIGITS
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.dialog import Confirm

#: Files that a question names before it counts the rest.
_NAMED = 10
SIGNS = {"added": "+", "removed": "-", "changed": "~", "retyped": "!", "same": " "}
TONES = {"added": "good", "removed": "bad", "changed": "warning", "retyped": "error", "same": "dim"}


def pair(versions: Sequence[Version], chosen: Collection[object]) -> tuple[str, str] | str:
    """The digests of the two versions to compare, the older first; a sentence where there are not two.

    Args:
        versions: The newest first.
        chosen: The digests that are meant: two, or one that is compared with what lies there now.
    """
    digests = [version.digest for version in versions]
    marked = sorted(digests.index(digest) for digest in cast("Collection[str]", chosen) if digest in digests)
    if len(marked) > 2:
        return f"{len(marked)} versions are marked: two can be compared"
    if len(marked) == 2:
        return digests[marked[1]], digests[marked[0]]
    if not marked or len(digests) < 2:
        return "there is no other version to compare with"
    here = marked[0]
    current = next((place for place, version in enumerate(versions) if version.is_current), 0)
    # what lies there now is compared with the version before it
    before = here + 1 if here + 1 < len(digests) else here - 1
    other = before if here == current else current
    older, newer = max(here, other), min(here, other)
    return digests[older], digests[newer]


def restore(screen: ProjectScreen, item: Item, digest: str) -> None:
    """Finds out in a thread what bringing a version back would change, asks, and does it."""
    session = screen.session

    def look() -> None:
        try:
            plan = restoring.plan(Inputs(session.project), item, digest)
        except MlopsError as error:
            screen.post_message(Failed(error))
        except OSError as error:
            screen.post_message(Failed(_explained(error, item.path)))
        else:
            hand(screen, ask, plan)

    def ask(plan: Plan) -> None:
        def answered(is_wanted: bool | None) -> None:
            if is_wanted:
                perform(screen, lambda: apply(session, item, digest, force=bool(plan.lost)))

        title = f"Bring {item.path} back to {digest[:DIGITS]}?"
        yes = "overwrite it" if plan.lost else "restore"
        screen.app.push_screen(Confirm(title, lines(plan), yes=yes), answered)

    screen.run_worker(look, thread=True, group="act", exit_on_error=True)


def apply(session: Session, item: Item, digest: str, *, force: bool) -> Did:
    """Brings a version back; runs in a thread.

    Raises:
        MlopsError: It cannot be done; nothing has been changed unless the work tree could not be written.
    """
    inputs = Inputs(session.project)
    plan = _applied(session, inputs, item, digest, force=force)
    can_return = bool(plan.before) and inputs.cache is not None and inputs.cache.holds(plan.before)
    command = shlex.join(["mlops-tui", "data", "restore", item.path, digest[:DIGITS], *(["--force"] if force else [])])
    notice = f"{item.path} is at {digest[:DIGITS]}" + (" · u undoes" if can_return else "")
    return Did(command, _undo(session, item, plan.before) if can_return else None, notice)


def _undo(session: Session, item: Item, before: str) -> Callable[[], None]:
    def undo() -> None:
        _applied(session, Inputs(session.project), item, before)

    return undo


def _applied(session: Session, inputs: Inputs, item: Item, digest: str, *, force: bool = False) -> Plan:
    try:
        done = restoring.apply(inputs, item, digest, session.store, force=force)
    except OSError as error:
        raise _explained(error, item.path) from error
    if session.store is not None:
        restoring.record(session.store, done)
    return done


def _explained(error: OSError, path: str) -> MlopsError:
    return MlopsError(f"{path} cannot be brought back ({error.strerror or error})", "look at the modes of its files")


def lines(plan: Plan) -> list[CellValue]:
    """What a restore will change, as lines of a question."""
    changes = sorted(plan.changes, key=lambda change: not change.is_lost)
    found: list[CellValue] = [_line(change) for change in changes[:_NAMED]]
    if len(changes) > _NAMED:
        found.append(Cell(f"  and {len(changes) - _NAMED:,} more files", "dim"))
    found += ["", Cell(f"{shown.size(plan.copied_bytes)} from the cache", "dim")]
    if plan.same_count:
        stays = "stays as it is" if plan.same_count == 1 else "stay as they are"
        found.append(Cell(f"{shown.count(plan.same_count, 'file')} {stays}", "dim"))
    found.append(Cell("what the lock says stays: stages that use the data will be stale", "dim"))
    if plan.lost:
        has = "1 file has content" if len(plan.lost) == 1 else f"{len(plan.lost):,} files have content"
        found += ["", Cell(f"{has} that is nowhere else. It will be lost.", "error")]
    return found


def _line(change: Change) -> tuple[Cell, ...]:
    lost = Cell("  not in the cache", "error") if change.is_lost else Cell("")
    size = Cell(f"  {shown.size(change.size_bytes)}", "dim")
    return (Cell(f"{SIGNS[change.how]} ", TONES[change.how]), Cell(change.path), size, lost)
