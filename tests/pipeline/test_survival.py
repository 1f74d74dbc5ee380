"""Whatever is killed, restarted, set or closed, at whatever moment: store and lock are right, and the job is done."""

from __future__ import annotations

from pathlib import Path

import faults
import pytest

pytestmark = [pytest.mark.slow]

_CHUNKS = 7 * faults.SHAPES  # so that all of a chunk have the same pipeline
_SEEDS_A_CHUNK = 5


@pytest.mark.timeout(900)
@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_a_pipeline_survives_faults_at_random_moments(tmp_path: Path, chunk: int) -> None:
    expected = faults.reference(tmp_path / "reference", chunk % faults.SHAPES)
    for seed in range(chunk, _CHUNKS * _SEEDS_A_CHUNK, _CHUNKS):
        faults.survive(tmp_path / str(seed), seed, expected)
