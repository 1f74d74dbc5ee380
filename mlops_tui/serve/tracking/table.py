"""All endpoints of the tracking server, and those of MLflow that it leaves out."""

from __future__ import annotations

import re

from mlops_tui.serve.tracking import (
    artifacts,
    batches,
    experiments,
    history,
    inputs,
    logged_model_search,
    logged_models,
    model_versions,
    outputs,
    registered_models,
    runs,
    search,
)
from mlops_tui.serve.tracking.routes import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *experiments.ENDPOINTS,
    *runs.ENDPOINTS,
    *batches.ENDPOINTS,
    *history.ENDPOINTS,
    *inputs.ENDPOINTS,
    *search.ENDPOINTS,
    *outputs.ENDPOINTS,
    *logged_models.ENDPOINTS,
    *logged_model_search.ENDPOINTS,
    *artifacts.ENDPOINTS,
    *registered_models.ENDPOINTS,
    *model_versions.ENDPOINTS,
)

#: Traces, assessments, evaluation data sets, scorers, issues, webhooks, gateway, prompt optimisation, graphql, jobs,
#: workspaces and users, by what their paths begin with below a prefix.
_LEFT_OUT = re.compile(
    r"(?:/ajax-api|/api)/(?:3\.0/.*|2\.0/mlflow/(?:traces?|assessments|datasets|genai|scorers|issues|webhooks|gateway|"
    r"gateway-proxy|prompt-optimization|jobs|workspaces|users|permissions|runs/create-promptlab-run|"
    r"registered-models/permissions|experiments/permissions)(?:/.*)?)"
    r"|/graphql|/v1/traces|/gateway/.*"
)


def is_left_out(path: str) -> bool:
    """Whether MLflow has an endpoint there that this server has not."""
    return _LEFT_OUT.fullmatch(path) is not None
