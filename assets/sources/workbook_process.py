"""Parses one workbook in a process of its own: bytes come in, JSON goes out.

A damaged .xls can make the parser ask for hundreds of gigabytes, and that ends its process, with no
exception to catch; or it panics. So it gets a process that may end, with little memory. The file is
run as a script, by `assets.sources.sheets` alone, and imports nothing of the project.

Out comes {"sheets": [[name, rows, merged areas], …]}, or {"error": encrypted | too_large |
unreadable, "text": …}.
"""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

import python_calamine as calamine

MEMORY: Final = 3_000_000_000


class _TooLarge(Exception):
    pass


def _sheets(body: bytes, max_cells: int, max_sheets: int, max_text: int) -> Iterator[list[object]]:
    with calamine.load_workbook(io.BytesIO(body)) as book:
        if len(book.sheet_names) > max_sheets:
            raise _TooLarge(f"{len(book.sheet_names)} sheets")
        for meta in book.sheets_metadata:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(meta.name)
            max_cells -= sheet.total_height * sheet.total_width
            if max_cells < 0:
                raise _TooLarge("too many cells")
            rows = [[_text(v) for v in row] for row in sheet.to_python(skip_empty_area=False)]
            max_text -= sum(len(text) for row in rows for text in row)
            if max_text < 0:
                raise _TooLarge("too much text")
            yield [meta.name, rows, sheet.merged_cell_ranges or []]


def _text(value: object) -> str:
    """A value without loss of digits: 4404 for 4404.0, days as 2020-03-01, never 1e+22."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).replace("\0", "").strip()


def _answer(body: bytes, limits: list[int]) -> dict[str, object]:
    try:
        return {"sheets": list(_sheets(body, *limits))}
    except _TooLarge as error:
        return {"error": "too_large", "text": str(error)}
    except calamine.PasswordError as error:
        return {"error": "encrypted", "text": str(error)}
    except (calamine.CalamineError, ValueError, OSError, ArithmeticError, MemoryError) as error:
        return {"error": "unreadable", "text": str(error)}


def _main() -> None:
    with suppress(ImportError, OSError, ValueError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answer = _answer(sys.stdin.buffer.read(), [int(limit) for limit in sys.argv[1:]])
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _main()
