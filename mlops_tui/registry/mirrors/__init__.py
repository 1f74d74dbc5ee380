"""Other registries that follow ours: MLflow's and GTO's. A mirror that cannot be written never holds up an act.

``marks`` compares what both hold, ``mlflow`` and ``gto`` read and write theirs, ``reconcile`` brings them together.
"""
