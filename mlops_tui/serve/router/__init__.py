"""One port in front of versions of a model: who answers is decided by the traffic split, while requests go on."""
