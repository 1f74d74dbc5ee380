"""``models diff``: how two versions of a model differ."""

from __future__ import annotations

import click

from mlops_tui.cli import output, pages
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.parameters import json_option, model_argument
from mlops_tui.cli.workspace import Workspace

# The parts of ``cards.differences``, written out so that completion and help need not load it; a test keeps them equal.
PARTS = (
    *("model", "metrics", "predictions", "params", "signature", "datasets", "data", "importances", "latency"),
    *("code", "environment", "hardware", "card"),
)


@click.command()
@model_argument()
@click.argument("first")
@click.argument("second")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this part; may be repeated.")
@click.option("--all", "with_equal", is_flag=True, help="What is equal as well; JSON always has it.")
@click.option("--fresh", is_flag=True, help="Measure again what was measured: data, importances, latency.")
@pages.format_option
@pages.output_option
@json_option
@click.pass_obj
def diff(
    workspace: Workspace,
    model: str,
    first: str,
    second: str,
    parts: tuple[str, ...],
    with_equal: bool,
    fresh: bool,
    kind: str | None,
    path: str | None,
    as_json: bool,
) -> None:
    """Show how the version SECOND of MODEL differs from FIRST.

    Metrics, params, signature, size, code, environment and the texts of the cards are compared as they were recorded;
    columns of the data by drift's tests, predictions row by row, importances and latency as measured (once, then kept).
    """
    kind = pages.kind_of(kind, path, as_json)
    store = workspace.store()
    one, two = (find_version(store.read(), model, version) for version in (first, second))
    from mlops_tui.cards import difference_page, differences

    found = differences.measure(
        store,
        workspace.config,
        one.model,
        one.version,
        two.version,
        is_fresh=fresh,
        report=lambda what: output.remark(f"measuring {what}"),
    )
    page = difference_page.document(found, parts or PARTS, with_equal=with_equal)
    pages.give(page, differences.shape(found, parts or PARTS), kind, path)
