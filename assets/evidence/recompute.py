"""The second route: every gap again by plain SQL, compared with what was published."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import duckdb

SQL: Final = tuple(sorted(Path(__file__).parent.glob("*.sql")))

# What the SQL reads, and what it is compared with, by the name it has in the warehouse.
NEEDED: Final = (
    "core.observation_vintages",
    "core.targets",
    "core.indicators",
    "core.series_breaks",
    "meta.build",
)
RESULT: Final = "gap.gap_to_goal"

# Published numbers are rounded to twelve significant digits.
RELATIVE: Final = 1e-9


@dataclass(frozen=True)
class Difference:
    """One number, text or truth value that the second route does not find again."""

    target_id: str
    column: str
    published: Any
    recomputed: Any


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        targets: how many goals were recomputed.
        values: how many published values were found again, missing ones included.
        covered: columns that were recomputed; others: those that were not.
    """

    differences: list[Difference]
    targets: int
    values: int
    covered: tuple[str, ...]
    others: tuple[str, ...]


def recompute(connection: "duckdb.DuckDBPyConnection") -> None:
    """Run the second route; the answer is the table `recomputed`, one row a target.

    Args:
        connection: to a database with the tables of `NEEDED` in its main schema.

    Raises:
        duckdb.Error: a table or column is missing.
    """
    for path in SQL:
        connection.execute(path.read_text(encoding="utf-8"))


def compare(connection: "duckdb.DuckDBPyConnection") -> Comparison:
    """Hold `gap_to_goal` against `recomputed`: numbers to 1e-9, all else exactly, null to null."""
    published = _columns(connection, "gap_to_goal")
    again = _columns(connection, "recomputed")
    covered = tuple(c for c in published if c in again and c != "target_id")
    found: list[Difference] = []
    rows = connection.execute(
        "SELECT target_id, p.target_id IS NULL, r.target_id IS NULL"
        " FROM gap_to_goal p FULL JOIN recomputed r USING (target_id) ORDER BY target_id"
    ).fetchall()
    for target, is_unpublished, is_lost in rows:
        if is_unpublished or is_lost:
            found.append(Difference(target, "target_id", not is_unpublished, not is_lost))
    for column in covered:
        found += _differences(connection, column, published[column])
    common = sum(not (a or b) for _, a, b in rows)
    return Comparison(
        differences=sorted(found, key=lambda d: (d.target_id, d.column)),
        targets=len(rows),
        values=common * len(covered) - sum(d.column != "target_id" for d in found),
        covered=covered,
        others=tuple(c for c in published if c not in again),
    )


def _columns(connection: "duckdb.DuckDBPyConnection", table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE table_name = ? AND database_name = current_database() AND schema_name = 'main'"
            " ORDER BY column_index",
            [table],
        ).fetchall()
    )


def _differences(
    connection: "duckdb.DuckDBPyConnection", column: str, sql_type: str
) -> list[Difference]:
    p, r = f'p."{column}"', f'r."{column}"'
    unequal = f"{p} IS DISTINCT FROM {r}"
    if sql_type in ("DOUBLE", "BIGINT", "INTEGER"):
        # Smaller than a billionth of the figure, or of one: what twelve digits leave of a zero.
        near = f"abs({p} - {r}) <= {RELATIVE} * greatest(abs({p}), abs({r}), 1e-3)"
        unequal += f" AND NOT coalesce({near}, false)"
    answer = connection.execute(
        f"SELECT target_id, {p}, {r} FROM gap_to_goal p JOIN recomputed r USING (target_id)"
        f" WHERE {unequal}"
    )
    return [Difference(target, column, a, b) for target, a, b in answer.fetchall()]
