"""A process that logged ends by itself, whoever imported ``threading`` first."""

from __future__ import annotations

from pathlib import Path

import pytest
import tracked


@pytest.mark.parametrize("late", ["", "import threading", "import threading; threading.Thread(target=print).start()"])
def test_a_script_that_outlives_the_start_of_the_background_thread_ends_by_itself(tmp_path: Path, late: str) -> None:
    # Whoever imports threading first is its main thread, and the interpreter waits for that one at its end: the
    # background thread must never be the one.
    code = f"""
        import sys, time
        with mlops.start_run(run_name="long"):
            mlops.log_metric("loss", 1.0)
            time.sleep(0.4)
            assert "threading" not in sys.modules
            {late}
            mlops.log_metric("loss", 0.5)
    """
    process = tracked.start(tmp_path, code)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, "")
