"""Differences between runs as plain data, and the filter language."""
