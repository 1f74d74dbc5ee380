"""Profiles, statistics and monitors: whether new data still looks like the reference."""
