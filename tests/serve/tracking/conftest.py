from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tracking_wire import Wire, serving


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with serving(str(tmp_path_factory.mktemp("tracking") / ".mlops")) as found:
        yield found


@pytest.fixture
def own_wire(tmp_path: Path) -> Iterator[Wire]:
    """One of the test's own."""
    with serving(str(tmp_path / ".mlops")) as found:
        yield found
