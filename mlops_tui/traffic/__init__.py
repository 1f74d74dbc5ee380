"""Sharing out the requests for a model among its versions: splits, who gets which version, evidence, and guard rules.

Knows no HTTP: the router in ``serve.router`` does what is decided here.
"""
