"""A page as one HTML file: no script, nothing loaded from elsewhere, readable in light and dark."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_tui.compare.export import svg
from mlops_tui.compare.export.document import Block, Cell, Document, Heading, Lines, Picture, Points, Sentence, Table
from mlops_tui.compare.export.safe import PARAGRAPH
from mlops_tui.compare.export.svg import text

# Nothing in the page may run or load, whatever a name in it says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_ON_LIGHT = ("#0072b2", "#d55e00", "#009e73", "#8a6d00", "#b0508a", "#3a8fc0", "#6b4fa0", "#4a4a4a")
_ON_DARK = ("#56b4e9", "#e69f00", "#20b285", "#f0e442", "#cc79a7", "#f07840", "#5a8fd8", "#c8ccd0")


def _variables(colours: tuple[str, ...]) -> str:
    return "".join(f"--s{number}:{colour};" for number, colour in enumerate(colours))


_STYLE = (
    ":root{color-scheme:light dark;--back:#fafaf7;--text:#24292b;--dim:#6a7275;--line:#d5d9d6;--head:#f0f1ec;"
    "--good:#2f6d29;--bad:#a83232;--accent:#1f6f8f;" + _variables(_ON_LIGHT) + "}"
    "@media (prefers-color-scheme:dark){:root{--back:#14181b;--text:#d6dbdd;--dim:#8b9598;--line:#31393d;"
    "--head:#1c2226;--good:#7fc176;--bad:#ee8080;--accent:#6cc0de;" + _variables(_ON_DARK) + "}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);"
    "font:15px/1.5 system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif}"
    "main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}h1{font-size:26px;margin:0 0 2px}"
    "h2{font-size:18px;margin:36px 0 8px;border-bottom:1px solid var(--line);padding-bottom:4px}"
    "h2 small,header p,caption,.same{color:var(--dim);font-weight:400}h2 small{font-size:13px;margin-left:8px}"
    "header p{margin:0 0 20px}p,li{margin:8px 0;max-width:80ch;overflow-wrap:anywhere}li{margin:2px 0}"
    ".wide{overflow-x:auto;margin:10px 0 18px}table{border-collapse:collapse;font-size:13.5px;"
    "font-variant-numeric:tabular-nums}caption{text-align:left;font-size:13px;padding-bottom:4px}"
    "th,td{padding:4px 14px 4px 8px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;"
    "max-width:44ch;overflow-wrap:break-word}thead th{background:var(--head);font-weight:600;white-space:nowrap;"
    "max-width:32ch;overflow:hidden;text-overflow:ellipsis}"
    "tbody th{font-weight:500;position:sticky;left:0;background:var(--back);white-space:nowrap;max-width:36ch;"
    "overflow:hidden;text-overflow:ellipsis}"
    ".right{text-align:right;white-space:nowrap}td small,th small{font-weight:400;color:var(--dim);margin-left:6px}"
    ".best,.better{color:var(--good)}"
    ".best{font-weight:700}.best::after{content:' ★'}.worse{color:var(--bad)}.changed{color:var(--accent)}"
    ".missing{color:var(--dim)}.bar{display:inline-block;height:9px;background:var(--accent);border-radius:2px;"
    "margin-right:8px;vertical-align:baseline}pre{background:var(--head);padding:12px 14px;overflow-x:auto;"
    "font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;border-radius:4px;margin:6px 0 18px}"
    "pre .first{color:var(--bad)}pre .second{color:var(--good)}figure{margin:12px 0 22px}svg{width:100%;height:auto;"
    "max-width:900px;display:block}svg text{fill:var(--dim);font-size:11px}svg .name{fill:var(--text)}"
    ".grid{stroke:var(--line);fill:none}.axis{stroke:var(--dim);fill:none}.line{fill:none;stroke-width:1.6}"
    ".again{stroke-dasharray:6 3}.thin{stroke-width:1.1;opacity:.7}.thin.base{stroke-width:2.6;opacity:1}"
    ".dot.base{stroke-width:3}"
    ".front{fill:none;stroke:var(--dim);stroke-dasharray:4 3}.front-dot{stroke-width:2.5}"
    "figcaption{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;margin-top:4px}"
    ".key::before{content:'';display:inline-block;width:14px;height:3px;margin-right:6px;vertical-align:middle;"
    "background:currentColor}.key small{color:var(--dim)}"
    + "".join(
        f"path.s{n}{{stroke:var(--s{n})}}circle.s{n}{{fill:var(--s{n});stroke:var(--text);stroke-width:0}}"
        f"circle.s{n}.base,circle.s{n}.front-dot{{stroke-width:2}}.key.s{n}::before{{background:var(--s{n})}}"
        for n in range(svg.COLOURS)
    )
)


def render(page: Document) -> str:
    """The page as HTML."""
    body = "".join(part for block in page.blocks for part in _block(block))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{text(page.title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main><header><h1>{text(page.title)}</h1><p>{text(page.subtitle)}</p></header>\n"
        f"{body}</main></body></html>\n"
    )


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        note = f" <small>{text(block.note, 400)}</small>" if block.note else ""
        yield f"<h2>{text(block.text)}{note}</h2>\n"
    elif isinstance(block, Sentence):
        yield f"<p{_class(block.tone)}>{text(block.text, PARAGRAPH)}</p>\n"
    elif isinstance(block, Points):
        yield f"<ul>{''.join(f'<li>{text(item, PARAGRAPH)}</li>' for item in block.items)}</ul>\n"
    elif isinstance(block, Lines):
        yield f'<p class="same">{text(block.title, 400)}</p><pre>{"".join(map(_line, block.lines))}</pre>\n'
    elif isinstance(block, Picture):
        yield svg.draw(block) + "\n"
    else:
        yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    yield '<div class="wide"><table>'
    if table.caption:
        yield f"<caption>{text(table.caption)}</caption>"
    heads = (f"<th{_class(*_side(table, column))}>{text(name)}</th>" for column, name in enumerate(table.columns))
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>\n" if any(table.columns) else "<tbody>\n"
    for row in table.rows:
        cells = "".join(_cell(table, column, cell) for column, cell in enumerate(row))
        yield f"<tr>{cells}</tr>\n"
    yield "</tbody></table></div>\n"


def _cell(table: Table, column: int, cell: Cell) -> str:
    name = "td" if column else "th"
    bar = ""
    if cell.share is not None:
        bar = f'<span class="bar" style="width:{100 * min(1.0, max(0.0, cell.share)):.1f}px"></span>'
    note = f"<small>{text(cell.note)}</small>" if cell.note else ""
    return f"<{name}{_class(*_side(table, column), cell.tone)}>{bar}{text(cell.text, 2000)}{note}</{name}>"


def _side(table: Table, column: int) -> tuple[str, ...]:
    return ("right",) if column in table.right else ()


def _line(line: str) -> str:
    kind = {"<": "first", ">": "second"}.get(line[:1], "")
    return f"<span{_class(kind)}>{text(line, 500)}</span>\n"


def _class(*names: str) -> str:
    chosen = " ".join(name for name in names if name)
    return f' class="{chosen}"' if chosen else ""


__all__ = ["render"]
