"""``mlops-tui traffic``: how the requests for a model are shared out among its versions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text, traffic_standing
from mlops_tui.cli.parameters import Noun, dry_run_option, json_option, limit_option, model_argument, reason_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.records import Split
    from mlops_store.store import Store


@click.group(cls=Noun)
def command() -> None:
    """Share out the requests for a model among its versions.

    VERSION is a number, an alias (champion) or a stage (production). 'mlops-tui route MODEL' does what is said here.
    """


@command.command()
@model_argument(required=False)
@json_option
@click.pass_obj
def show(workspace: Workspace, model: str | None, as_json: bool) -> None:
    """Show the split of MODEL, or those of all models, with what its versions did in the last minute."""
    from mlops_store import traffic
    from mlops_tui.traffic import splits, standing

    store, config = workspace.store(), workspace.config
    names = [splits.get(store.read(), model).model] if model else [one.model for one in traffic.all_of(store.read())]
    found = [standing.read(store.read(), config, name) for name in names]
    if as_json:
        shapes = [traffic_standing.shape(one) for one in found]
        output.write_json(shapes[0] if model else shapes)
        return
    if not found:
        output.remark("the requests for no model are shared out: mlops-tui traffic set MODEL VERSION=PERCENT")
    for place, one in enumerate(found):
        if place:
            output.say()
        traffic_standing.write(one)


@command.command(name="set")
@model_argument()
@click.argument("shares", metavar="[VERSION=PERCENT]...", nargs=-1)
@click.option("--stable", default="", metavar="VERSION", help="What takes the rest. [production]")
@click.option("--key", metavar="KEY", help="'header X-User-Id' or 'field customer': the same key, the same version.")
@click.option("--remove", multiple=True, metavar="VERSION", help="Take this candidate out; may be repeated.")
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def set_(
    workspace: Workspace,
    model: str,
    shares: tuple[str, ...],
    stable: str,
    key: str | None,
    remove: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give candidates of MODEL shares of the requests: 'traffic set churn 4=10'.

    Candidates that are not named keep their shares. Without --key, chance decides each time; --key '' goes back to it.
    """
    from mlops_tui.traffic import splits

    weights = dict(_share(word) for word in shares)
    if not (weights or stable or remove or key is not None):
        raise UsageError("nothing is to be changed", "mlops-tui traffic set MODEL VERSION=PERCENT")

    def act(store: Store) -> Split:
        for reference in remove:
            splits.remove(store, model, reference, reason=reason)
        if weights or stable or key is not None:
            charge = workspace.config.registry.charge
            splits.share_out(store, model, weights, stable=stable, key=key, charge=charge, reason=reason)
        return splits.get(store.read(), model)

    _change(workspace, act, dry_run, as_json)


