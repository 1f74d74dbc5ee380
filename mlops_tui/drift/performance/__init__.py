"""How good a model is on a window of rows: realized where labels are known, estimated where they are not yet."""
