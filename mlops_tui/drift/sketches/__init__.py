"""Profiles of columns that are made in one pass, fit into a few KB, and merge: data of any size in bounded memory.

- ``quantiles``: numbers, exact up to 256 distinct values, beyond it with an error bound that is carried along;
- ``tallies``: labels, how often the commonest occur and how many there are (Apache DataSketches);
- ``column`` and ``table``: of one column, and of all columns of a table;
- ``streams``: the rows of files in batches; ``building`` makes profiles of them, in parallel;
- ``packing``: profiles as bytes.
"""
