import json

import pytest

from mlops_store.errors import UsageError
from mlops_tui.compare import views
from mlops_tui.compare.views import RunsView, ViewColumn
from mlops_tui.config import Config

GOAL = Config().goal


def test_a_view_that_was_written_down_reads_back_as_it_was():
    view = RunsView(
        "best(auc) > 0.9 OR name ~ '^a'",
        ("best(auc)", "-started_at"),
        (ViewColumn("metrics.auc", 12, True), ViewColumn("curve(val/loss)"), ViewColumn("tags.team")),
        ("params.model", "user"),
        "scripts",
    )
    assert views.read(json.loads(json.dumps(views.shape(view))), GOAL) == view


def test_what_is_left_out_is_as_in_the_usual_view():
    assert views.read({}, GOAL) == RunsView()
    assert views.read({"columns": ["metrics.auc"]}, GOAL).columns == (ViewColumn("metrics.auc"),)


@pytest.mark.parametrize(
    "written",
    [
        [],
        None,
        {"filter": "metrics.auc >"},
        {"filter": 3},
        {"sort": "auc"},
        {"sort": ["nonsense"]},
        {"columns": [3]},
        {"columns": [{"name": "metrics.auc", "width": -1}]},
        {"columns": [{"name": "metrics.auc", "width": "wide"}]},
        {"columns": [{}]},
        {"group_by": ["nonsense"]},
        {"kinds": "odd"},
    ],
)
def test_a_view_that_is_not_understood_is_refused_with_a_reason(written):
    with pytest.raises(UsageError) as refused:
        views.read(written, GOAL)
    assert refused.value.message