@command.command()
@model_argument()
@click.argument("version")
@click.option("--remove", "is_removed", is_flag=True, help="Send it no copies any more.")
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def shadow(
    workspace: Workspace, model: str, version: str, is_removed: bool, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Send VERSION of MODEL a copy of each request; its answers are compared and given to nobody."""
    from mlops_tui.traffic import splits

    charge = workspace.config.registry.charge
    _change(
        workspace,
        lambda store: splits.shadow(store, model, version, is_removed=is_removed, charge=charge, reason=reason),
        dry_run,
        as_json,
    )


@command.command()
@model_argument()
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def pause(workspace: Workspace, model: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Let the stable version of MODEL take all requests until the split is resumed."""
    from mlops_tui.traffic import splits

    _change(workspace, lambda store: splits.pause(store, model, reason=reason), dry_run, as_json)


@command.command()
@model_argument()
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def resume(workspace: Workspace, model: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Let the candidates of MODEL have their shares again."""
    from mlops_tui.traffic import splits

    _change(workspace, lambda store: splits.resume(store, model, reason=reason), dry_run, as_json)


@command.command()
@model_argument()
@click.argument("versions", metavar="[VERSION]...", nargs=-1)
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def rollback(
    workspace: Workspace, model: str, versions: tuple[str, ...], reason: str, dry_run: bool, as_json: bool
) -> None:
    """Take the shares of candidates of MODEL down to 0, of all by default."""
    from mlops_tui.traffic import splits

    _change(workspace, lambda store: splits.roll_back(store, model, versions, reason=reason), dry_run, as_json)


@command.command()
@model_argument()
@reason_option
@dry_run_option
@json_option
@click.pass_obj
def end(workspace: Workspace, model: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """End the split of MODEL: the stable version takes all requests."""
    from mlops_tui.traffic import splits

    store = workspace.store()
    with store.trial() if dry_run else nullcontext():
        before = splits.end(store, model, reason=reason)
    if as_json:
        output.write_json({"model": model, "stable": before.stable, "ended": True, "dry_run": dry_run})
    else:
        would = "it would be: " if dry_run else ""
        output.say(f"{would}all requests for {text.clean(model)} go to {text.clean(before.stable)}")


@command.command()
@model_argument()
@json_option
@click.pass_obj
def verdict(workspace: Workspace, model: str, as_json: bool) -> None:
    """Say which version of MODEL is better, as far as it is known; one may look as often as one likes.

    [traffic.MODEL] in mlops.toml says what is measured (test), what is no difference (margin), and how sure to be.
    """
    from mlops_tui.config.traffic import TrafficConfig
    from mlops_tui.traffic import splits, verdicts, wording

    db = workspace.store().read()
    found = verdicts.of_split(db, splits.get(db, model), workspace.config.traffic.get(model, TrafficConfig()))
    if as_json:
        output.write_json(found)
        return
    if not found:
        output.remark("there is no candidate to judge: mlops-tui traffic set MODEL VERSION=PERCENT")
    for place, one in enumerate(found):
        if place:
            output.say()
        shown = wording.values(one)
        output.say(one.sentence)
        output.write_fields(
            (
                ("measured", verdicts.TITLES[one.test]),
                (f"version {one.version}", f"{shown.ours} of {text.count(one.requests, 'request')}"),
                (f"version {one.against}", f"{shown.theirs} of {text.count(one.against_requests, 'request')}"),
                ("ratio", f"{shown.ratio}, {one.confidence:.0%} sure at any time of looking"),
            ),
            indent="  ",
        )


@command.command()
@model_argument()
@limit_option
@json_option
@click.pass_obj
def history(workspace: Workspace, model: str, limit: int, as_json: bool) -> None:
    """Show who changed the split of MODEL, when and why; newest first."""
    from mlops_store import audit, models
    from mlops_tui.registry import acts

    db = workspace.store().read()
    models.get(db, model)
    entries = list(audit.entries(db, subject=f"model:{model}", action="traffic", limit=limit))
    if as_json:
        output.write_json(entries)
        return
    rows = [(text.moment(one.at), one.actor, acts.sentence(one), one.reason) for one in entries]
    write_table(("when", "who", "what", "why"), rows)


def _share(word: str) -> tuple[str, float]:
    reference, equals, percent = word.rpartition("=")
    try:
        if not equals or not reference:
            raise ValueError
        return reference, float(percent.removesuffix("%"))
    except ValueError:
        raise UsageError(f"{word!r} is no share of requests", "for example: 4=10 or champion=2.5") from None


def _change(workspace: Workspace, act: Callable[[Store], Split], dry_run: bool, as_json: bool) -> None:
    """Does it, or says what would come of it, and shows the split."""
    from mlops_tui.traffic import standing

    store = workspace.store()
    with store.trial() if dry_run else store.write():
        split = act(store)
        found = standing.read(store.read(), workspace.config, split.model)
    if as_json:
        output.write_json({**traffic_standing.shape(found), "dry_run": dry_run})
        return
    if dry_run:
        output.say("nothing is changed; it would be:")
    traffic_standing.write(found)
