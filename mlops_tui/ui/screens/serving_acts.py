"""What the serving screen does to a split, each after a look at what would come of it. Each has a command as well."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from mlops_store import model_facts, traffic
from mlops_store.errors import MlopsError
from mlops_store.records import Split
from mlops_store.store import Store
from mlops_tui.traffic import splits
from mlops_tui.traffic.standing import Arm, Standing
from mlops_tui.ui.answers import hand
from mlops_tui.ui.messages import Did, Failed
from mlops_tui.ui.screens import serving_rows
from mlops_tui.ui.screens.acts import perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.signs import sign
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.dialog import Ask, Choose, Confirm, Option

#: Shares that keys go through, in per cent.
STEPS = (0.0, 1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0)
#: What a version that is added gets at first.
_FIRST = 5.0


def stepped(share: float, by: int) -> float:
    """The share after (1) or before (-1) one."""
    others = [step for step in STEPS if (step > share if by > 0 else step < share)]
    return share if not others else others[0] if by > 0 else others[-1]


def change(screen: ProjectScreen, title: str, words: list[str], act: Callable[[Store], Split | None]) -> None:
    """Shows what an act would change, and does it after a yes.

    Args:
        screen: Where the question is asked.
        title: The question.
        words: The words after ``mlops-tui traffic`` that do the same.
        act: Changes the split; returns it as it is then, None where there is none.
    """

    def look() -> None:  # in a thread: another process may hold the store for long
        try:
            store = store_of(screen.session)
            before = traffic.find(store.read(), words[1])
            with store.trial():
                after = act(store)
                lines = _difference(store, before, after)
        except MlopsError as error:
            hand(screen, screen.post_message, Failed(error))
        else:
            hand(screen, ask, store, before, lines)

    def ask(store: Store, before: Split | None, lines: list[CellValue]) -> None:
        def done() -> Did:
            act(store)
            line = shlex.join(["mlops-tui", "traffic", *words])
            undo = lambda: splits.put_back(store, words[1], before)  # noqa: E731
            return Did(line, undo, f"{title.rstrip('?').lower()} · u undoes")

        def answered(is_wanted: bool | None) -> None:
            if is_wanted:
                perform(screen, done)

        screen.app.push_screen(Confirm(title, lines, yes="do it"), answered)

    screen.run_worker(look, thread=True, group="look", exclusive=True)


def _difference(store: Store, before: Split | None, after: Split | None) -> list[CellValue]:
    """A line for each version, with its share before and after."""
    named = {
        name: number
        for split in (before, after)
        if split is not None
        for name, number in splits.named(store.read(), split).items()
    }
    one = after or before
    alone = {one.stable: 100.0} if one is not None else {}
    was, now = (alone if split is None else _shares(split) for split in (before, after))
    lines: list[CellValue] = []
    for name in dict.fromkeys([*was, *now]):
        called = f"v{named.get(name) or '?'}" + ("" if name.isdecimal() else f" {name}")
        old, new = was.get(name, 0.0), now.get(name, 0.0)
        lines.append(
            (
                Cell(called[:24].ljust(24)),
                Cell(f"{old:>5g}% {sign('arrow')} ", "dim"),
                Cell(f"{new:>5g}%  ", "strong" if old != new else "dim"),
                *serving_rows.share_bar(new, 20),
            )
        )
    old_shadows, new_shadows = (split.shadows if split is not None else () for split in (before, after))
    lines += [
        Cell(f"v{named[name]} gets copies, and nobody its answers") for name in new_shadows if name not in old_shadows
    ]
    lines += [Cell(f"v{named[name]} gets no copies any more") for name in old_shadows if name not in new_shadows]
    if before is not None and after is not None and before.key != after.key:
        lines.append(Cell(f"who gets which version is decided by {after.key or 'chance'}"))
    if after is not None and after.is_paused and before is not None and before.is_paused:
        lines.append(Cell("the split is paused: this counts once it is resumed", "warning"))
    return lines


def _shares(split: Split) -> Mapping[str, float]:
    if split.is_paused:
        return {split.stable: 100.0, **dict.fromkeys(split.weights, 0.0)}
    return {split.stable: split.stable_weight, **split.weights}


def share(screen: ProjectScreen, model: str, arm: Arm, percent: float) -> None:
    """Gives a candidate another share."""
    change(
        screen,
        f"{arm.name} of {model} gets {percent:g}%?",
        ["set", model, f"{arm.name}={percent:g}"],
        lambda store: splits.share_out(store, model, {arm.name: percent}),
    )


def ask_share(screen: ProjectScreen, model: str, arm: Arm) -> None:
    """Asks for the share of a candidate."""

    def check(text: str) -> str:
        try:
            return "" if 0 <= float(text.rstrip("% ")) <= 100 else "a share is from 0 to 100 per cent"
        except ValueError:
            return "write a number"

    def answered(text: str | None) -> None:
        if text is not None:
            share(screen, model, arm, float(text.rstrip("% ")))

    screen.app.push_screen(
        Ask(f"Per cent of the requests for {arm.name} of {model}", f"{arm.share or 0:g}", check=check), answered
    )


def add(screen: ProjectScreen, found: Standing, *, is_shadow: bool) -> None:
    """Asks which version is to have a share, or to get copies."""
    model, charge = found.model, screen.session.config.registry.charge
    db = store_of(screen.session).read()
    taken = {arm.version for arm in found.arms}
    options = [
        Option(str(number), f"v{number}", Cell(stage, "dim"))
        for number, stage in model_facts.stages(db, model).items()
        if number not in taken
    ]
    if not options:
        screen.remark(f"{model} has no version that has no part yet", "dim")
        return

    def answered(number: str | None) -> None:
        if number is None:
            return
        if is_shadow:
            change(
                screen,
                f"v{number} of {model} gets copies?",
                ["shadow", model, number],
                lambda store: splits.shadow(store, model, number, charge=charge),
            )
        else:
            change(
                screen,
                f"v{number} of {model} gets {_FIRST:g}%?",
                ["set", model, f"{number}={_FIRST:g}"],
                lambda store: splits.share_out(store, model, {number: _FIRST}, charge=charge),
            )

    what = "Send copies to" if is_shadow else "Share out requests to"
    screen.app.push_screen(Choose(f"{what} which version of {model}?", options), answered)


def ask_key(screen: ProjectScreen, split: Split) -> None:
    """Asks what decides who gets which version."""
    model = split.model

    def answered(key: str | None) -> None:
        if key is not None and key.strip() != split.key:
            change(
                screen,
                f"Share out {model} by {key.strip() or 'chance'}?",
                ["set", model, "--key", key.strip()],
                lambda store: splits.share_out(store, model, {}, key=key),
            )

    lines = [Cell("header X-User-Id, or field customer of the body; nothing for chance, each time", "dim")]
    screen.app.push_screen(Ask(f"Who gets which version of {model}", split.key, lines=lines), answered)
