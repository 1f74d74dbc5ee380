"""Readers of other tools' stores: MLflow, TensorBoard, W&B, trackio, DVCLive, Optuna.

One module a format, each of which yields ``source.Found`` runs and lists what it could not read; ``importing`` stores
them, ``kinds`` tells by a path which format lies there. Nothing here writes to a source, loads a pickle, builds objects
from YAML, or follows a path out of the folder that was named.
"""
