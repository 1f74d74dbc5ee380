"""A card as a page: headings, sentences and tables, for the terminal, Markdown and HTML alike."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_tui.cards.card import Card
from mlops_tui.compare import wording
from mlops_tui.compare.export.document import Block, Cell, Document, Heading, Points, Sentence, Table
from mlops_tui.quantities import size_text, time_text
from mlops_tui.registry.card_texts import SECTIONS
from mlops_tui.registry.formats import kinds

#: Parts in their order; those of ``SECTIONS`` are what people write.
PARTS = (
    *("model", "intended_use", "out_of_scope", "data", "datasets", "metrics", "scores", "gates", "importances"),
    *("limits", "ethics", "profile", "maintenance", "owners", "license"),
    *("params", "environment", "energy", "notes"),
)
_TITLES = {
    "model": "Model",
    "datasets": "Data",
    "metrics": "Metrics",
    "scores": "Evaluation",
    "gates": "Gates",
    "importances": "What its predictions hang on",
    "profile": "Drift baseline",
    "params": "Params",
    "environment": "Environment",
    "energy": "Energy",
    "notes": "Notes",
}
#: Rows of a table that a page shows.
_ROWS = 60


def document(card: Card) -> Document:
    """The page of a card."""
    version = card.version
    facts = [version.stage, *(f"@{alias}" for alias in version.aliases), review(card)]
    return Document(
        f"Model card: {card.name}", " · ".join(facts), tuple(block for part in PARTS for block in part_of(card, part))
    )


def title(part: str) -> str:
    """What a part is called."""
    return SECTIONS[part][0] if part in SECTIONS else _TITLES[part]


def review(card: Card) -> str:
    """Where the review stands, in words."""
    found = card.review
    if not found.by:
        return "draft, never reviewed"
    said = {
        "reviewed": f"reviewed by {found.by}, {wording.moment(found.at)}",
        "in review": f"in review since {wording.moment(found.at)}, asked for by {found.by}",
        "draft": f"draft, edited since {found.by} reviewed it" if found.is_outdated else f"draft, said {found.by}",
    }[found.state]
    return f"{said}: “{found.comment}”" if found.comment else said


def part_of(card: Card, part: str) -> Iterator[Block]:
    """One part: its heading, and what stands below it; nothing where there is nothing to say."""
    if part in SECTIONS:
        yield from _written(card, part)
        return
    blocks = list(_MAKERS[part](card))
    if blocks:
        if not isinstance(blocks[0], Heading):
            yield Heading(_TITLES[part])
        yield from blocks


def _written(card: Card, section: str) -> Iterator[Block]:
    heading, wanted = SECTIONS[section]
    text = card.texts.get(section)
    if text is None or not text.body.strip():
        yield Heading(heading, "not written")
        yield Sentence(wanted, "same")
        return
    from_parent = f", taken over from version {text.version}" if text.version != card.version.version else ""
    yield Heading(heading, f"by {text.author}, {wording.moment(text.at)}{from_parent}")
    yield from prose(text.body)


def prose(body: str) -> Iterator[Block]:
    """What a person wrote: paragraphs, and lists of lines that begin with a dash; nothing else means anything."""
    lines: list[str] = []
    items: list[str] = []
    for line in [*body.split("\n"), ""]:
        stripped = line.strip()
        if stripped.startswith(("- ", "* ")):
            if lines:
                yield Sentence(" ".join(lines))
                lines = []
            items.append(stripped[2:].strip())
            continue
        if items and stripped and line[:1] in " \t":
            items[-1] += f" {stripped}"
            continue
        if items:
            yield Points(tuple(items))
            items = []
        if stripped:
            lines.append(stripped)
        elif lines:
            yield Sentence(" ".join(lines))
            lines = []


def _facts(rows: Sequence[tuple[str, str]]) -> Table:
    return Table(("", ""), tuple((Cell(name), Cell(value)) for name, value in rows if value))


def _model(card: Card) -> Iterator[Block]:
    version, lineage = card.version, card.version.lineage
    commit = str(lineage.get("git_commit") or "")
    code = f"{commit[:12]} {lineage.get('git_branch') or ''}".strip() if commit else "not in a Git commit"
    signature = lineage.get("signature") or {}
    by = f" by {version.created_by}" if version.created_by else ""
    if version.description.strip():
        yield from prose(version.description)
    yield _facts(
        [
            ("version", f"{version.version}" + (f", follows version {version.parent}" if version.parent else "")),
            ("stage", version.stage),
            ("aliases", ", ".join(version.aliases)),
            ("tags", ", ".join(f"{key}={value}" for key, value in sorted(version.tags.items()))),
            ("made", f"{wording.moment(version.created_at)}{by}"),
            ("run", f"{lineage.get('run_name') or ''} {version.run_id or ''}".strip()),
            ("experiment", str(lineage.get("experiment") or "")),
            ("code", code + (", with uncommitted changes" if lineage.get("git_dirty") else "")),
            ("script", str(lineage.get("source") or "")),
            ("format", f"{version.flavor}, {size_text(version.size_bytes)}"),
            ("beware", kinds.mark(version.flavor)),
            ("digest", version.digest),
            ("takes", _columns(signature.get("inputs"))),
            ("gives", _columns(signature.get("outputs"))),
            ("latency", _latency(card)),
        ]
    )


def _columns(schema: Any) -> str:
    found = []
    for column in schema or ():
        tensor = column.get("tensor-spec") or {}
        kind = f"{tensor.get('dtype')} {tensor.get('shape')}" if tensor else str(column.get("type", ""))
        found.append(f"{column.get('name') or ''} {kind}".strip())
    more = f" and {len(found) - _ROWS} more" if len(found) > _ROWS else ""
    return ", ".join(found[:_ROWS]) + more


def _latency(card: Card) -> str:
    found = card.measured.get("latency")
    if found is None or "p50_s" not in found.body:
        return ""
    body = found.body
    where = f"on {body['host']}" if body.get("host") else f"by the gate {body.get('gate')}"
    p50, p95 = (1000 * float(body[name]) for name in ("p50_s", "p95_s"))
    return f"{p50:.3g} ms for a row (p95 {p95:.3g} ms, n {body['predictions']}), {where}"


def _datasets(card: Card) -> Iterator[Block]:
    if card.datasets:
        rows = [
            (
                Cell(use.dataset.name),
                Cell(use.context),
                Cell(use.dataset.digest[:16]),
                Cell(f"{use.dataset.row_count:,}" if use.dataset.row_count is not None else "–"),
                Cell(size_text(use.dataset.size_bytes) if use.dataset.size_bytes is not None else "–"),
                Cell(use.dataset.path),
            )
            for use in card.datasets
        ]
        yield Table(("name", "used as", "version", "rows", "size", "path"), tuple(rows), frozenset({3, 4}))


def _metrics(card: Card) -> Iterator[Block]:
    if card.metrics:
        rows = tuple((Cell(key), Cell(wording.number(value))) for key, value in list(card.metrics.items())[:_ROWS])
        yield Table(("metric", "value"), rows, frozenset({1}))


def _scores(card: Card) -> Iterator[Block]:
    found = card.measured.get("scores")
    for one in found.body.get("sets", ()) if found else ():
        if one.get("problem"):
            yield Sentence(f"{one['name']}: {one['problem']}", "same")
            continue
        if not one["measures"]:
            yield Sentence(f"{one['name']}: no row has a truth", "same")
            continue
        measures = tuple(
            (
                Cell(measure["name"]),
                Cell(wording.number(measure["value"])),
                Cell(_interval(measure)),
                Cell(measure["method"]),
            )
            for measure in one["measures"]
        )
        caption = f"predictions {one['name']}, {wording.rows(one['rows'])}"
        yield Table(("measure", "value", "95 % interval", "method"), measures, frozenset({1}), caption)
        for told in one["slices"]:
            rows = tuple(
                (
                    Cell(group["label"]),
                    Cell(f"{group['rows']:,}"),
                    Cell(wording.number(group["value"])),
                    Cell(_interval(group)),
                )
                for group in told["groups"]
            )
            columns = (told["column"], "rows", one["measures"][0]["name"], "95 % interval")
            yield Table(columns, rows, frozenset({1, 2}))


def _interval(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "too few rows"
    return f"{wording.number(found['low'])} to {wording.number(found['high'])}"


def _gates(card: Card) -> Iterator[Block]:
    for stage, verdicts in card.verdicts.items():
        rows = tuple(
            (
                Cell(verdict.gate),
                Cell(verdict.state, "better" if verdict.has_passed else "worse"),
                Cell(wording.moment(verdict.at)),
                Cell(verdict.message),
            )
            for verdict in verdicts
        )
        yield Table(("gate", "verdict", "checked", "what it found"), rows, caption=f"for {stage}")


def _importances(card: Card) -> Iterator[Block]:
    found = card.measured.get("importances")
    if found is None:
        return
    body = found.body
    if body.get("problem"):
        yield Sentence(body["problem"], "same")
        return
    base = "" if body["base"] is None else f", {wording.number(body['base'])} unshuffled"
    said = f"permutation: {body['score']} when a column is shuffled{base}; {body['repeats']} shuffles"
    yield Sentence(f"{said}, {wording.rows(body['rows'])} of {body['source']}")
    features = body["features"]
    top = max((one["mean"] for one in features), default=0.0)
    has_shap = any(one["shap"] is not None for one in features)
    rows = []
    for one in features[:_ROWS]:
        share = max(0.0, one["mean"] / top) if top > 0 else 0.0
        cells = [
            Cell(one["name"]),
            Cell(wording.number(one["mean"]), share=share, note=f"± {wording.deviation(one['sd'])}"),
        ]
        rows.append((*cells, Cell(wording.number(one["shap"]))) if has_shap else tuple(cells))
    columns = ("column", "importance", *(("mean |SHAP|",) if has_shap else ()))
    yield Table(columns, tuple(rows), frozenset(range(1, len(columns))))
    if len(features) > _ROWS:
        yield Sentence(f"and {len(features) - _ROWS} further columns", "same")
    if body.get("shap_problem"):
        yield Sentence(body["shap_problem"], "same")


def _profile(card: Card) -> Iterator[Block]:
    if card.profile is None:
        yield Sentence("none was logged: drift cannot be watched", "worse")
        return
    columns = card.profile.summary.get("columns") or {}
    kept = card.profile.summary.get("sample_rows")
    sample = f", {kept:,} kept" if isinstance(kept, int) and kept != card.profile.row_count else ""
    yield Heading(_TITLES["profile"], f"{wording.rows(card.profile.row_count)}{sample}, {len(columns)} columns")
    rows = tuple(_column(str(name), summary) for name, summary in list(columns.items())[:_ROWS])
    yield Table(("column", "kind", "missing", "mean ± sd", "values"), rows, frozenset({2}))


def _column(name: str, summary: Mapping[str, Any]) -> tuple[Cell, ...]:
    mean, values = "", ""
    if summary.get("mean") is not None:
        mean = f"{wording.number(summary['mean'])} ± {wording.deviation(summary.get('std') or 0.0)}"
        quantiles = summary.get("quantiles") or {}
        ends = [
            summary.get("min"),
            quantiles.get("0.25"),
            quantiles.get("0.5"),
            quantiles.get("0.75"),
            summary.get("max"),
        ]
        values = " · ".join(wording.number(end) for end in ends)
    elif summary.get("labels"):
        total = max(1, int(summary.get("count") or 1))
        shares = sorted(zip(summary["counts"], summary["labels"], strict=False), reverse=True)[:4]
        values = ", ".join(f"{label} {100 * count / total:.0f} %" for count, label in shares)
    return (
        Cell(name),
        Cell(str(summary.get("kind", ""))),
        Cell(f"{summary.get('missing', 0):,}"),
        Cell(mean),
        Cell(values),
    )


def _params(card: Card) -> Iterator[Block]:
    params = card.version.lineage.get("params") or {}
    if params:
        yield Table(("param", "value"), tuple((Cell(key), Cell(str(params[key]))) for key in sorted(params)[:_ROWS]))


def _environment(card: Card) -> Iterator[Block]:
    run = card.run
    rows = [
        ("python", str(card.version.lineage.get("python_version") or "")),
        *((run.hardware.items()) if run else ()),
    ]
    if any(value for _, value in rows):
        yield _facts(rows)
    if run and run.packages:
        yield Sentence(", ".join(f"{name} {version}" for name, version in sorted(run.packages.items())), "same")


def _energy(card: Card) -> Iterator[Block]:
    if card.energy_wh:
        took = "" if card.run is None else f" in {time_text(card.run.run.duration_s(time.time()))}"
        yield Sentence(f"drawn by the machine during the run{took}, other programs included")
        rows = tuple((Cell(part), Cell(f"{value:.4g} Wh")) for part, value in card.energy_wh.items())
        yield Table(("", "energy"), rows, frozenset({1}))


def _notes(card: Card) -> Iterator[Block]:
    if card.notes:
        yield Points(tuple(f"{note.author}, {wording.moment(note.created_at)}: {note.body}" for note in card.notes))


_MAKERS = {
    "model": _model,
    "datasets": _datasets,
    "metrics": _metrics,
    "scores": _scores,
    "gates": _gates,
    "importances": _importances,
    "profile": _profile,
    "params": _params,
    "environment": _environment,
    "energy": _energy,
    "notes": _notes,
}

__all__ = ["PARTS", "document", "part_of", "prose", "review", "title"]
