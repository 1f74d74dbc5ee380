"""The sample project that ``mlops-tui demo`` writes and runs.

``project/`` is the template, an ordinary project; ``template`` copies it, ``delivery`` lets its batches arrive,
``headless`` runs the whole loop without a terminal. Nothing else in mlops-tui knows that there is a demo.
"""

from __future__ import annotations

MODEL = "breast-cancer"
