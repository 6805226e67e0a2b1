"""Writes an export: the formats asked for, their notes and their checksums, into one folder.

The same build gives the same bytes, whenever and however often it is exported with the same
libraries: nothing in the files tells of the moment of the export.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assets.exports.catalogue import write_catalogue
from assets.exports.content import Content, read_content
from assets.exports.csv_files import write_csv
from assets.exports.datapackage import write_datapackage
from assets.exports.notes import write_readme, write_sums
from assets.exports.parquet_files import write_parquet
from assets.exports.workbook import write_workbook

if TYPE_CHECKING:
    import duckdb

Writer = Callable[["duckdb.DuckDBPyConnection", Content, Path], list[Path]]

# In the order in which they are made: the package describes the CSV files, the catalogue all.
FORMATS: Final = ("csv", "frictionless", "xlsx", "parquet", "sdmx", "dcat")

# The extra of pyproject.toml that brings what a format needs beyond the program itself.
EXTRA: Final = "exports"


class MissingLibrary(RuntimeError):
    """A format needs a library that is not installed."""


@dataclass
class Export:
    """What was written, by format, and the formats that could not be made, with the reason."""

    content: Content
    files: dict[str, list[Path]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def write_exports(
    connection: "duckdb.DuckDBPyConnection",
    folder: Path,
    formats: Iterable[str] = FORMATS,
    on_format: Callable[[str], None] = lambda name: None,
) -> Export:
    """Export a published build into an existing, empty folder.

    Args:
        connection: to a published file, read-only.
        formats: of `FORMATS`; `frictionless` brings `csv` along, which it describes, and `dcat`
            brings a copy of the DuckDB file.
        on_format: is told the name of each format before it is made.

    Raises:
        ValueError: there is no such format.
        MissingLibrary: none of the formats could be made.
        duckdb.Error: what lies behind the connection is no published build.
    """
    asked = set(formats)
    if unknown := asked - set(FORMATS):
        known = "、".join(FORMATS)
        raise ValueError(f"没有格式 / no format {sorted(unknown)}; 可用 known: {known}")
    if "frictionless" in asked:
        asked.add("csv")
    export = Export(read_content(connection))
    for name in (name for name in FORMATS if name in asked):
        on_format(name)
        try:
            export.files[name] = WRITERS[name](connection, export.content, folder)
        except MissingLibrary as error:
            export.missing[name] = str(error)
    if not export.files:
        raise MissingLibrary("; ".join(export.missing.values()))
    export.files["notes"] = [write_readme(export.content, folder, export.missing)]
    export.files["notes"].append(write_sums(folder))
    return export


def _write_sdmx(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    try:
        from assets.exports.sdmx import write_sdmx_files
    except ImportError as error:
        raise MissingLibrary(
            f"SDMX 需要 pysdmx，请运行 scripts/env.sh {EXTRA} / SDMX needs pysdmx: run "
            f"`scripts/env.sh {EXTRA}` ({error})"
        ) from error
    return write_sdmx_files(connection, content, folder)


def _write_dcat(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    """The catalogue, and a copy of the published file, which is one of the distributions."""
    copy = folder / "duckdb" / "duibiao.duckdb"
    copy.parent.mkdir()
    shutil.copyfile(content.file, copy)
    return [copy, *write_catalogue(connection, content, folder)]


WRITERS: Final[dict[str, Writer]] = {
    "csv": write_csv,
    "frictionless": write_datapackage,
    "xlsx": write_workbook,
    "parquet": write_parquet,
    "sdmx": _write_sdmx,
    "dcat": _write_dcat,
}
