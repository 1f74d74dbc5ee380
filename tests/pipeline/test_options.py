from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_builders import make

from mlops_store.errors import SpecError
from mlops_tui.pipeline import options, spec
from mlops_tui.pipeline.options import Demand, Options, Retries
from mlops_tui.pipeline.spec import Stage


def read(written: Any) -> Options:
    return options.read(Stage("train", "x", meta={"mlops": written}, line=7, column=3))


def test_a_stage_that_says_nothing_gets_the_defaults() -> None:
    for meta in (None, {}, "text", {"owner": "ann"}, ["mlops"]):
        assert options.read(Stage("train", "x", meta=meta)) == Options()


def test_all_options_are_read(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          train:
            cmd: x
            meta:
              owner: ann
              mlops:
                retries: {times: 3, backoff: 2s, factor: 3, max: 1m}
                timeout: 1h 30m
                cpus: 4
                memory: 4GB
                gpus: 1
                mutex: [database, licence]
                env: {OMP_NUM_THREADS: 4, DEBUG: true, NAME: ann}
                executor: slurm
        """,
    )
    assert options.read(spec.load(project).stages["train"]) == Options(
        retries=Retries(3, 2.0, 3.0, 60.0),
        timeout_s=5400.0,
        demand=Demand(4, 4 * 10**9, 1, ("database", "licence")),
        environment={"OMP_NUM_THREADS": "4", "DEBUG": "true", "NAME": "ann"},
        executor="slurm",
    )


def test_retries_may_be_a_count_and_a_mutex_one_name() -> None:
    found = read({"retries": 2, "mutex": "database"})
    assert found.retries == Retries(2)
    assert found.demand.mutexes == ("database",)


def test_waits_grow_by_the_factor_up_to_the_longest() -> None:
    retries = Retries(5, backoff_s=2.0, factor=2.0, max_s=10.0)
    assert [retries.wait_s(attempt) for attempt in (1, 2, 3, 4)] == [2.0, 4.0, 8.0, 10.0]
    assert Retries(5).wait_s(3) == 0.0
    assert Retries(5, backoff_s=1.0, factor=1e300).wait_s(10_000) > 0


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ({"retrys": 2}, "meta.mlops.retrys is unknown", "did you mean 'retries'?"),
        ({"retries": {"time": 2}}, "meta.mlops.retries.time is unknown", "did you mean 'times'?"),
        ({"retries": {"backoff": 2}}, "meta.mlops.retries has no 'times'", "retries: {times: 3"),
        ({"retries": -1}, "must be a whole number from 0 on, not -1", ""),
        ({"retries": {"times": 1, "factor": 0.5}}, "retries.factor must be a number from 1 on", ""),
        ({"timeout": "soon"}, "meta.mlops.timeout must be a time, not 'soon'", "10m"),
        ({"timeout": 0}, "meta.mlops.timeout must be longer than nothing", "leave it out"),
        ({"cpus": 1.5}, "meta.mlops.cpus must be a whole number", ""),
        ({"cpus": True}, "meta.mlops.cpus must be a whole number", ""),
        ({"memory": "lots"}, "meta.mlops.memory must be a size", "4GB"),
        ({"mutex": [1]}, "meta.mlops.mutex must be a name, not 1", ""),
        ({"env": ["A=1"]}, "meta.mlops.env must map names to values", ""),
        ({"env": {"A B": 1}}, "'A B' cannot be the name of an environment variable", ""),
        ({"env": {"A": [1]}}, "meta.mlops.env.A must be a text or a number", ""),
        ({"executor": ""}, "meta.mlops.executor must be a name", ""),
        (3, "meta.mlops must be a mapping, not 3", ""),
    ],
)
def test_a_mistake_is_named_at_the_stage_s_place(written: Any, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(written)
    assert message in caught.value.message
    assert caught.value.message.startswith("dvc.yaml:7:3: stage 'train': ")
    assert hint in caught.value.hint


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
keys = st.sampled_from(["retries", "timeout", "cpus", "memory", "gpus", "mutex", "env", "executor"]) | st.text()


@given(st.dictionaries(keys, values, max_size=4) | values)
def test_anything_is_read_or_refused(written: Any) -> None:
    try:
        read(written)
    except SpecError as error:
        assert "meta.mlops" in error.message
