"""What a supervisor loads: it stays in memory for as long as a training takes."""

import os
import subprocess
import sys

import pytest

HEAVY = ("pandas", "numpy", "sklearn", "textual", "rich", "sqlite_utils", "click", "watchdog", "psutil", "asyncio")


@pytest.mark.parametrize("module", ["mlops_tui.pipeline.supervisor", "mlops_tui.pipeline.control"])
def test_nothing_heavy_is_loaded(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_package_itself_loads_nothing_of_the_pipeline() -> None:
    code = "import sys, mlops_tui.pipeline; print([name for name in sys.modules if name.startswith('mlops')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "['mlops_tui', 'mlops_tui.pipeline']\n"


def test_starting_with_nothing_to_do_reads_no_yaml(tmp_path_factory: pytest.TempPathFactory) -> None:
    from pipeline_builders import make, run, until

    project = make(tmp_path_factory.mktemp("p"), "stages: {a: {cmd: cp x y, deps: [x], outs: [y]}}", x="1")
    run(project)
    until(lambda: os.path.exists(os.path.join(project.state_dir, "up-to-date")), "the verdict")
    code = (
        "import sys; from mlops_tui import pipeline; from mlops_tui.project import Project; "
        f"pipeline.start(Project({project.root!r})); print('yaml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
