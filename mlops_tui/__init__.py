"""The whole MLOps loop in one terminal."""
