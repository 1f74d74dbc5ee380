"""Incidents: which alerts have one cause, when that is worth telling, and how much it matters."""
