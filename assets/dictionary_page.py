"""The data dictionary of a published file, read off the file itself, for pages to show.

Only what does not change with the data is in it, so that a page changes when the tables do.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assets.examples import EXAMPLES, Example
from pipelines.query import rows

if TYPE_CHECKING:
    import duckdb

# `中文 / English [unit] = formula`, as `schemas.contract.comment_of` writes it.
_COMMENT: Final = re.compile(
    r"(?P<zh>.*?) / (?P<en>.*?)(?: \[(?P<unit>[^\]]+)\])?(?: = (?P<formula>.*))?"
)


@dataclass(frozen=True)
class Column:
    """A column of a table or view. `codes` is the name of the code list its values are from."""

    name: str
    sql_type: str
    zh: str
    en: str
    unit: str | None = None
    formula: str | None = None
    nullable: bool = True
    is_key: bool = False
    codes: str | None = None
    refers_to: str | None = None


@dataclass(frozen=True)
class Relation:
    """A table or an everyday view, named with its schema: `core.targets`, `main.headline`."""

    schema: str
    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]

    @property
    def place(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Code:
    """A code and what it means."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class CodeList:
    """A closed list of codes, and the columns (`schema.table.column`) whose values are from it."""

    name: str
    codes: tuple[Code, ...]
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class MacroEntry:
    """A macro: how it is called, what it answers, a call that answers."""

    name: str
    parameters: tuple[str, ...]
    is_table: bool
    zh: str
    en: str
    example: str


@dataclass(frozen=True)
class Dictionary:
    """Everything that the page tells.

    Attributes:
        tables: of schemas core, gap and meta, in this order, by name.
        views: everyday views of schema main, in English, by name; the plain views of the tables
            (`main.targets`) are left out: they have the columns of their tables.
        chinese_views: the same in Chinese.
        code_lists: those that a column uses, then the others, by name.
    """

    tables: tuple[Relation, ...]
    views: tuple[Relation, ...]
    chinese_views: tuple[Relation, ...]
    macros: tuple[MacroEntry, ...]
    code_lists: tuple[CodeList, ...]
    examples: tuple[Example, ...]

    def find(self, name: str) -> list[Relation]:
        """Tables and views of a name, with or without its schema; a table outranks its view."""
        every = (*self.tables, *self.views, *self.chinese_views)
        return [r for r in every if name in (r.name, r.place)]


def read_dictionary(connection: "duckdb.DuckDBPyConnection") -> Dictionary:
    """Read the dictionary of a published file.

    Args:
        connection: to the file, read-only.

    Raises:
        duckdb.Error: it is no published file.
    """
    lists = _code_lists(connection)
    spelled = {_spelled(codes): name for name, codes in lists.items()}
    tables = _tables(connection, spelled)
    known = {t.name for t in tables}
    views = [v for v in _views(connection) if v.name not in known]
    used: dict[str, list[str]] = {name: [] for name in lists}
    for table in tables:
        for column in table.columns:
            if column.codes:
                used[column.codes].append(f"{table.place}.{column.name}")
    return Dictionary(
        tables=tuple(tables),
        views=tuple(v for v in views if v.name.isascii()),
        chinese_views=tuple(v for v in views if not v.name.isascii()),
        macros=tuple(_macros(connection)),
        code_lists=tuple(
            CodeList(name, lists[name], tuple(used[name]))
            for name in sorted(lists, key=lambda name: (not used[name], name))
        ),
        examples=EXAMPLES,
    )


def _code_lists(connection: "duckdb.DuckDBPyConnection") -> dict[str, tuple[Code, ...]]:
    found: dict[str, list[Code]] = {}
    for row in rows(connection, "SELECT * FROM meta.codes ORDER BY vocabulary, position"):
        found.setdefault(row["vocabulary"], []).append(Code(row["code"], row["zh"], row["en"]))
    return {name: tuple(codes) for name, codes in found.items()}


def _spelled(codes: Sequence[Code]) -> str:
    """A code list as `meta.dictionary` spells it out: this leads back to its name."""
    return "; ".join(f"{c.code}={c.zh}/{c.en}" for c in codes)


def _tables(connection: "duckdb.DuckDBPyConnection", spelled: Mapping[str, str]) -> list[Relation]:
    columns: dict[tuple[str, str], list[Column]] = {}
    for row in rows(
        connection, "SELECT * FROM meta.dictionary ORDER BY schema_name, table_name, column_no"
    ):
        columns.setdefault((row["schema_name"], row["table_name"]), []).append(
            Column(
                row["column_name"], row["sql_type"], row["zh"], row["en"], row["unit"],
                row["formula"], row["nullable"], row["is_key"],
                spelled.get(row["codes"] or ""), row["refers_to"],
            )
        )  # fmt: skip
    return [
        _relation(row["schema_name"], row["table_name"], row["comment"],
                  columns[row["schema_name"], row["table_name"]])
        for row in rows(
            connection,
            "SELECT schema_name, table_name, comment FROM duckdb_tables()"
            " WHERE database_name = current_database() AND NOT internal"
            " ORDER BY schema_name, table_name",
        )
    ]  # fmt: skip


def _views(connection: "duckdb.DuckDBPyConnection") -> Iterator[Relation]:
    columns: dict[str, list[Column]] = {}
    for row in rows(
        connection,
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal"
        " ORDER BY table_name, column_index",
    ):
        columns.setdefault(row["table_name"], []).append(
            _view_column(row["column_name"], row["data_type"], row["comment"])
        )
    for row in rows(
        connection,
        "SELECT view_name, comment FROM duckdb_views() WHERE database_name = current_database()"
        " AND schema_name = 'main' AND NOT internal ORDER BY view_name",
    ):
        yield _relation("main", row["view_name"], row["comment"], columns[row["view_name"]])


def _macros(connection: "duckdb.DuckDBPyConnection") -> Iterator[MacroEntry]:
    for row in rows(
        connection,
        "SELECT function_name, parameters, function_type, comment FROM duckdb_functions()"
        " WHERE database_name = current_database() AND NOT internal ORDER BY function_name",
    ):
        said, _, example = row["comment"].rpartition(". ")
        zh, _, en = said.partition(" / ")
        yield MacroEntry(
            row["function_name"], tuple(row["parameters"]), "table" in row["function_type"],
            zh, en, example,
        )  # fmt: skip


def _relation(schema: str, name: str, comment: str, columns: Sequence[Column]) -> Relation:
    zh, _, en = comment.partition(" / ")
    return Relation(schema, name, zh, en, tuple(columns))


def _view_column(name: str, sql_type: str, comment: str) -> Column:
    match = _COMMENT.fullmatch(comment)
    assert match is not None, f"{name}: {comment}"
    return Column(name, sql_type, match["zh"], match["en"], match["unit"], match["formula"])
