"""Data: what a project tracks, its versions over time, how two of them differ, and bringing one back.

Owns no hashing and no cache: what lies in the work tree and in the cache is asked of ``mlops_tui.pipeline``, which runs
used what of the store. Writes to the work tree only in ``restore``.
"""
