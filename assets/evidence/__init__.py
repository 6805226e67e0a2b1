"""Evidence for evaluators: a bundle of everything behind the gaps, and the gaps once more.

The SQL files are the second route, written from the methods and not from `assets/metrics`; they
run in the order of their numbers on DuckDB alone.
"""
