"""The tracking server: MLflow's REST API over the project's store, for clients that know nothing of mlops-tui."""
