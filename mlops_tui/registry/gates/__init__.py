"""Gates: what a version must pass before it may go to a stage, checked in parallel, each verdict with its numbers.

``check`` runs the gates of a stage, ``kinds`` knows them by name; each kind is one module with ``inputs`` (all that its
verdict depends on) and ``find`` (the verdict).
"""
