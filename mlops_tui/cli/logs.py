"""``mlops-tui logs``: what the stages of a pipeline run wrote."""

from __future__ import annotations
