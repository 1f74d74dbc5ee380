"""Which runs a filter finds, against MLflow's own matching of the same runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store import datasets, metrics, runs
from mlops_store.records import Dataset
from mlops_store.store import Store
from mlops_tui.compare.condition import condition

entities = pytest.importorskip("mlflow.entities")
SearchUtils = pytest.importorskip("mlflow.utils.search_utils").SearchUtils

VALUES = [-1.5, 0.0, 0.5, 1e9, float("nan"), float("inf"), float("-inf")]
TEXTS = ["", "a", "A", "ab", "a%b", "a_b", "100%", "a*b?", "[a]", "it's", "x\\y", "FINISHED"]
KEYS = ["k", "a b", "x.y"]
STATUSES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]

run_data = st.fixed_dictionaries(
    {
        "name": st.sampled_from(TEXTS),
        "status": st.sampled_from(STATUSES),
        "user": st.sampled_from(TEXTS),
        "start_ms": st.integers(0, 5),
        "params": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)),
        "tags": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)),
        "metrics": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)),
        "data": st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(["d1", "d2"]), st.sampled_from(["t", "u"]))),
    }
)


def quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


number = st.sampled_from(["-1.5", "0", ".5", "1e9", "3"])
text = st.sampled_from(TEXTS).map(quoted)
texts = st.lists(text, min_size=1, max_size=3).map(lambda values: f"({', '.join(values)})")
comparison = (
    st.one_of(
        st.tuples(
            st.sampled_from(["metrics.k", "metrics.`a b`"]), st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), number
        ),
        st.tuples(
            st.sampled_from(["start_time", "created"]), st.sampled_from(["=", "!=", ">", "<="]), st.sampled_from("0135")
        ),
        st.tuples(
            st.sampled_from(["params.k", 'params."a b"', "tags.x.y", "run_name", "user_id", "status", "dataset.name"]),
            st.sampled_from(["=", "!=", "LIKE", "ILIKE"]),
            text,
        ),
        st.tuples(
            st.sampled_from(["params.k", "tags.`a b`"]), st.sampled_from(["IS NULL", "is not null"]), st.just("")
        ),
        st.tuples(st.just("dataset.name"), st.sampled_from(["IN", "NOT IN"]), texts),
        st.tuples(st.just("dataset.context"), st.sampled_from(["=", "IN"]), st.just("('t')")),
        st.tuples(st.just("run_id"), st.sampled_from(["IN", "NOT IN"]), st.sampled_from(["('r0')", "('r1', 'r2')"])),
    )
    .map(" ".join)
    .filter(lambda text: "context = (" not in text)
)


def as_mlflow(run_id: str, data: dict) -> object:
    inputs = [
        entities.DatasetInput(
            entities.Dataset(name, digest, "local", "{}"), [entities.InputTag("mlflow.data.context", context)]
        )
        for name, digest, context in data["data"]
    ]
    return entities.Run(
        entities.RunInfo(
            run_id, "0", data["user"], data["status"], data["start_ms"], None, "active", run_name=data["name"]
        ),
        entities.RunData(
            metrics=[entities.Metric(key, value, 0, 0) for key, value in data["metrics"].items()],
            params=[entities.Param(key, value) for key, value in data["params"].items()],
            tags=[entities.RunTag(key, value) for key, value in data["tags"].items()],
        ),
        entities.RunInputs(dataset_inputs=inputs),
    )


def write(store: Store, run_id: str, data: dict) -> None:
    with store.write() as db:
        runs.create(
            db,
            run_id=run_id,
            name=data["name"],
            experiment="e",
            status=data["status"],
            started_at=data["start_ms"] / 1000,
            user=data["user"],
        )
        runs.set_params(db, run_id, data["params"])
        runs.set_tags(db, run_id, data["tags"])
        metrics.write(db, run_id, [(key, 0, 0.0, value) for key, value in data["metrics"].items()])
        for name, digest, context in data["data"]:
            datasets.use(db, run_id, Dataset(name, digest), context)


@settings(max_examples=150, deadline=None)
@given(st.lists(run_data, max_size=5), st.lists(st.lists(comparison, min_size=1, max_size=3), min_size=1, max_size=6))
def test_the_same_runs_are_found_as_mlflow_finds(tmp_path_factory, all_data, filters):
    with Store(str(tmp_path_factory.mktemp("matching") / "store.db")) as store:
        for position, data in enumerate(all_data):
            write(store, f"r{position}", data)
        theirs = [as_mlflow(f"r{position}", data) for position, data in enumerate(all_data)]
        db = store.read()
        for clauses in filters:
            text = " AND ".join(clauses)
            wanted = condition(text, strict=True)
            numbers = runs.ids(db, condition=wanted)
            found = {run.run_id for run in runs.by_ids(db, numbers)}
            assert found == {run.info.run_id for run in SearchUtils.filter(theirs, text)}, text
