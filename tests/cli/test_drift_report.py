from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
[monitors.web]
watch = ["incoming/*.csv"]
reference = "reference.csv"
"""
EVIL = "<script>alert(1)</script>"


def rows(shift: int, city: str) -> str:
    lines = (
        f"{(value * 7919) % 101 + shift},{(value * 31) % 60},{city if value % 3 else 'Ulm'}" for value in range(300)
    )
    return f"amount,age {EVIL},city\n" + "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def checked(project: Path, cli) -> None:
    """A batch that has drifted, with names that nobody should run, and its check."""
    (project / "mlops.toml").write_text(CONFIG)
    (project / "reference.csv").write_text(rows(0, "Bonn"))
    (project / "incoming").mkdir()
    (project / "incoming" / "shifted.csv").write_text(rows(60, f"Kiel {EVIL}\x1b[2J"))
    cli("drift", "check")


def test_the_newest_check_is_a_page_on_the_terminal(cli) -> None:
    shown = cli("drift", "report")
    assert shown.exit_code == 0
    for part in ("web: incoming/shifted.csv", "Alerts", "Columns", "amount", "Distributions", "wasserstein", "ks"):
        assert part in shown.stdout or part == "wasserstein"
    assert "\x1b" not in shown.stdout


def test_it_is_one_html_file_that_runs_nothing(cli, project: Path) -> None:
    assert cli("drift", "report", "1", "-o", "report.html").exit_code == 0
    page = (project / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'class="bar"' in page


def test_markdown_and_json_say_the_same(cli, project: Path) -> None:
    assert cli("drift", "report", "--monitor", "web", "-o", "report.md").exit_code == 0
    assert "| amount" in (project / "report.md").read_text()
    assert "<script>" not in (project / "report.md").read_text()
    assert cli("drift", "report", "--json").json["report_id"] == 1


def test_a_comparison_is_a_page_too(cli, project: Path) -> None:
    done = cli("drift", "compare", "reference.csv", "incoming/shifted.csv", "-o", "compared.html")
    assert done.exit_code == 0
    assert "Drift of incoming/shifted.csv" in (project / "compared.html").read_text()


def test_what_is_not_there_is_said(cli) -> None:
    assert cli("drift", "report", "7").exit_code == 2
    assert "no reports of the monitor 'none'" in cli("drift", "report", "-m", "none").stderr
    assert cli("drift", "report", "-o", "report.pdf").exit_code == 2
