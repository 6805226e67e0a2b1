"""Queries on a connection, as plain rows."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]


def answer(
    connection: "duckdb.DuckDBPyConnection", sql: str, *values: object
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a query.

    Raises:
        ValueError: there is no query in it.
    """
    if not connection.extract_statements(sql):
        raise ValueError("没有查询语句 / no query")
    cursor = connection.execute(sql, values)
    return [item[0] for item in cursor.description or []], cursor.fetchall()


def rows(connection: "duckdb.DuckDBPyConnection", sql: str, *values: object) -> list[Row]:
    """The rows of a query as mappings."""
    names, found = answer(connection, sql, *values)
    return [dict(zip(names, row, strict=True)) for row in found]
