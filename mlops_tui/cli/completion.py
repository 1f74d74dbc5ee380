"""``mlops-tui completion``: the script that teaches a shell our verbs, options, runs, models and stages."""

from __future__ import annotations

import click

from mlops_tui.cli import output


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    bash: eval "$(mlops-tui completion bash)"      in ~/.bashrc
    zsh:  eval "$(mlops-tui completion zsh)"       in ~/.zshrc
    fish: mlops-tui completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(context.find_root().command, {}, "mlops-tui", "_MLOPS_TUI_COMPLETE")
    # click asks bash for its version while it writes the script; the template alone needs no bash
    output.say((script.source_template % script.source_vars()).strip())
