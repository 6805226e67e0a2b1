"""The formulas of distance to target, each written once.

They are narwhals expressions over lazy frames and run unchanged on polars, DuckDB and Spark.
`gap.gap_metrics` puts them together; everything else is a formula with its unit and source.
"""
