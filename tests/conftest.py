"""Shared by all tests: nothing of the person who runs them may leak in."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# A deadline per example measures the machine, not the code. The gate draws the same examples each time, so that a
# change is refused for what it does; whoever runs the tests by hand searches anew.
settings.register_profile("suite", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("MLOPS_", "MLFLOW_", "DVC_")) and name != "MLOPS_REQUIRE_TERMINAL":
            monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose programs are missing, or fails it where they are required (CI)."""
    for marker in item.iter_markers("needs"):
        for program in marker.args:
            if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
                if os.environ.get("MLOPS_REQUIRE_TERMINAL"):
                    pytest.fail(f"{program} is not installed")
                pytest.skip(f"{program} is not installed")
