"""The table of keys in README.md, made from the one table that the program uses."""

from __future__ import annotations

from pathlib import Path

from mlops_tui.ui import keymap

BEGIN = "<!-- keys: made by `python tests/support/key_table.py`; a test keeps it equal to the program -->\n"
END = "<!-- end of keys -->\n"
README = Path(__file__).parents[2] / "README.md"
PLACES = (
    "app",
    "table",
    "overview",
    "runs",
    "run",
    "compare",
    "pipeline",
    "dag",
    "data",
    "models",
    "board",
    "promote",
    "drift",
    "heat",
    "serving",
    "log",
    "search",
)


def table() -> str:
    """Markdown: a row a key, grouped by place; the nine pane keys in one row."""
    lines = ["| where | keys | what |", "|---|---|---|"]
    for where in PLACES:
        heading = keymap.SECTIONS[where]
        for entry in keymap.KEYS:
            if entry.where != where or (entry.id.startswith("app.pane_") and entry.id != "app.pane_1"):
                continue
            keys, what = keymap.shown_keys(entry), entry.help
            if entry.id == "app.pane_1":
                keys, what = "1 … 9", "Go to the pane of that number"
            shown = " ".join(f"`{key}`" if key not in ("…",) else key for key in keys.split())
            lines.append(f"| {heading} | {shown} | {what.replace('|', chr(92) + '|')} |")
            heading = ""
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table that README.md has now."""
    return README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    README.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")
