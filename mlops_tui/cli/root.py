"""The program ``mlops-tui``: its verbs, found by name and loaded when called."""

from __future__ import annotations

import os
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from mlops_store.errors import UsageError, nearest
from mlops_tui.cli.workspace import Workspace

#: Verb -> one line of help. Each is ``command`` in the module of its name; the line stands here as well as there
#: so that help and completion load none of them.
VERBS = {
    "init": "Prepare a directory: a commented mlops.toml and the store.",
    "demo": "Write a small project with real data and run it.",
    "status": "What is stale, what is running, which models and incidents there are.",
    "run": "Run the stale stages of the pipeline.",
    "queue": "List, move and remove waiting runs; apply experiments.",
    "stop": "Stop a running pipeline.",
    "checkout": "Restore outputs from the cache.",
    "pipeline": "Show the pipeline: as it is resolved, as a graph, and why stages are stale.",
    "logs": "Show what stages wrote.",
    "runs": "List, show, compare, tag and delete runs.",
    "data": "List, compare and restore versions of data, and who used them.",
    "models": "List, register, promote and roll back models.",
    "serve": "Serve a model in MLflow's scoring protocol.",
    "route": "Share out requests among versions of a model, on one port.",
    "traffic": "Share out the requests for a model among its versions.",
    "load": "Ask a model server again what was asked before, and tell how it bore that.",
    "server": "Take what MLflow's clients log, over HTTP.",
    "audit": "Who did what to models and alerts; whether the log is intact.",
    "drift": "Check batches, and see to what was found.",
    "loop": "Follow alerts to the retraining and promotion that they led to.",
    "schedule": "List the triggers, export a crontab line or systemd timer.",
    "tick": "Fire the triggers that are due.",
    "import": "Take over runs from MLflow and other tools.",
    "view": "Look at the runs of MLflow and other tools.",
    "events": "What happened, newest first.",
    "completion": "Print the shell's completion script.",
}


#: Verbs whose module cannot be called like them.
_MODULES = {"import": "importing"}


class Program(click.Group):
    """A group whose verbs are modules, and whose first word may be a directory to open."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order that help shows them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, its module loaded now."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"mlops_tui.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the verbs from the table above, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs and, because a directory may stand there too, directories."""
        if incomplete.startswith(("-", ".", "/", "~")):
            is_option = incomplete.startswith("-")
            return super().shell_complete(ctx, incomplete) if is_option else [CompletionItem(incomplete, type="dir")]
        return [CompletionItem(verb, help=VERBS[verb]) for verb in VERBS if verb.startswith(incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the first word names; a word that is a path opens the dashboard there."""
        word = args[0]
        if word in VERBS or word.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        if os.path.exists(word) or os.sep in word:
            from mlops_tui.cli.dashboard import command

            return "dashboard", command, args
        message = f"{word!r} is neither a command nor a directory here"
        raise UsageError(message, nearest(word, VERBS) or "see: mlops-tui --help")


@click.command(
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed or refused, 2 not understood.",
    subcommand_metavar="[PATH | COMMAND [ARGS]...]",
)
@click.option(
    "-C",
    "--project",
    "directory",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Work on the project of this directory instead of the working directory.",
)
@click.version_option(package_name="mlops-tui", prog_name="mlops-tui", message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context, directory: str | None) -> None:
    """The whole MLOps loop in one terminal.

    Without a command, opens the dashboard on PATH (default: the working directory's project). PATH may be another
    tool's store too: mlflow.db, mlruns, wandb ...
    """
    context.obj = Workspace(directory)
    if context.invoked_subcommand is None:
        from mlops_tui.cli.dashboard import command

        context.invoke(command)
