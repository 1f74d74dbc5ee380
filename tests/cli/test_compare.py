"""``runs compare``: every part in every format, on hostile input too."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from mlops_store import artifacts, metrics, runs
from mlops_store.ids import new_id
from mlops_tui.cli import run_comparison
from mlops_tui.compare import export, report
from mlops_tui.prediction_files import encode, path_of

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> [bold] \x1b[31m`|\n=cmd\u202e"
VIEWS = [part for part in run_comparison.PARTS if part in report.VIEWS]


@pytest.fixture
def record(store):
    def add(name, *, params=None, values=None, curves=None, predictions=None, tags=None, **attributes):
        run_id = new_id()
        with store.write() as db:
            runs.create(db, run_id=run_id, name=name, experiment="e", status="FINISHED", started_at=1e9, **attributes)
            runs.set_params(db, run_id, params or {})
            runs.set_tags(db, run_id, tags or {})
            points = [(key, 0, 1e9, value) for key, value in (values or {}).items()]
            points += [
                (key, step, 1e9 + step, v) for key, all_ in (curves or {}).items() for step, v in enumerate(all_)
            ]
            metrics.write(db, run_id, points)
            if predictions is not None:
                digest, size = artifacts.put_bytes(store.objects_dir, encode(*predictions))
                artifacts.record(db, run_id, path_of("predictions"), digest, size, 1e9)
        return run_id

    return add


@pytest.fixture
def several(record):
    """Six runs with everything that a comparison can show: two configurations, three seeds each."""
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 200)
    return [
        record(
            f"run {depth}-{seed}",
            params={"depth": depth, "seed": seed, "kind": "ab"[seed % 2]},
            values={"auc": 0.5 + depth / 10 + seed / 1000, "latency": depth * 2.0 + seed},
            curves={"loss": [1.0, 0.5, 0.1 * depth]},
            predictions=(truth, np.where(chance.random(200) < 0.6 + depth / 20, truth, 1 - truth)),
            tags={"team": "x"},
            host=f"host {depth}",
            git_commit="c0ffee" * 6 + "1234",
            git_diff=f"diff --git a/t.py b/t.py\n@@ -1 +1 @@\n-lr = 0\n+lr = {depth}\n",
        )
        for depth in (2, 5)
        for seed in range(3)
    ]


def test_the_parts_and_formats_of_the_help_are_those_that_there_are():
    assert run_comparison.PARTS == report.PARTS
    assert list(run_comparison.FORMATS) == list(export.FORMATS)


def test_every_part_has_its_json(cli, several):
    shape = cli("runs", "compare", *several, "--part", "all", "--json").json
    assert set(shape) == {"runs", "baseline", "problems", *report.PARTS}
    assert shape["problems"] == {}
    assert shape["baseline"] == several[0]
    assert [len(one["run_ids"]) for one in shape["seeds"]["groups"]] == [2, 1, 2, 1]
    assert shape["hardware"][0] == {"key": "host", "values": ["host 2"] * 3 + ["host 5"] * 3, "is_same": False}
    assert {pair["run_id"] for pair in shape["predictions"]["pairs"]} == set(several[1:])
    assert shape["predictions"]["pairs"][0]["flips"].keys() == {"both_right", "only_first", "only_second", "both_wrong"}
    assert shape["scatter"]["x"]["key"] == "params.depth"
    assert shape["lines"][0]["files"][0]["lines"] == [" -lr = 0", "<+lr = 2", ">+lr = 5"]
    assert shape["curves"][0]["key"] == "loss"
    assert shape["importance"]["params"][0]["key"] == "depth"


@pytest.mark.parametrize("part", report.PARTS)
def test_every_part_is_said_on_the_terminal(cli, several, part):
    done = cli("runs", "compare", *several, "--part", part)
    assert done.exit_code == 0
    assert done.stdout or part in ("tags", "environment", "data")


@pytest.mark.parametrize("kind", ["md", "csv", "json", "html"])
def test_files_are_written_by_their_endings(cli, several, project, kind):
    done = cli("runs", "compare", *several, "-o", f"out.{kind}")
    assert (done.exit_code, done.stdout) == (0, "")
    printed = cli("runs", "compare", *several, "--format", kind).stdout
    assert (project / f"out.{kind}").read_bytes().decode().splitlines()[-1] == printed.splitlines()[-1]
    assert list(project.glob("*.part")) == []


@pytest.mark.parametrize("part", VIEWS)
def test_every_view_is_a_table_of_csv(cli, several, part):
    rows = list(csv.reader(io.StringIO(cli("runs", "compare", *several, "--part", part, "--format", "csv").stdout)))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


def test_tables_are_one_csv_with_a_column_for_each_run(cli, several):
    text = cli("runs", "compare", *several[:2], "--format", "csv").stdout
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["part", "key", "run 2-0", "run 2-1"]
    assert ["metrics", "auc", "0.7", "0.701"] in rows
    assert ["tags", "team", "x", "x"] in rows


def test_views_of_different_shapes_are_no_one_csv(cli, several):
    done = cli("runs", "compare", *several, "--part", "curves", "--part", "metrics", "--format", "csv")
    assert done.exit_code == 2
    assert "curves has another shape than metrics" in done.stderr


def test_axes_metric_and_alignment_can_be_chosen(cli, several):
    shape = cli(
        *("runs", "compare", *several, "--json", "--part", "scatter", "--part", "parallel", "--part", "curves"),
        *(
            "--x",
            "latency",
            "--y",
            "auc",
            "--axis",
            "params.kind",
            "--axis",
            "auc",
            "--metric",
            "loss",
            "--align",
            "time",
        ),
    ).json
    assert set(shape["scatter"]["front"]) == set(several)
    assert [axis["key"] for axis in shape["parallel"]] == ["params.kind", "metrics.auc"]
    assert shape["parallel"][0]["texts"] == ["a", "b"]
    assert [point[0] for point in shape["curves"][0]["curves"][0]["points"]] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("part", ["seeds", "predictions", "importance", "curves", "scatter", "parallel"])
def test_a_part_that_has_nothing_to_say_says_why(cli, record, part):
    record("a", params={"x": 1})
    record("b", params={"x": 1, "y": 2})
    done = cli("runs", "compare", "a", "b", "--part", part)
    if part == "parallel":
        assert "parallel" in done.stdout.lower()
        return
    assert done.exit_code in (1, 2)
    assert done.stderr.startswith("mlops-tui: ")
    both = cli("runs", "compare", "a", "b", "--part", part, "--part", "params", "--json").json
    assert part in both["problems"]
    assert part not in both


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "md", "--json"), "contradict"),
        (("-o", "out.docx"), "does not say which format"),
        (("--part", "scatter", "--x", "nothing"), "none of the runs has 'nothing'"),
        (("--part", "curves", "--metric", "nothing"), "metric 'nothing'"),
        (("--part", "predictions", "--predictions", "nothing"), "named 'nothing'"),
        (("--part", "everything"), "everything"),
        (("--baseline", "zzz"), "zzz"),
    ],
)
def test_what_is_not_understood_is_said(cli, several, arguments, message):
    done = cli("runs", "compare", *several, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_file_that_cannot_be_written_is_refused(cli, several):
    done = cli("runs", "compare", *several, "-o", "no/such/folder/out.md")
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def hostile(record):
    return [
        record(
            f"{HOSTILE}{number}",
            params={HOSTILE: f"{HOSTILE}{number}", "long": "x" * 1_000_000 + str(number), "n": number},
            values={f"m{HOSTILE}": number, "nan": float("nan"), "inf": float("inf")},
            curves={HOSTILE: [number, float("nan"), float("inf"), 2.0]},
            predictions=([HOSTILE, "b", "c"], [f"{HOSTILE}{number}", "b", HOSTILE]),
            tags={HOSTILE: str(number)},
            git_commit="1" * 40,
            git_diff=f"diff --git a/{HOSTILE} b/{HOSTILE}\n@@\n+{HOSTILE}{number}\n",
        )
        for number in range(6)
    ]


def test_nothing_in_a_page_is_code_of_others(cli, hostile, project):
    page = cli("runs", "compare", *hostile, "--format", "html").stdout
    found = Page(page)
    assert not found.tags & {"script", "img", "iframe", "link", "object", "a", "form"}
    assert not {name for name in found.attributes if name.startswith("on")} | (found.attributes & {"href", "src"})
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)
    assert "default-src 'none'" in page
    assert len(page) < 400_000
    assert "<script>alert(1)</script>" in found.text


def test_nothing_in_markdown_is_markup_of_others(cli, hostile):
    text = cli("runs", "compare", *hostile, "--format", "md").stdout
    outside = re.sub(r"(?m)^(`{3,})diff$.*?^\1$", "", text, flags=re.DOTALL)
    assert "<script" not in outside
    assert "[bold]" not in outside
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_csv_starts_no_formula_and_keeps_whole_values(cli, record):
    record("a", params={"x": "=HYPERLINK(1)", "y": "-0.5", "z": "@sum"})
    record("b", params={"x": "x" * 1_000_000, "y": "1", "z": "c"})
    csv.field_size_limit(10_000_000)
    rows = {row[1]: row for row in csv.reader(io.StringIO(cli("runs", "compare", "a", "b", "--format", "csv").stdout))}
    assert rows["x"][2] == "'=HYPERLINK(1)"
    assert rows["z"][2] == "'@sum"
    assert rows["y"][2] == "-0.5"
    assert len(rows["x"][3]) == 1_000_000


def test_hostile_names_reach_no_terminal(cli, hostile):
    done = cli("runs", "compare", *hostile, "--part", "all", "--all")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", done.stdout)
    json.dumps(cli("runs", "compare", *hostile, "--part", "all", "--json").json)


def test_200_runs_are_a_page_too(cli, record):
    many = [record(f"r{number}", params={"n": number}, values={"auc": number / 200}) for number in range(200)]
    done = cli("runs", "compare", *many, "--format", "html")
    assert done.exit_code == 0
    assert "Comparison of 200 runs" in done.stdout
    assert cli("runs", "compare", *many, record("one more")).exit_code == 2
