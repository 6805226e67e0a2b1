"""Mathematical constants of the second route, as a table: plain SQL has no Student's t."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

STUDENTS_T: Final = "students_t"


def add_constants(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make the table `students_t`: quantiles of Student's t for 1 to 30 degrees of freedom.

    Columns: freedom, probability, quantile, is_step (one of 400 even steps of probability, which
    stand in for a pool of errors; else one of the levels of the intervals).
    """
    import polars as pl

    from assets.outlook.pools import LEVELS, T_STEPS, students_t

    given = students_t()
    freedom = pl.col("pool").str.strip_prefix("t|").cast(pl.Int64)
    steps = given.errors.select(
        freedom=freedom,
        probability=((pl.int_range(pl.len()) + 0.5) / T_STEPS).over("pool"),
        quantile="error",
        is_step=pl.lit(value=True),
    )
    levels = [
        given.quantiles.select(
            freedom=freedom,
            probability=pl.lit(level),
            quantile=name,
            is_step=pl.lit(value=False),
        )
        for name, level in LEVELS.items()
    ]
    connection.register("given_constants", pl.concat([steps, *levels]))
    connection.execute(f"CREATE TABLE {STUDENTS_T} AS FROM given_constants")
    connection.unregister("given_constants")
