"""The commands of the analysts: `sql`, `dictionary`.

A query reads the published build and nothing else: the database is read-only, and no file, no
network, no extension and no setting is within its reach. Files are written by `--output` alone.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from pipelines.console import Json, emit, err, out
from pipelines.query import Row, answer, rows
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from assets.dictionary_page import Dictionary

STDIN: Final = "-"
# The order matters: once the configuration is locked, nothing can be set any more.
_LOCKS: Final = (
    "SET python_enable_replacements = false",  # else a query sees the variables of this program
    "SET temp_directory = ''",  # else a large sort is spilled into a folder beside the file
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class ReadOnly(ValueError):
    """A query wants to change the database, or to touch a file."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(sql)
    app.command()(dictionary)


def sql(
    query: Annotated[
        str | None, typer.Argument(help="查询语句；- 从标准输入读 / the query; - reads stdin.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="从文件读查询 / read it from a file.")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="CSV 输出，公式转为文本 / as CSV, formulas made plain.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="写入 .csv .xlsx .parquet .json / write a file."),
    ] = None,
    thousands: Annotated[
        bool, typer.Option("--thousands", help="数字加千分位 / separate thousands.")
    ] = False,
    examples: Annotated[
        bool, typer.Option("--examples", help="列出示例查询 / list example queries.")
    ] = False,
) -> None:
    """对已发布的库执行只读查询 / a read-only query on the published file.

    例 for example: duibiao sql "FROM 目标差距"; duibiao sql --examples
    """
    from pipelines.tabular import print_table
    from pipelines.tabular_files import records, write_csv, write_file

    if as_json + as_csv + (output is not None) > 1:
        raise typer.BadParameter("--json、--csv、--output 只用其一 / use one of them only")
    if examples:
        _print_examples(as_json)
        return
    text = _query_text(query, file)
    with locked(Settings.default()) as connection:
        if output is not None:
            count = write_file(connection, text, output)
            err.print(f"[green]已写出 / written[/] {escape(str(output))}：{count} 行 rows")
            return
        names, found = answer(connection, text)
    if as_csv:
        write_csv(sys.stdout, names, found)
    elif as_json:
        emit(records(names, found))
    else:
        print_table(out, names, found, thousands=thousands)


def dictionary(
    name: Annotated[
        str | None, typer.Argument(help="表、视图或代码表 / a table, view or code list.")
    ] = None,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="整页 Markdown / the whole page as Markdown.")
    ] = False,
) -> None:
    """数据字典 / the data dictionary: tables, views, columns, units, formulas, codes."""
    from assets.dictionary_markdown import to_markdown
    from assets.dictionary_page import read_dictionary
    from pipelines.builds import open_readonly
    from pipelines.tabular import print_rows

    with open_readonly(Settings.default()) as connection:
        if markdown:
            print(to_markdown(read_dictionary(connection)), end="")
            return
        found = _table_rows(connection, name) or _other_rows(read_dictionary(connection), name)
    if not found:
        raise LookupError(f"没有这样的表、视图或代码表 / no table, view or code list {name}")
    if as_json:
        emit(found)
    elif "column_name" in found[0]:
        print_rows(out, [_line(row) for row in found])
    else:
        print_rows(out, found)


@contextmanager
def locked(settings: Settings) -> "Iterator[duckdb.DuckDBPyConnection]":
    """A connection to the live build for queries that others wrote.

    Raises:
        NothingPublished: there is no build yet.
        ReadOnly: inside, where a query wants to write, or to read or write files.
    """
    import duckdb

    from pipelines.builds import open_readonly

    with open_readonly(settings) as connection:
        # Connections of one process to one file share their settings: they may be locked already.
        [lock] = rows(connection, "SELECT current_setting('lock_configuration') AS locked")
        for statement in () if lock["locked"] else _LOCKS:
            connection.execute(statement)
        try:
            yield connection
        except duckdb.PermissionException as error:
            raise ReadOnly(
                "查询不能读写文件、加载扩展，导出请用 --output / a query reaches no file and no "
                f"extension; to export, use --output FILE: {error}"
            ) from error
        except duckdb.InvalidInputException as error:
            if "read-only mode" not in str(error):
                raise
            raise ReadOnly(
                f"库是只读的，不能改动 / the published database is read-only: {error}"
            ) from error


def _query_text(query: str | None, file: Path | None) -> str:
    if (query is None) == (file is None):
        raise typer.BadParameter(
            "请给出一条查询或 --file（示例：duibiao sql --examples）/ give a query or --file"
        )
    if query is not None:
        return sys.stdin.read() if query == STDIN else query
    assert file is not None
    return sys.stdin.read() if str(file) == STDIN else file.read_text(encoding="utf-8-sig")


def _print_examples(as_json: bool) -> None:
    from assets.examples import EXAMPLES

    if as_json:
        emit([example._asdict() for example in EXAMPLES])
        return
    for number, example in enumerate(EXAMPLES, 1):
        out.print(f"[bold]{number}. {escape(example.zh)}[/]\n   {escape(example.en)}",
                  highlight=False)  # fmt: skip
        out.print(escape(example.sql), highlight=False, style="cyan")
        out.print()


def _table_rows(connection: "duckdb.DuckDBPyConnection", name: str | None) -> list[Row]:
    return rows(
        connection,
        "SELECT * FROM meta.dictionary "
        "WHERE coalesce(?, table_name) IN (table_name, schema_name || '.' || table_name) "
        "ORDER BY schema_name, table_name, column_no",
        name,
    )


def _other_rows(known: "Dictionary", name: str | None) -> list[Row]:
    """Columns of a view, in the shape of `meta.dictionary`; or the codes of a list."""
    for relation in known.find(name or ""):
        return [
            {
                "schema_name": relation.schema, "table_name": relation.name, "column_no": number,
                "column_name": c.name, "sql_type": c.sql_type, "unit": c.unit, "zh": c.zh,
                "en": c.en, "formula": c.formula, "codes": None, "nullable": c.nullable,
                "is_key": c.is_key, "refers_to": None,
            }
            for number, c in enumerate(relation.columns, 1)
        ]  # fmt: skip
    return [vars(c) for listed in known.code_lists if listed.name == name for c in listed.codes]


def _line(row: Row) -> dict[str, Any]:
    return {
        "表 table": f"{row['schema_name']}.{row['table_name']}",
        "列 column": row["column_name"],
        "类型": row["sql_type"],
        "单位": row["unit"],
        "含义": row["zh"],
        "meaning": row["en"],
        "公式 formula": row["formula"],
    }
