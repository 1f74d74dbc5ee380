"""Options and arguments that several verbs share, with their completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from mlops_store.errors import MlopsError, UsageError, nearest
from mlops_tui.cli.workspace import Workspace

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
reason_option = click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log.")
#: A number of an alert, a report, or of rows: what SQLite can hold.
NUMBER = click.IntRange(1, 2**63 - 1)


class Moment(click.ParamType):  # type: ignore[type-arg] # generic from click 8.2 on only
    """A point in time, as ``moments.parse`` reads it; the value is in Unix seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Reads it."""
        if isinstance(value, float):
            return value
        from mlops_tui import moments

        try:
            return moments.parse(str(value), is_end=param is not None and param.name in ("until", "when"))
        except ValueError as error:
            self.fail(str(error), param, ctx)


#: ``2026-11-03``, ``-7d`` …; of what is called ``until`` or ``when`` a day alone means its end.
MOMENT = Moment()
limit_option = click.option(
    "-n", "--limit", type=NUMBER, default=50, show_default=True, metavar="N", help="At most so many."
)
#: What another tool's store is.
import_kind_option = click.option(
    "--from",
    "kind",
    default="",
    metavar="KIND",
    shell_complete=lambda context, _, incomplete: _kinds(incomplete),
    help="What it is: mlflow, mlruns, optuna, trackio, dvclive, wandb or tensorboard; found out where not given.",
)
_COMPLETIONS = 100
#: Before a word that begins with a dash and is no option; no word of a command line can begin with it.
_SHIELD = "\0"


class Noun(click.Group):
    """A group of verbs, shown in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in their order."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the first word names; the nearest is named where there is none."""
        word = args[0]
        if word not in self.commands and not word.startswith("-") and not ctx.resilient_parsing:
            raise UsageError(f"no command {ctx.command_path + ' ' + word!r}", nearest(word, self.commands))
        return super().resolve_command(ctx, args)


class Remark(click.Command):
    """A verb that takes a text by a person, a ``REMARK``, which may begin with a dash."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the words; those that look like texts rather than options are texts."""
        known = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        return super().parse_args(ctx, [_SHIELD + word if _is_text(word, known) else word for word in args])


def _is_text(word: str, known: Iterable[str]) -> bool:
    if word[:1] != "-" or word[:2] in known or word.partition("=")[0] in known:
        return False
    return any(map(str.isspace, word)) or not (word[1:2].isalpha() or word[1:2] in ("-", ""))


class _Text(click.ParamType):  # type: ignore[type-arg] # generic from click 8.2 on only
    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value).removeprefix(_SHIELD)


#: Words of a ``Remark`` that are no options.
REMARK = _Text()


def run_argument(name: str = "run", **attributes: Any) -> Callable[[Any], Any]:
    """A run: its id, a few digits that begin or end it, or its name (then the newest of that name)."""
    return click.argument(name, metavar=_metavar("RUN", attributes), shell_complete=complete_runs, **attributes)


def waiting_argument(name: str, **attributes: Any) -> Callable[[Any], Any]:
    """A run that waits for its turn: its id, a few digits that begin or end it, or its name."""
    return click.argument(name, metavar=_metavar("RUN", attributes), shell_complete=_waiting, **attributes)


def run_option(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    """A run, as ``run_argument`` takes it, where it is not what the verb is about."""
    return click.option(*names, metavar="RUN", shell_complete=complete_runs, **attributes)


def model_argument(name: str = "model", **attributes: Any) -> Callable[[Any], Any]:
    """A registered model's name."""
    return click.argument(name, metavar=_metavar("MODEL", attributes), shell_complete=_models, **attributes)


def stage_argument(name: str, **attributes: Any) -> Callable[[Any], Any]:
    """A stage of the pipeline."""
    return click.argument(name, metavar=_metavar("STAGE", attributes), shell_complete=_stages, **attributes)


def data_argument(name: str = "path") -> Callable[[Any], Any]:
    """A tracked path, as it is typed in the working directory or from the project's root."""
    return click.argument(name, metavar="PATH", shell_complete=_data)


def _metavar(word: str, attributes: dict[str, Any]) -> str:
    if attributes.get("nargs") == -1:
        return f"{word}..." if attributes.get("required") else f"[{word}]..."
    return word if attributes.get("required", True) else f"[{word}]"


def _kinds(incomplete: str) -> list[CompletionItem]:
    from mlops_tui.interop.kinds import KINDS

    return [CompletionItem(kind, help=what) for kind, (_, what) in KINDS.items() if kind.startswith(incomplete)]


def complete_runs(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Runs by name, or by id once digits of one are typed; the newest ones."""

    def read(workspace: Workspace) -> Iterable[tuple[str, str]]:
        from mlops_store import runs

        if workspace.project.has_store:
            db = workspace.store().read()
            for run in runs.by_ids(db, runs.ids(db)[:_COMPLETIONS]):
                # once something is typed it is an id or a name; before, names say more
                yield (run.run_id if incomplete and run.run_id.startswith(incomplete) else run.name), run.status

    return _items(context, incomplete, read)


def _waiting(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    def read(workspace: Workspace) -> Iterable[tuple[str, str]]:
        from mlops_store import queue

        if workspace.project.has_store:
            for entry in queue.all(workspace.store().read()):
                yield entry.run_id, entry.name

    return _items(context, incomplete, read)


def _models(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    def read(workspace: Workspace) -> Iterable[tuple[str, str]]:
        from mlops_store import models

        return [(name, "") for name in models.names(workspace.store().read())]

    return _items(context, incomplete, read)


def _stages(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    def read(workspace: Workspace) -> Iterable[tuple[str, str]]:
        from mlops_tui.pipeline import spec

        return [(name, stage.desc) for name, stage in spec.load(workspace.project).stages.items()]

    return _items(context, incomplete, read)


def _data(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    def read(workspace: Workspace) -> Iterable[tuple[str, str]]:
        from mlops_tui.pipeline import spec

        pipeline = spec.load(workspace.project)
        for stage in pipeline.stages.values():
            yield from ((stage.path(out.path), f"made by {stage.name}") for out in stage.outs)
            yield from ((stage.path(dep), f"read by {stage.name}") for dep in stage.deps)

    return _items(context, incomplete, read)


def _items(
    context: click.Context, incomplete: str, read: Callable[[Workspace], Iterable[tuple[str, str]]]
) -> list[CompletionItem]:
    """The words that begin as typed; none of a project that cannot be read, since a prompt is no place for errors."""
    try:
        found = dict(read(Workspace(context.find_root().params.get("directory"))))
    except MlopsError:
        return []
    # completion scripts split lines and commas: a name that has those cannot be offered
    safe = {word: text for word, text in found.items() if word.isprintable() and "," not in word}
    return [CompletionItem(word, help=text or None) for word, text in safe.items() if word.startswith(incomplete)]
