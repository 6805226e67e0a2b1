"""Machinery: clock, landing, stage, warehouse, command line, Dagster. Knows no indicator.

Only the composition roots, `graph.py` and `definitions.py`, import the assets.
"""
