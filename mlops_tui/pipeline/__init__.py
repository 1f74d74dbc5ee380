"""Pipelines as DVC describes them: reading, judging what is stale, running."""
