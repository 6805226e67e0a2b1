"""The second route: every gap again by plain SQL, compared with what was published."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assets.evidence.constants import STUDENTS_T, add_constants

if TYPE_CHECKING:
    import duckdb

SQL: Final = tuple(sorted(Path(__file__).parent.glob("*.sql")))

# Published numbers are rounded to twelve significant digits. Below the floor a number is what
# twelve digits leave of a zero.
RELATIVE: Final = 1e-9
FLOOR: Final = 1e-3


@dataclass(frozen=True)
class Pair:
    """A published table, what the second route makes of it, and the columns that name a row."""

    published: str
    recomputed: str
    key: tuple[str, ...]


PAIRS: Final = (
    Pair("gap.gap_to_goal", "recomputed", ("target_id",)),
    Pair("gap.gap_history", "recomputed_history", ("target_id", "obs_period")),
    Pair("core.observations", "record",
         ("indicator_id", "region_code", "period", "period_type")),
)  # fmt: skip

# What the SQL reads and what it is compared with, by the names in the warehouse.
READ: Final = (
    "core.observation_vintages",
    "core.targets",
    "core.indicators",
    "core.regions",
    "core.series_breaks",
    "meta.build",
)
NEEDED: Final = (*READ, *(pair.published for pair in PAIRS))
# Made by the program, and laid beside the tables for those who have DuckDB alone.
CONSTANTS: Final = f"constants.{STUDENTS_T}"


@dataclass(frozen=True)
class Difference:
    """One value that the second route does not find again.

    Attributes:
        table: published table; key: values of its key, joined by |.
        column: the column, or `row` for a row that is on one side only.
        difference: recomputed less published, of numbers.
    """

    table: str
    key: str
    column: str
    published: Any
    recomputed: Any
    difference: float | None


@dataclass(frozen=True)
class Columns:
    """What was compared of one table.

    Attributes:
        rows: how many rows were compared.
        covered: columns that were recomputed; all_null: those of them without any value.
        others: columns that were not recomputed.
    """

    table: str
    rows: int
    covered: tuple[str, ...]
    all_null: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What came out, table by table."""

    differences: list[Difference]
    tables: list[Columns]

    @property
    def values(self) -> int:
        """How many values were compared, missing ones included."""
        return sum(t.rows * len(t.covered) for t in self.tables)


def recompute(connection: "duckdb.DuckDBPyConnection") -> None:
    """Run the second route: makes the tables on the right-hand side of `PAIRS`, and `CONSTANTS`.

    Args:
        connection: to a database with the tables of `READ` in its main schema.

    Raises:
        duckdb.Error: a table or column is missing.
    """
    add_constants(connection)
    for path in SQL:
        connection.execute(path.read_text(encoding="utf-8"))


def compare(connection: "duckdb.DuckDBPyConnection", pairs: tuple[Pair, ...] = PAIRS) -> Comparison:
    """Hold the published tables against the recomputed ones.

    Numbers to a relative 1e-9, all else exactly, a missing value against a missing one.
    """
    found: list[Difference] = []
    tables = []
    for pair in pairs:
        table = _short(pair.published)
        published, again = (_columns(connection, name) for name in (table, pair.recomputed))
        covered = tuple(c for c in published if c in again and c not in pair.key)
        answer = connection.execute(_rows_sql(pair)).fetchall()
        found += [Difference(table, k, "row", p, r, None) for k, p, r in answer]
        for column in covered:
            answer = connection.execute(_values_sql(pair, column, published[column])).fetchall()
            found += [Difference(table, k, column, p, r, d) for k, p, r, d in answer]
        counts = connection.execute(
            f"SELECT count(*){''.join(f', count({_quoted(c)})' for c in covered)} FROM {table}"
        ).fetchall()[0]
        tables.append(
            Columns(
                table=table,
                rows=counts[0],
                covered=covered,
                all_null=tuple(c for c, n in zip(covered, counts[1:], strict=True) if n == 0),
                others=tuple(c for c in published if c not in again),
            )
        )
    return Comparison(sorted(found, key=lambda d: (d.table, d.key, d.column)), tables)


