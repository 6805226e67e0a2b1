"""Answers of queries as text: a table where it fits the terminal, else one block a row."""

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.query import Row

MISSING: Final = "—"
# A column of text may be folded down to this; a number is never broken.
NARROWEST_TEXT: Final = 24
_PER_COLUMN: Final = 3  # what the frame of a table adds to a column


def text_of(value: Any, *, thousands: bool = False) -> str:
    """A value as people read it and as it can be copied: 1900000000000, 2020-01-31, true."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int | float | Decimal):
        return f"{value:,}" if thousands else str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def print_rows(console: Console, found: Sequence[Row]) -> None:
    """Print mappings of the same keys."""
    names = list(found[0]) if found else []
    print_table(console, names, [tuple(row.values()) for row in found])


def print_table(
    console: Console,
    names: Sequence[str],
    found: Sequence[Sequence[Any]],
    *,
    thousands: bool = False,
) -> None:
    """Print rows: numbers to the right, what is missing as a dim —, Chinese as wide as it is.

    Args:
        thousands: separate thousands by commas; such numbers can't be copied into a program.
    """
    cells = [[text_of(value, thousands=thousands) for value in row] for row in found]
    numeric = [_is_numeric([row[i] for row in found]) for i in range(len(names))]
    widths = [
        max([cell_len(name), *(_width(row[i]) for row in cells)]) for i, name in enumerate(names)
    ]
    needed = sum(
        (width if is_number else min(width, NARROWEST_TEXT)) + _PER_COLUMN
        for width, is_number in zip(widths, numeric, strict=True)
    )
    if needed <= console.width:
        _print_grid(console, names, numeric, cells)
    else:
        _print_blocks(console, names, cells)
    console.print(f"[dim]{len(found)} 行 rows[/]")


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known
    )


def _width(text: str) -> int:
    return max(cell_len(line) for line in text.split("\n"))


def _print_grid(
    console: Console, names: Sequence[str], numeric: Sequence[bool], cells: Sequence[Sequence[str]]
) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, is_number in zip(names, numeric, strict=True):
        table.add_column(
            escape(name),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    for row in cells:
        table.add_row(*(_marked(cell) for cell in row))
    console.print(table, soft_wrap=False)


def _print_blocks(console: Console, names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """One line a value. Lines are left as long as they are, so that they can be copied whole."""
    width = max(cell_len(name) for name in names)
    for number, row in enumerate(cells, 1):
        console.print(f"[dim]── {number}/{len(cells)} ──[/]")
        for name, cell in zip(names, row, strict=True):
            label = escape(set_cell_size(name, width))
            console.print(f"[cyan]{label}[/]  {_marked(cell)}", highlight=False)


def _marked(cell: str) -> str:
    return f"[dim]{MISSING}[/]" if cell == MISSING else escape(cell)
