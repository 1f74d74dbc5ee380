"""Folders that serve a model elsewhere: the model, its code, locked requirements, a Dockerfile and a start command."""
