import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlops_store.errors import UsageError
from mlops_tui.drift import watches
from mlops_tui.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "project").mkdir()
    return Project(str(tmp_path / "project"))


def write(project: Project, *names: str, age_s: float = 60.0) -> None:
    for name in names:
        path = Path(project.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\n1\n")
        then = time.time() - age_s
        os.utime(path, (then, then))


def batches(project: Project, *patterns: str) -> list[str]:
    return [file.batch for file in watches.matches(project, patterns)]


def test_batches_come_in_natural_order_and_once(project: Project) -> None:
    write(project, "in/b10.csv", "in/b9.csv", "in/a.parquet", "in/notes.md", "in/B1.CSV")
    assert batches(project, "in/*", "in/*.csv") == ["in/B1.CSV", "in/a.parquet", "in/b9.csv", "in/b10.csv"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/1.csv", ["in/1.csv"]),
        ("in/?.csv", ["in/1.csv"]),
        ("in/[12].csv", ["in/1.csv"]),
        ("./in//*.csv", ["in/1.csv"]),
        ("**/*.csv", ["in/1.csv", "in/deep/er/2.csv", "top.csv"]),
        ("in/**", ["in/1.csv", "in/deep/er/2.csv"]),
        ("in/**/2.csv", ["in/deep/er/2.csv"]),
        ("*/*/*/*.csv", ["in/deep/er/2.csv"]),
        ("nowhere/*.csv", []),
        ("in/1.csv/*.csv", []),
    ],
)
def test_patterns_match_as_globs_do(project: Project, pattern: str, expected: list[str]) -> None:
    write(project, "in/1.csv", "in/deep/er/2.csv", "top.csv", ".hidden/3.csv", "in/.4.csv")
    assert batches(project, pattern) == expected


@pytest.mark.parametrize("pattern", ["../*.csv", "in/../../*.csv", "/etc/*.csv", "", "."])
def test_a_pattern_never_leaves_the_project(project: Project, pattern: str) -> None:
    with pytest.raises(UsageError, match="leaves the project"):
        batches(project, pattern)


def test_links_found_on_the_way_are_not_followed(project: Project, tmp_path: Path) -> None:
    write(project, "in/1.csv")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.csv").write_text("a\n1\n")
    Path(project.path("in", "out")).symlink_to(tmp_path / "secret")
    Path(project.path("in", "key.csv")).symlink_to(tmp_path / "secret" / "key.csv")
    Path(project.path("in", "loop")).symlink_to(project.path("in"))
    assert batches(project, "in/*.csv", "in/**/*.csv", "**") == ["in/1.csv"]


def test_a_link_that_the_pattern_spells_out_is_followed(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.csv").write_text("a\n1\n")
    Path(project.path("in")).symlink_to(tmp_path / "elsewhere")
    assert batches(project, "in/*.csv") == ["in/1.csv"]


@pytest.mark.parametrize(
    "name",
    [
        ".1.csv", "1.csv.part", "1.part.csv", "1.csv~", "~1.csv", "1.tmp.csv", "1.csv.crdownload", "#1.csv#", "_1.csv",
        "1.inprogress.parquet",
    ],
)  # fmt: skip
def test_names_of_unfinished_files_are_passed_over(project: Project, name: str) -> None:
    assert watches.is_temporary(name)
    write(project, f"in/{name}")
    assert batches(project, "in/*") == []


@pytest.mark.parametrize("name", ["1.csv", "partial.csv", "template.csv", "2012-01.parquet", "part-0001.csv"])
def test_ordinary_names_are_batches(name: str) -> None:
    assert not watches.is_temporary(name)


def test_a_file_is_settled_a_moment_after_its_last_write(project: Project) -> None:
    write(project, "old.csv")
    write(project, "new.csv", age_s=0.0)
    write(project, "tomorrow.csv", age_s=-86400.0)
    settled = {
        file.batch: watches.is_settled(file, file.modified_ns / 1e9 + 0.1 if file.batch == "new.csv" else time.time())
        for file in watches.matches(project, ["*.csv"])
    }
    assert settled == {"old.csv": True, "new.csv": False, "tomorrow.csv": True}


def test_settling_waits_for_a_writer_and_sees_all_it_wrote(project: Project) -> None:
    path = project.path("slow.csv")
    script = (
        "import sys, time\n"
        "with open(sys.argv[1], 'w') as file:\n"
        "    for row in range(8):\n"
        "        print(row, file=file, flush=True)\n"
        "        time.sleep(0.1)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, path])
    while not os.path.exists(path):
        time.sleep(0.01)
    file = watches.settle(project, path)
    assert writer.wait() == 0
    assert file is not None
    assert file.size_bytes == len("0\n") * 8


def test_the_digest_follows_the_content(project: Project) -> None:
    write(project, "1.csv")
    (file,) = watches.matches(project, ["1.csv"])
    first = watches.digest(file)
    assert first == watches.digest(file)
    Path(file.path).write_text("a\n2\n")
    (changed,) = watches.matches(project, ["1.csv"])
    assert watches.digest(changed) != first


def test_names_that_are_not_utf_8_can_be_stored(project: Project) -> None:
    name = os.fsdecode(b"b\xff.csv")
    write(project, name)
    (file,) = watches.matches(project, ["*.csv"])
    file.batch.encode()
    assert file.batch == "b\\udcff.csv"
    assert os.path.exists(file.path)


def test_files_outside_of_the_project_keep_their_whole_path(project: Project, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a\n1\n")
    assert watches.look(project, str(tmp_path / "1.csv")).batch == str(tmp_path / "1.csv")


def test_watching_loads_neither_pandas_nor_numpy() -> None:
    script = (
        "import sys\n"
        "from mlops_tui.drift import monitors, watches\n"
        "print(sorted({'pandas', 'numpy', 'scipy', 'sklearn', 'pyarrow', 'textual'} & set(sys.modules)))\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
