"""Writes one DuckDB file from frames, and checks a finished one.

The only code of the project that writes DuckDB. It writes fresh files only; what makes a file the
published one is in `publish.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import polars as pl

from schemas.contract import TABLES, Table, columns_of, comment_of, ddl, info_of

# The oldest storage format: DuckDB 1.x clients open it as well.
STORAGE_VERSION: Final = "v1.0.0"

# Tables of these schemas have a view of the same name in `main`.
EVERYDAY_SCHEMAS: Final = ("core", "gap")

# Nothing is downloaded while a file is written or read, and SQL never sees a Python variable.
_CONFIG: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}

_ATTACHED: Final = "fresh"

# Files without rows, by what is in them: their 2000 comments take as long as all the rows.
_blanks: dict[str, bytes] = {}


class View(NamedTuple):
    """A view in `main`.

    `sql` is its SELECT. Its columns are explained in `columns`, as `中文 / English [unit]`; one
    whose name means the same in all tables that have it takes their comment without that.
    """

    zh: str
    en: str
    sql: str
    columns: Mapping[str, str] = {}


class Macro(NamedTuple):
    """A macro in `main`.

    `sql` is what follows its name: `(day) AS TABLE SELECT …`, or `(a, b) AS a + b`. `example` is a
    call that must answer, such as `gap_as_of(DATE '2020-12-31')`; it is shown in the comment.
    """

    zh: str
    en: str
    sql: str
    example: str


class PublishError(RuntimeError):
    """The warehouse can't be built, or the finished file is not what it should be."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem(s):\n" + "\n".join(self.problems))


def parents_first(models: Sequence[type[Table]]) -> list[type[Table]]:
    """The models in an order in which every foreign key's table comes before the key.

    Raises:
        PublishError: a foreign key leads to a table that is not among them, or round in a circle.
    """
    graph: dict[type[Table], set[type[Table]]] = {}
    for model in models:
        graph[model] = {TABLES[c.references[0]] for c in columns_of(model) if c.references} - {
            model
        }
        if missing := [info_of(p).name for p in graph[model] if p not in models]:
            raise PublishError([f"{info_of(model).name} needs table(s) {', '.join(missing)}"])
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(info_of(m).name for m in error.args[1])
        raise PublishError([f"foreign keys run in a circle: {circle}"]) from error


def build_warehouse(
    path: Path,
    frames: Mapping[str, pl.DataFrame],
    models: Sequence[type[Table]],
    views: Mapping[str, View] | None = None,
    macros: Mapping[str, Macro] | None = None,
) -> None:
    """Write a fresh DuckDB file with keys, comments, rows, views and macros; no `.wal` is left.

    Args:
        path: file to write; must not exist.
        frames: one frame a table, by the table's name.
        models: the tables; those that foreign keys lead to must be among them.
        views, macros: by name; created in `main` after the tables, in the order given.

    Raises:
        PublishError: DuckDB refuses a table, row, view or macro; the message names it.
    """
    if path.exists():
        raise PublishError([f"{path} exists: only fresh files are written"])
    views, macros = views or {}, macros or {}
    ordered = parents_first(models)
    layout = repr(([ddl(m) for m in ordered], views, macros))
    if layout not in _blanks:
        with _writing(path) as connection:
            _lay_out(connection, ordered, views, macros)
        _blanks[layout] = path.read_bytes()
    path.write_bytes(_blanks[layout])
    with _writing(path) as connection:
        for model in ordered:
            _insert(connection, model, frames[info_of(model).name])
    if path.with_name(f"{path.name}.wal").exists():
        raise PublishError([f"{path.name}.wal is left: the file is not complete without it"])


