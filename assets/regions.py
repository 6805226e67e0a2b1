"""Regions: data/regions.csv -> the `regions` table. Origin and rules: data/regions.md."""

import csv
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from schemas.contract import columns_of, empty
from schemas.tables_core import REGION, Regions

ROOT = "100000"

Value = str | bool | dt.date | None
Row = dict[str, Value]


class RegionsError(ValueError):
    """The regions file breaks rules. One line each: file, line, field, value, rule."""


def load_regions(path: Path) -> pl.DataFrame:
    """Read the regions file into a frame with the columns and types of the `regions` table.

    Args:
        path: CSV, UTF-8, one row a region code, former codes included.

    Raises:
        RegionsError: every broken rule: columns, types, closed vocabularies, codes given
            twice, parents and successors that don't exist, periods that end before they begin.
    """
    found: list[tuple[int, Row]] = []
    problems: list[str] = []

    def problem(line: int, field: str, value: object, rule: str) -> None:
        problems.append(f"{path}, line {line}, {field} = {value!r}: {rule}")

    names = [c.name for c in columns_of(Regions)]
    try:
        # Spreadsheet programs put a byte order mark in front.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if header != names:
                raise RegionsError(
                    f"{path}, line 1, header = {','.join(header)!r}: must be {','.join(names)}"
                )
            for cells in reader:
                if len(cells) != len(names):
                    rule = f"has {len(cells)} fields, must have {len(names)}"
                    problem(reader.line_num, "row", ",".join(cells), rule)
                    continue
                row = _typed(dict(zip(names, cells, strict=True)), reader.line_num, problem)
                found.append((reader.line_num, row))
    except UnicodeDecodeError as error:
        raise RegionsError(f"{path}, byte {error.start}: must be UTF-8") from error
    except csv.Error as error:
        raise RegionsError(f"{path}, line {reader.line_num}: {error}") from error

    _check_across(found, problem)
    if problems:
        raise RegionsError("\n".join(problems))
    return pl.DataFrame([row for _, row in found], schema=empty(Regions).schema)


Problem = Callable[[int, str, object, str], None]


def _typed(cells: dict[str, str], line: int, problem: Problem) -> Row:
    """Parse one row by the contract's types; None where a cell is empty or wrong."""
    row: Row = {}
    for column in columns_of(Regions):
        text = cells[column.name]
        row[column.name] = None
        if text == "":
            if not column.nullable:
                problem(line, column.name, text, "must not be empty")
        elif column.sql_type == "BOOLEAN":
            if text not in ("true", "false"):
                problem(line, column.name, text, "must be true or false")
            row[column.name] = text == "true"
        elif column.sql_type == "DATE":
            try:
                row[column.name] = dt.datetime.strptime(text, "%Y-%m-%d").date()
            except ValueError:
                problem(line, column.name, text, "must be a date, YYYY-MM-DD")
        elif column.codes is not None and text not in column.codes:
            problem(line, column.name, text, f"must be one of {', '.join(column.codes)}")
        elif column.name == "region_code" and not re.fullmatch(REGION, text):
            problem(line, column.name, text, "must be six digits, or six digits-LETTERS")
        else:
            row[column.name] = text
    return row


def _check_across(found: list[tuple[int, Row]], problem: Problem) -> None:
    """Rules that need more than one cell."""
    first: dict[Value, int] = {}
    for line, row in found:
        code = row["region_code"]
        if code is not None and code in first:
            problem(line, "region_code", code, f"is given twice, first in line {first[code]}")
        first.setdefault(code, line)

    for line, row in found:
        for field in ("parent_code", "successor_code"):
            other = row[field]
            if other is not None and (other not in first or other == row["region_code"]):
                problem(line, field, other, "must be the region_code of another row")
        if row["parent_code"] is None and row["region_code"] != ROOT:
            problem(line, "parent_code", "", f"only {ROOT} may be without a parent")
        begin, end = row["valid_from"], row["valid_to"]
        if isinstance(begin, dt.date) and isinstance(end, dt.date) and end < begin:
            problem(line, "valid_to", end.isoformat(), f"is before valid_from {begin}")
        if (end is None) != (row["successor_code"] is None):
            problem(
                line,
                "successor_code",
                row["successor_code"] or "",
                "a code that ended has valid_to and successor_code, any other has neither",
            )


def provinces_of(regions: pl.DataFrame) -> dict[str, str]:
    """Code -> Chinese name of China and its provinces, from table `regions`."""
    wanted = regions.filter(pl.col("level").is_in(["country", "province"]))
    return dict(wanted.select("region_code", "name_zh").iter_rows())
