"""Tidy CSV: one file a table, one row an observation, codes beside the labels of `codes.csv`.

UTF-8 without BOM, LF, a header row, comma, `"` only where needed. Null is an empty cell. Numbers
have the digits that bring the same double back; days and moments are ISO 8601; booleans are
`true` and `false`.
"""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assets.exports.content import Content
from schemas.units import UNITS

if TYPE_CHECKING:
    import duckdb

FOLDER: Final = "csv"
UNIT_FIELDS: Final = {
    "unit": "单位代码 / unit",
    "zh": "名称 / name, Chinese",
    "en": "名称（英文） / name, English",
    "symbol": "符号 / what follows a number in Chinese text",
}


def write_csv(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    """Write `csv/<table>.csv` for every table and the headline, and `csv/units.csv`."""
    (folder / FOLDER).mkdir()
    paths = []
    for relation in content.relations:
        path = folder / FOLDER / f"{relation.name}.csv"
        target = str(path).replace("'", "''")
        connection.execute(
            f"COPY ({relation.select}) TO '{target}'"
            " (FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S')"
        )
        paths.append(path)
    path = folder / FOLDER / "units.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(UNIT_FIELDS)
        writer.writerows((u.id, u.name_zh, u.name_en, u.symbol) for u in UNITS.values())
    return [*paths, path]
