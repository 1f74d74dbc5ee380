"""What is behind the drift of a column: the rows that it is in, the predictions that it changed."""
