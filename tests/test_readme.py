from __future__ import annotations

import re
from pathlib import Path

import key_table
import pytest
from tracked import remarks, script

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_table_of_keys_is_the_programs_own() -> None:
    assert key_table.written() == key_table.table(), "run: python tests/support/key_table.py"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.strip().splitlines()[-1].strip()[:40])
def test_an_example_in_python_runs_as_it_stands(example: str, tmp_path: Path) -> None:
    imported = re.findall(r"^(?:import|from) (\w+)", example, re.MULTILINE)
    for name in imported:
        pytest.importorskip(name)
    done = script(tmp_path, example)
    assert (done.returncode, done.stderr) == (0, "")
    assert remarks(tmp_path) == []
