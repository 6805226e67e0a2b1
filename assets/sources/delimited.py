"""CSV and other delimited text: its encoding is never guessed, its sizes are bounded."""

import codecs
import csv
import io
from typing import Final

from assets.sources.html_tables import Grid
from pipelines.source_errors import NotData, TooLarge

MAX_CELLS: Final = 2_000_000
MAX_FIELD: Final = 100_000
FORMULA_STARTS: Final = ("=", "+", "@")


def text_of(body: bytes, declared: str | None) -> str:
    """Text by its byte order mark, as strict UTF-8, or else in the encoding declared.

    Raises:
        NotData: the bytes are neither; or they hold NUL, as no text does.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tried = ["utf-16"]
    else:
        tried = ["utf-8-sig"] + ([declared] if declared else [])
    for encoding in tried:
        # gbk is what people say; gb18030 holds it, and the characters beyond it.
        name = "gb18030" if encoding.lower().startswith("gb") else encoding
        try:
            text = body.decode(name)
        except (UnicodeError, LookupError):
            continue
        if "\0" in text:
            break
        return text
    names = "、".join(tried)
    raise NotData(
        f"文字编码不是 {names}",
        f"the bytes are not text in {' or '.join(tried)}",
        "Set `encoding` in the record of the source, gb18030 for one",
    )


def rows_of(text: str, delimiter: str = ",") -> Grid:
    """All rows, as long as they are; empty lines too, so that the number of a row is its own.

    Raises:
        NotData: quotes that are not closed or stand inside a field.
        TooLarge: more cells, or a longer one, than a table has.
    """
    rows: Grid = []
    room = MAX_CELLS
    # The limit is one for all threads, and for all that use the module: it is only raised here.
    if csv.field_size_limit() < MAX_FIELD:
        csv.field_size_limit(MAX_FIELD)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            room -= len(row) + 1
            if room < 0:
                raise TooLarge(f"表格超过{MAX_CELLS}格", f"more than {MAX_CELLS} cells")
            rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise NotData(
            f"第{len(rows) + 1}行起不是有效的 CSV：{error}",
            f"no valid CSV from row {len(rows) + 1} on: {error}",
        ) from error
    return rows


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run the cell: = + @, or - before what is no number."""
    return text.startswith(FORMULA_STARTS) or (
        text.startswith("-") and len(text) > 1 and text[1] not in "0123456789-. "
    )