@contextmanager
def _writing(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file; all is written in one transaction when the block ends."""
    with duckdb.connect(config=dict(_CONFIG)) as connection:
        connection.execute("SET python_enable_replacements = false")
        # The dearest of the compressions to try on each column, for 3 % of the file.
        connection.execute("SET disabled_compression_methods = 'fsst'")
        connection.execute(
            f"ATTACH {_text(str(path))} AS {_ATTACHED} (STORAGE_VERSION '{STORAGE_VERSION}')"
        )
        connection.execute(f"USE {_ATTACHED}")
        connection.execute("BEGIN")  # else each of a thousand comments is flushed to disk alone
        yield connection
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
        connection.execute("USE memory")
        connection.execute(f"DETACH {_ATTACHED}")


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    ordered: Sequence[type[Table]],
    views: Mapping[str, View],
    macros: Mapping[str, Macro],
) -> None:
    """Everything of a warehouse but its rows."""
    for schema in sorted({info_of(m).schema for m in ordered}):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for model in ordered:
        _run(connection, info_of(model).name, ddl(model))
    for name, statements in _main(ordered, views, macros):
        _run(connection, name, statements)
    _explain_views(connection, ordered, views)


def check_warehouse(
    path: Path,
    frames: Mapping[str, pl.DataFrame],
    models: Sequence[type[Table]],
    views: Mapping[str, View] | None = None,
    macros: Mapping[str, Macro] | None = None,
) -> None:
    """Reopen a finished file read-only and compare it with what it was made from.

    Raises:
        PublishError: lists everything that is wrong with tables, columns, types, row counts, keys,
            comments, views, macros, the storage version or what `meta.dictionary` says of a table.
    """
    with duckdb.connect(str(path), read_only=True, config=dict(_CONFIG)) as connection:
        connection.execute("SET python_enable_replacements = false")
        problems = [
            *_check_storage(connection),
            *_check_columns(connection, models),
            *(p for m in models for p in _check_table(connection, m, frames)),
            *_check_main(connection, models, views or {}, macros or {}),
            *_check_comments(connection),
            *_check_dictionary(connection, models),
        ]
    if problems:
        raise PublishError(problems)


def _insert(connection: duckdb.DuckDBPyConnection, model: type[Table], frame: pl.DataFrame) -> None:
    info = info_of(model)
    names = ", ".join(_name(c.name) for c in columns_of(model))
    connection.register("incoming", frame)
    try:
        connection.execute(
            f"INSERT INTO {info.schema}.{info.name} ({names}) SELECT {names} FROM incoming"
        )
    except duckdb.Error as error:
        raise PublishError([f"{info.name}: {error}"]) from error
    connection.unregister("incoming")


def _main(
    models: Sequence[type[Table]], views: Mapping[str, View], macros: Mapping[str, Macro]
) -> Iterator[tuple[str, list[str]]]:
    """Statements that make each view and macro of `main`."""
    for model in models:
        info = info_of(model)
        if info.schema in EVERYDAY_SCHEMAS:
            yield (
                info.name,
                [
                    f"CREATE VIEW main.{info.name} AS SELECT * FROM {info.schema}.{info.name}",
                    f"COMMENT ON VIEW main.{info.name} IS {_text(f'{info.zh} / {info.en}')}",
                ],
            )
    for name, view in views.items():
        yield (
            name,
            [
                f"CREATE VIEW main.{_name(name)} AS {view.sql}",
                f"COMMENT ON VIEW main.{_name(name)} IS {_text(f'{view.zh} / {view.en}')}",
            ],
        )
    for name, macro in macros.items():
        comment = f"{macro.zh} / {macro.en}. {macro.example}"
        yield name, [f"CREATE MACRO main.{_name(name)}{macro.sql}"]
        kind = "MACRO TABLE" if _is_table_macro(macro) else "MACRO"
        yield name, [f"COMMENT ON {kind} main.{_name(name)} IS {_text(comment)}"]


def _is_table_macro(macro: Macro) -> bool:
    return "AS TABLE" in " ".join(macro.sql.upper().split())


def _explain_views(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[type[Table]],
    views: Mapping[str, View],
) -> None:
    """Comment the columns of all views in `main`."""
    own = {info_of(m).name: {c.name: comment_of(c) for c in columns_of(m)} for m in models}
    known: dict[str, set[str]] = {}
    for comments in own.values():
        for column, comment in comments.items():
            known.setdefault(column, set()).add(comment)
    # A name that means two things in two tables is left for the view to explain.
    common = {column: min(found) for column, found in known.items() if len(found) == 1}
    for view, column in connection.execute(
        "SELECT v.view_name, c.column_name FROM duckdb_views() v JOIN duckdb_columns() c"
        " ON c.table_oid = v.view_oid AND c.database_name = v.database_name"
        " WHERE v.database_name = current_database() AND NOT v.internal"
    ).fetchall():
        comments = {**common, **views[view].columns} if view in views else own[view]
        if column in comments:
            connection.execute(
                f"COMMENT ON COLUMN main.{_name(view)}.{_name(column)} IS {_text(comments[column])}"
            )


def _check_storage(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    row = connection.execute(
        "SELECT tags['storage_version'] FROM duckdb_databases()"
        " WHERE database_name = current_database()"
    ).fetchone()
    found = str(row[0]) if row else "none"
    if not found.startswith(STORAGE_VERSION):
        yield f"storage version is {found}, not {STORAGE_VERSION}"


def _check_columns(
    connection: duckdb.DuckDBPyConnection, models: Sequence[type[Table]]
) -> Iterator[str]:
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for table, *about in connection.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type, is_nullable"
        " FROM duckdb_columns() WHERE database_name = current_database() ORDER BY column_index"
    ).fetchall():
        found.setdefault(table, []).append((about[0], about[1], about[2]))
    for model in models:
        table = f"{info_of(model).schema}.{info_of(model).name}"
        if found.get(table) != [(c.name, c.sql_type, c.nullable) for c in columns_of(model)]:
            yield f"{table}: columns are {found.get(table)}, not those of its contract"


def _check_table(
    connection: duckdb.DuckDBPyConnection,
    model: type[Table],
    frames: Mapping[str, pl.DataFrame],
) -> Iterator[str]:
    info = info_of(model)
    table = f"{info.schema}.{info.name}"
    rows = _count(connection, f"SELECT count(*) FROM {table}")
    if rows != frames[info.name].height:
        yield f"{table}: {rows} row(s), {frames[info.name].height} were given"
    key = ", ".join(_name(k) for k in info.key)
    if twice := _count(
        connection,
        f"SELECT count(*) FROM (SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1)",
    ):
        yield f"{table}: {twice} key(s) occur twice"
    for item in columns_of(model):
        column = f"child.{_name(item.name)}"
        if item.references:
            parent, field = item.references
            place = f"{info_of(TABLES[parent]).schema}.{parent}"
            if lost := _count(
                connection,
                f"SELECT count(*) FROM {table} AS child ANTI JOIN {place} AS parent"
                f" ON {column} = parent.{_name(field)} WHERE {column} IS NOT NULL",
            ):
                yield f"{table}.{item.name}: {lost} row(s) not in {place}.{field}"


def _check_main(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[type[Table]],
    views: Mapping[str, View],
    macros: Mapping[str, Macro],
) -> Iterator[str]:
    everyday = [info_of(m).name for m in models if info_of(m).schema in EVERYDAY_SCHEMAS]
    scalars = {n: m for n, m in macros.items() if not _is_table_macro(m)}
    asked = {name: f"main.{_name(name)}" for name in (*everyday, *views)}
    asked |= {name: m.example for name, m in macros.items() if name not in scalars}
    asked |= {name: f"(SELECT {m.example})" for name, m in scalars.items()}
    for name, source in asked.items():
        try:
            # The hash of the whole row, since DuckDB would not compute columns that nobody reads.
            connection.execute(f"SELECT max(hash(answer)) FROM {source} AS answer").fetchall()
        except duckdb.Error as error:
            yield f"{name} does not answer: {error}"


def _check_comments(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for kind, name in connection.execute(
        """
        WITH named AS (
            SELECT 'table' AS kind, schema_name || '.' || table_name AS name, comment,
                   database_name, internal FROM duckdb_tables()
            UNION ALL BY NAME
            SELECT 'view' AS kind, schema_name || '.' || view_name AS name, comment,
                   database_name, internal FROM duckdb_views()
            UNION ALL BY NAME
            SELECT 'column' AS kind, schema_name || '.' || table_name || '.' || column_name AS name,
                   comment, database_name, internal FROM duckdb_columns()
            UNION ALL BY NAME
            SELECT 'macro' AS kind, schema_name || '.' || function_name AS name, comment,
                   database_name, internal FROM duckdb_functions()
        )
        SELECT kind, name FROM named
        WHERE database_name = current_database() AND NOT internal AND coalesce(comment, '') = ''
        """
    ).fetchall():
        yield f"{kind} {name} has no comment"


def _check_dictionary(
    connection: duckdb.DuckDBPyConnection, models: Sequence[type[Table]]
) -> Iterator[str]:
    """`meta.dictionary`, if it is among the models, against the tables as they are, both ways."""
    if "dictionary" not in {info_of(m).name for m in models}:
        return
    for place, said, found in connection.execute(
        """
        WITH said AS (
            SELECT schema_name, table_name, column_name,
                   {'place': column_no, 'type': sql_type, 'nullable': nullable, 'key': is_key,
                    'comment': zh || ' / ' || en || coalesce(' [' || unit || ']', '')
                               || coalesce(' = ' || formula, '')}::VARCHAR AS what
            FROM meta.dictionary),
        keys AS (
            SELECT schema_name, table_name, unnest(constraint_column_names) AS column_name
            FROM duckdb_constraints()
            WHERE database_name = current_database() AND constraint_type = 'PRIMARY KEY'),
        found AS (
            SELECT c.schema_name, c.table_name, c.column_name,
                   {'place': c.column_index, 'type': c.data_type, 'nullable': c.is_nullable,
                    'key': k.column_name IS NOT NULL, 'comment': c.comment}::VARCHAR AS what
            FROM duckdb_columns() c
            JOIN duckdb_tables() t USING (database_name, schema_name, table_name)
            LEFT JOIN keys k ON k.schema_name = c.schema_name AND k.table_name = c.table_name
                 AND k.column_name = c.column_name
            WHERE c.database_name = current_database() AND NOT c.internal)
        SELECT schema_name || '.' || table_name || '.' || column_name, said.what, found.what
        FROM said FULL JOIN found USING (schema_name, table_name, column_name)
        WHERE said.what IS DISTINCT FROM found.what ORDER BY 1
        """
    ).fetchall():
        yield (
            f"meta.dictionary has {place} as {said or 'nothing'}, the file as {found or 'nothing'}"
        )


def _run(connection: duckdb.DuckDBPyConnection, name: str, statements: Sequence[str]) -> None:
    for statement in statements:
        try:
            connection.execute(statement)
        except duckdb.Error as error:
            raise PublishError([f"{name}: {error}"]) from error


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
