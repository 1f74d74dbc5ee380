"""``mlops-tui audit``: who did what to models and alerts, whether the log is intact, and copies of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

import click

from mlops_store.errors import MlopsError, NotFound
from mlops_store.records import AuditEntry
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import MOMENT, Noun, json_option, limit_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.group(cls=Noun)
def command() -> None:
    """List, verify and export the audit log.

    Each entry holds the SHA-256 of the one before it: an entry that was edited, removed or moved is found.
    """


@command.command("list")
@click.option("--subject", metavar="SUBJECT", help="Only entries on this, and on parts of it: model:churn.")
@click.option("--actor", metavar="USER", help="Only what this user did.")
@click.option("--action", metavar="ACT", help="Only this act (model.promote), or all of a noun (model).")
@click.option("--since", type=MOMENT, help="Only from then on.")
@click.option("--until", type=MOMENT, help="Only up to then.")
@limit_option
@json_option
@click.pass_obj
def list_(
    workspace: Workspace,
    subject: str | None,
    actor: str | None,
    action: str | None,
    since: float | None,
    until: float | None,
    limit: int,
    as_json: bool,
) -> None:
    """List entries, newest first: who, when, from where, what, why, before and after."""
    from mlops_store import audit

    store = workspace.find()
    found: Iterable[AuditEntry] = ()
    if store is not None:
        found = audit.entries(
            store.read(), subject=subject, actor=actor, action=action, since=since, until=until, limit=limit
        )
    if as_json:
        output.write_json_lines(found)
        return
    rows = [
        (
            str(entry.id),
            text.moment(entry.at),
            entry.actor if entry.origin in ("", "local") else f"{entry.actor} from {entry.origin}",
            entry.action,
            entry.subject,
            _states(entry.before, entry.after),
            entry.reason,
        )
        for entry in found
    ]
    if rows:
        write_table(("entry", "time", "by", "act", "on", "before -> after", "reason"), rows, right=("entry",))
    else:
        output.remark("no entries")


def _states(before: Any, after: Any) -> str:
    return f"{_state(before)} -> {_state(after)}" if before else _state(after)


def _state(state: Any) -> str:
    gates = state.get("gates")
    said = [f"{key} {_short(value)}" for key, value in state.items() if key != "gates"]
    if isinstance(gates, dict):
        refused = [name for name, found in gates.items() if found != "passed"]
        said.append(f"refused by {', '.join(refused)}" if refused else f"{len(gates)} gates passed")
    return ", ".join(said)


def _short(value: object) -> str:
    """A value as a list has room for it: of ids and digests their beginning."""
    written = str(value)
    return written[:12] if len(written) >= 32 and " " not in written else written


@command.command()
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="HASH",
    help="Also require that the log once ended with this hash; may be repeated.",
)
@click.option(
    "--file", "path", type=click.Path(dir_okay=False), metavar="FILE", help="Verify an exported log (JSON lines)."
)
@json_option
@click.pass_obj
def verify(workspace: Workspace, heads: tuple[str, ...], path: str | None, as_json: bool) -> int:
    """Say whether the log is as it was written, and name the first bad entry; exits 1 when it is not.

    Note down the head that is printed, somewhere else: with --head even a log that was rewritten as a whole is
    found out.
    """
    from mlops_store import audit_chain

    if path is not None:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                verdict = audit_chain.verify_lines(file, heads)
        except OSError as error:
            raise NotFound(f"{path} cannot be read: {error.strerror}", "export one: mlops-tui audit export") from error
    else:
        store = workspace.find()
        verdict = audit_chain.verify_lines((), heads) if store is None else audit_chain.verify(store.read(), heads)
    broken = verdict.broken
    if as_json:
        output.write_json(
            {
                "ok": broken is None,
                "entries": verdict.entries,
                "head": verdict.head,
                "broken": {"entry_id": broken.entry_id, "problem": broken.problem, "message": str(broken)}
                if broken
                else None,
            }
        )
    elif broken is None:
        output.say(f"the audit log is intact: {text.count(verdict.entries, 'entry', 'entries')}, head {verdict.head}")
    else:
        output.say(f"the audit log is broken: {broken}")
        output.say(f"the {text.count(verdict.entries, 'entry', 'entries')} before are good, head {verdict.head}")
    return int(broken is not None)


@command.command()
@click.option("-o", "--output", "path", type=click.Path(dir_okay=False), metavar="FILE", help="Write to FILE.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, which 'verify --file' reads, or CSV.",
)
@click.pass_obj
def export(workspace: Workspace, path: str | None, form: str) -> None:
    """Write the whole log, the oldest entry first.

    In JSON lines each line is the entry's canonical JSON with its "hash" added at the end: the SHA-256 of the line
    without it.
    """
    from mlops_store import audit_chain

    store = workspace.find()
    rows = () if store is None else audit_chain.rows(store.read())
    lines = map(audit_chain.exported, rows) if form == "jsonl" else _csv(rows)
    if path is None:
        for line in lines:
            output.say(line)
        return
    try:
        # not the file itself until all is written: a copy cut short would look like a log that was cut
        with open(path + ".part", "w", encoding="utf-8", newline="") as file:
            file.writelines(f"{line}\n" for line in lines)
        os.replace(path + ".part", path)
    except OSError as error:
        raise MlopsError(f"{path} cannot be written: {error.strerror}", "name another file: --output FILE") from error


def _csv(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    import csv
    import io

    from mlops_store.audit_chain import COLUMNS

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")
    for row in (COLUMNS.split(", "), *rows):
        writer.writerow([_harmless(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _harmless(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets a quote in front."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
