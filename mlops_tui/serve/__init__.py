"""Serving models over HTTP in MLflow's scoring protocol, and folders that serve them elsewhere."""