def script(connection: "duckdb.DuckDBPyConnection") -> str:
    """All of it as one file of SQL for DuckDB alone: load, recompute, list the differences.

    Args:
        connection: after `recompute`, with the published tables beside; tells the columns.
    """
    parts = [
        "-- 在解压后的文件夹中运行；最后一句列出全部不一致，没有即为零行。",
        "-- Run in the unpacked folder; the last statement lists every difference.",
        "",
    ]
    for name in (*NEEDED, CONSTANTS):
        path = f"data/{name.replace('.', '/')}.parquet"
        parts.append(f"CREATE TABLE {_short(name)} AS FROM read_parquet('{path}');")
    for path_ in SQL:
        parts += ["", f"-- ===== {path_.name} =====", path_.read_text(encoding="utf-8").strip()]
    selects = []
    for pair in PAIRS:
        table = _short(pair.published)
        published, again = (_columns(connection, name) for name in (table, pair.recomputed))
        selects.append(f"SELECT '{table}' AS published_table, row_key, 'row' AS column_name,"
                       " published::VARCHAR AS published, recomputed::VARCHAR AS recomputed,"
                       f" NULL::DOUBLE AS difference FROM ({_rows_sql(pair)})")  # fmt: skip
        selects += [
            f"SELECT '{table}', row_key, '{column}', published::VARCHAR, recomputed::VARCHAR,"
            f" difference FROM ({_values_sql(pair, column, published[column])})"
            for column in published
            if column in again and column not in pair.key
        ]
    answer = "\nUNION ALL ".join(selects)
    return "\n".join(
        [*parts, "", "-- ===== 不一致 / differences =====", f"{answer}\nORDER BY ALL;\n"]
    )


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _quoted(column: str) -> str:
    return f'"{column}"'


def _columns(connection: "duckdb.DuckDBPyConnection", table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE table_name = ? AND database_name = current_database() AND schema_name = 'main'"
            " ORDER BY column_index",
            [table],
        ).fetchall()
    )


def _key(pair: Pair, side: str) -> str:
    return f"concat_ws('|', {', '.join(f'{side}.{_quoted(k)}' for k in pair.key)})"


def _joined(pair: Pair) -> str:
    keys = " AND ".join(f"p.{_quoted(k)} = r.{_quoted(k)}" for k in pair.key)
    return f"JOIN {pair.recomputed} r ON {keys}"


def _rows_sql(pair: Pair) -> str:
    """Rows that are on one side only."""
    one = _quoted(pair.key[0])
    return (
        f"SELECT if(p.{one} IS NULL, {_key(pair, 'r')}, {_key(pair, 'p')}) AS row_key,"
        f" p.{one} IS NOT NULL AS published, r.{one} IS NOT NULL AS recomputed"
        f" FROM {_short(pair.published)} p FULL {_joined(pair)}"
        f" WHERE p.{one} IS NULL OR r.{one} IS NULL"
    )


def _values_sql(pair: Pair, column: str, sql_type: str) -> str:
    """Values of a column that differ, in the rows that are on both sides."""
    p, r = f"p.{_quoted(column)}", f"r.{_quoted(column)}"
    unequal, difference = f"{p} IS DISTINCT FROM {r}", "NULL::DOUBLE"
    if sql_type in ("DOUBLE", "BIGINT", "INTEGER"):
        near = f"abs({p} - {r}) <= {RELATIVE} * greatest(abs({p}), abs({r}), {FLOOR})"
        unequal += f" AND NOT coalesce({near}, false)"
        difference = f"({r} - {p})::DOUBLE"
    return (
        f"SELECT {_key(pair, 'p')} AS row_key, {p} AS published, {r} AS recomputed,"
        f" {difference} AS difference FROM {_short(pair.published)} p {_joined(pair)}"
        f" WHERE {unequal}"
    )
