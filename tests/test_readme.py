from __future__ import annotations

import key_table


def test_the_table_of_keys_is_the_programs_own() -> None:
    assert key_table.written() == key_table.table(), "run: python tests/support/key_table.py"
