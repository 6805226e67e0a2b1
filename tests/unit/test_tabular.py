"""Answers as text and as files: what people see is what was found, and nothing is executed."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest
from openpyxl.utils.escape import unescape
from rich.cells import cell_len
from rich.console import Console

from pipelines.console import out
from pipelines.tabular import print_table, text_of
from pipelines.tabular_files import write_csv, write_file

DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")')


def printed(
    names: list[str], rows: list[tuple[Any, ...]], width: int = 80, *, thousands: bool = False
) -> str:
    console = Console(file=io.StringIO(), width=width, soft_wrap=True)
    print_table(console, names, rows, thousands=thousands)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (1.9e12, "1900000000000"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e20, "1e+20"),
        (float("nan"), "nan"),
        (Decimal("1.50"), "1.50"),
        (True, "true"),
        (0, "0"),
        (dt.date(2020, 1, 31), "2020-01-31"),
        (dt.datetime(2020, 1, 31, 8), "2020-01-31 08:00:00"),
        ([1, "甲"], '[1, "甲"]'),
    ],
    ids=str,
)
def test_values_are_shown_as_they_can_be_copied(value: object, text: str) -> None:
    assert text_of(value) == text


def test_thousands_are_separated_only_when_asked_for() -> None:
    rows = [(1900000000000.0, 2020)]
    assert "1900000000000" in printed(["value", "year"], rows)
    assert "1,900,000,000,000" in printed(["value", "year"], rows, thousands=True)


def test_numbers_stand_to_the_right_and_chinese_takes_two_columns() -> None:
    text = printed(["指标", "值"], [("电子商务交易额", 5), ("a", 12345), ("软件", None)])
    lines = [line for line in text.splitlines() if line.strip()]
    ends = {cell_len(line.rstrip()) for line in lines[2:5]}
    assert len(ends) == 1
    assert lines[2].rstrip().endswith(" 5")
    assert lines[4].rstrip().endswith("—")


def test_what_does_not_fit_is_shown_one_value_a_line_and_whole() -> None:
    names = [f"column_{i}" for i in range(12)]
    rows = [tuple(f"value {i} of a row that is long enough" for i in range(12))] * 2
    text = printed(names, rows, width=60)
    assert "── 2/2 ──" in text
    assert text.count("value 11 of a row that is long enough\n") == 2
    assert "── 1/2 ──" not in printed(names, rows, width=600)


def test_long_text_is_folded_before_the_table_is_given_up() -> None:
    text = printed(["name", "value"], [("很长的名称" * 10, 123456789)], width=60)
    assert "── 1/1 ──" not in text
    assert max(cell_len(line) for line in text.splitlines()) <= 60
    assert "123456789" in text


def test_nothing_is_taken_for_markup() -> None:
    for width in (80, 12):
        text = printed(["[bold]x", "y"], [("[red]a[/red]", "[/]")], width=width)
        assert "[bold]x" in text
        assert "[red]a[/red]" in text


def test_no_rows_and_no_columns_can_be_shown() -> None:
    assert "0 行" in printed(["a"], [])
    assert "0 行" in printed([], [])


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def dangerous_query() -> str:
    rows = ", ".join("('" + text.replace("'", "''") + "', -1.5, 7)" for text in DANGEROUS)
    return f'SELECT text AS "=head", number, whole FROM (VALUES {rows}) AS t(text, number, whole)'


def test_csv_makes_formulas_plain_and_leaves_numbers(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    assert write_file(connection, dangerous_query(), path) == len(DANGEROUS)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # Excel would garble Chinese without it
    with path.open(encoding="utf-8-sig", newline="") as stream:
        head, *rows = csv.reader(stream)
    assert head == ["'=head", "number", "whole"]
    assert [row[0] for row in rows] == [f"'{text}" for text in DANGEROUS]
    assert {(row[1], row[2]) for row in rows} == {("-1.5", "7")}


def test_csv_of_a_stream_is_the_same_without_the_mark() -> None:
    stream = io.StringIO()
    write_csv(stream, ["a", "b"], [("=x", None), (True, dt.date(2020, 1, 1))])
    assert stream.getvalue().splitlines() == ["a,b", "'=x,", "true,2020-01-01"]


def test_a_workbook_holds_text_as_text_and_numbers_as_numbers(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    write_file(connection, dangerous_query(), path)
    sheet = openpyxl.load_workbook(path)["data"]
    cells = list(sheet.iter_rows(min_row=2))
    for (text, number, whole), expected in zip(cells, DANGEROUS, strict=True):
        assert text.data_type == "s"
        assert text.quotePrefix  # Excel makes no formula of it when somebody edits it either
        assert unescape(str(text.value)) == expected
        assert (number.value, number.data_type) == (-1.5, "n")
        assert (whole.value, whole.data_type) == (7, "n")


def test_a_workbook_keeps_days_yes_no_and_numbers_that_excel_can_not_hold(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    write_file(
        connection,
        "SELECT DATE '2020-01-31' AS day, true AS yes, 9007199254740993 AS large, NULL AS none,"
        " 'nan'::DOUBLE AS nan, 1.25::DECIMAL(9, 2) AS money, DATE '1850-01-01' AS old",
        path,
    )
    [row] = openpyxl.load_workbook(path)["data"].iter_rows(min_row=2, values_only=True)
    assert row == (dt.datetime(2020, 1, 31), True, "9007199254740993", None, "nan", 1.25,
                   "1850-01-01")  # fmt: skip


def test_parquet_and_json_hold_every_value_as_it_is(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    query = "SELECT '=x' AS a, NULL::DOUBLE AS b, DATE '2020-01-31' AS c, -1 AS d"
    for name in ("a.parquet", "A.JSON"):
        assert write_file(connection, query, tmp_path / name) == 1
    assert pl.read_parquet(tmp_path / "a.parquet").rows() == [
        ("=x", None, dt.date(2020, 1, 31), -1)
    ]
    found = json.loads((tmp_path / "A.JSON").read_text(encoding="utf-8"))
    assert found == [{"a": "=x", "b": None, "c": "2020-01-31", "d": -1}]


@pytest.mark.parametrize("name", ["a.parquet", "a.json"])
def test_two_columns_of_one_name_are_refused_where_one_would_be_lost(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValueError, match="use AS"):
        write_file(connection, "SELECT 1 AS a, 2 AS a", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.txt", "a", "a.duckdb"])
def test_another_ending_is_refused_before_anything_is_written(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValueError, match=r"\.parquet"):
        write_file(connection, "SELECT 1", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet", "a.json"])
def test_a_refused_query_leaves_the_old_file_and_no_other(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(duckdb.Error):
        write_file(connection, "FROM nowhere", path)
    with pytest.raises(ValueError, match="no query"):
        write_file(connection, "-- nothing", path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_cell_longer_than_excel_allows_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="longer than Excel allows"):
        write_file(connection, "SELECT repeat('x', 32768) AS a", tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_no_text_is_taken_for_an_emoji() -> None:
    with out.capture() as captured:
        print_table(out, ["原文"], [("占比:100:",)])
    assert "占比:100:" in captured.get()
