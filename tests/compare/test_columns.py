from mlops_store.records import Run, RunKind, RunStatus
from mlops_tui.compare.columns import ranked


def run(metrics=None, params=None) -> Run:
    return Run("id", "name", "e", RunKind.RUN, RunStatus.FINISHED, 0.0, metrics=metrics or {}, params=params or {})


def test_what_differs_comes_before_what_does_not_and_what_most_runs_have_before_the_rest():
    runs = [
        run({"same": 1.0, "auc": value, "rare": 0.1} if value == 1 else {"same": 1.0, "auc": value}) for value in (1, 2)
    ]
    assert ranked(runs) == ["metrics.auc", "metrics.same", "metrics.rare"]


def test_params_stand_between_metrics():
    runs = [run(dict.fromkeys("abcd", value), {key: str(value) for key in "xy"}) for value in (1.0, 2.0)]
    assert ranked(runs) == ["metrics.a", "metrics.b", "params.x", "metrics.c", "metrics.d", "params.y"]


def test_metrics_of_the_machine_are_left_out():
    assert ranked([run({"system/cpu_utilization_percentage": 1.0})]) == []


def test_no_runs_have_no_columns():
    assert ranked([]) == []


def test_what_was_held_out_comes_before_what_was_trained_on():
    runs = [run({"train_auc": value, "validation_auc": value}) for value in (1.0, 2.0)]
    assert ranked(runs) == ["metrics.validation_auc", "metrics.train_auc"]


def test_schedules_come_after_what_was_measured():
    runs = [run({"epoch": value, "lr": value, "train/lr": value, "z": value}) for value in (1.0, 2.0)]
    assert ranked(runs)[0] == "metrics.z"
